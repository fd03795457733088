"""A label for every step of a sequence: `SequenceTagger`."""

from gruvy.tasks.tagging.tagger import SequenceTagger

__all__ = ["SequenceTagger"]
