"""Classes of texts and numeric sequences: `SequenceClassifier`."""

from gruvy.tasks.classification.classifier import SequenceClassifier

__all__ = ["SequenceClassifier"]
