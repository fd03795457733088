"""The report of a language model."""

from gruvy.report.language.values import BITS_COLUMNS, LanguageReport, Passage, Written, bits_headline, bits_row

__all__ = ["BITS_COLUMNS", "LanguageReport", "Passage", "Written", "bits_headline", "bits_row"]
