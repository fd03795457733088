"""Translation of sentences: `Translator`."""

from gruvy.tasks.translation.translator import Translator

__all__ = ["Translator"]
