"""The table of what translators and baselines reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table
from gruvy.report.text import fixed


def translation_table(rows: Sequence[Mapping[str, Any]], models: int = 1) -> Table:
    """Return the table of ``evaluate``'s rows, or of a report's, the first of which are of so many models."""
    long = any("bleu_long" in row for row in rows)
    return Table(
        ["model", "BLEU", *(["BLEU,\nlong"] if long else []), "chrF", "perplexity"],
        [
            [
                row["name"],
                fixed(row["bleu"], 1),
                *([fixed(row["bleu_long"], 1)] if long else []),
                fixed(row["chrf"], 1),
                fixed(row["perplexity"], 1),
            ]
            for row in rows
        ],
        models,
    )
