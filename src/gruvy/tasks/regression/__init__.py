"""Numbers for whole sequences: texts, or series of numbers."""

from gruvy.tasks.regression.regressor import SequenceRegressor

__all__ = ["SequenceRegressor"]
