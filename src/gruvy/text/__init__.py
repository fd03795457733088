"""Texts as people write them, brought to one form of Unicode, and characters that a model does not know; no library but
NumPy and Python's own."""

from gruvy.text.forms import Aligned, aligned, canonical, canonical_texts, visible
from gruvy.text.unknown import RULES, Unknown, check_rule

__all__ = ["RULES", "Aligned", "Unknown", "aligned", "canonical", "canonical_texts", "check_rule", "visible"]
