"""The table of a language model and what it has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table

_NAMES = {"gru": "GRU", "lstm": "LSTM", "tanh": "tanh RNN"}


def bits_table(scores: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of ``evaluate``'s rows."""
    rows = [[_NAMES.get(row["name"], row["name"]), f"{row['bits_per_character']:.3f}"] for row in scores]
    return Table(["model", "bits per\ncharacter"], rows, models=sum(row["name"] in _NAMES for row in scores))
