"""The report of an agent."""
