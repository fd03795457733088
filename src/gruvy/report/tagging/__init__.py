"""The report of a tagger."""
