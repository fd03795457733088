"""What the reports of classifiers and taggers share: scores of labels, confusion, calibration."""

from gruvy.report.labels.values import LABEL_COLUMNS, LabelReport

__all__ = ["LABEL_COLUMNS", "LabelReport"]
