"""The table of what classifiers and baselines reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table
from gruvy.report.text import fixed


def score_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of ``evaluate``'s rows."""
    return Table(
        ["model", "accuracy", "balanced\naccuracy", "macro\nF1", "log\nloss", "calibration\nerror"],
        [
            [
                row["name"],
                f"{row['accuracy']:.1%}",
                f"{row['balanced_accuracy']:.1%}",
                f"{row['macro_f1']:.3f}",
                fixed(row.get("log_loss"), 3),
                "–" if row.get("calibration_error") is None else f"{row['calibration_error']:.1%}",
            ]
            for row in rows
        ],
    )
