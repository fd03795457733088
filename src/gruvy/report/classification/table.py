"""The table of what classifiers and baselines reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.report.table import Table
from gruvy.report.text import fixed


def score_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of ``evaluate``'s rows; the F1 of spans has a column where there are some."""
    spans = [[f"{row['span_f1']:.3f}"] if "span_f1" in row else [] for row in rows]
    return Table(
        [
            *["model", "accuracy", *(["span\nF1"] if any(spans) else []), "balanced\naccuracy"],
            *["macro\nF1", "log\nloss", "calibration\nerror"],
        ],
        [
            [
                row["name"],
                f"{row['accuracy']:.1%}",
                *span,
                f"{row['balanced_accuracy']:.1%}",
                f"{row['macro_f1']:.3f}",
                fixed(row.get("log_loss"), 3),
                "–" if row.get("calibration_error") is None else f"{row['calibration_error']:.1%}",
            ]
            for row, span in zip(rows, spans, strict=True)
        ],
    )
