"""The report of classifiers."""

from gruvy.report.classification.values import ClassificationReport, Course, Example

__all__ = ["ClassificationReport", "Course", "Example"]
