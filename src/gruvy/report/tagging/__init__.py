"""The report of taggers."""

from gruvy.report.tagging.values import CLASS_COLUMNS, TaggedExample, TaggingReport

__all__ = ["CLASS_COLUMNS", "TaggedExample", "TaggingReport"]
