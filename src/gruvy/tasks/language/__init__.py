"""Texts, character by character: `LanguageModel`."""

from gruvy.tasks.language.model import LanguageModel

__all__ = ["LanguageModel"]
