"""The table of the returns that agents reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table


def return_table(rows: Sequence[Mapping[str, Any]], environment: str = "model") -> Table:
    """Return the table of ``evaluate``'s rows, under the name of their environment."""
    return Table(
        [environment, "mean\nreturn", "95% confidence\ninterval", "mean\nlength", "episodes"],
        [
            [
                row["name"],
                f"{row['mean_return']:.3f}",
                f"{row['low']:.3f} to {row['high']:.3f}",
                f"{row['mean_length']:.1f}",
                f"{row['episodes']:,}",
            ]
            for row in rows
        ],
    )
