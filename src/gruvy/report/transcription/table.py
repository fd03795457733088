"""The table of what transcribers and baselines reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table


def transcript_table(rows: Sequence[Mapping[str, Any]], models: int = 1) -> Table:
    """Return the table of ``evaluate``'s rows, so many networks first."""
    return Table(
        ["model", "character\nerror rate", "word\nerror rate", "without\nerror"],
        [[row["name"], f"{row['cer']:.1%}", f"{row['wer']:.1%}", f"{row['exact']:.1%}"] for row in rows],
        models=models,
    )
