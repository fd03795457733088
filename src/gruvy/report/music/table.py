"""The table of how well models foresee frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table


def frame_table(rows: Sequence[Mapping[str, Any]], models: int = 1) -> Table:
    """Return the table of ``evaluate``'s rows, of which the first ``models`` are networks."""
    return Table(
        ["model", "NLL\n(nats a frame)", "frame\naccuracy"],
        [[row["name"], f"{row['nll']:.3f}", f"{row['frame_accuracy']:.1%}"] for row in rows],
        models,
    )
