"""The report of a language model."""
