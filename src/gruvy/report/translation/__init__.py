"""The report of a translator."""
