"""The report of translators."""

from gruvy.report.translation.values import (
    AttentionMap,
    Lengths,
    TranslationExample,
    TranslationReport,
    translation_columns,
)

__all__ = ["AttentionMap", "Lengths", "TranslationExample", "TranslationReport", "translation_columns"]
