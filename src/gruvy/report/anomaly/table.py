"""The table of detectors and baselines."""

from __future__ import annotations

from collections.abc import Sequence

from gruvy.report.anomaly.values import DetectorRow
from gruvy.report.table import Table


def detector_table(rows: Sequence[DetectorRow]) -> Table:
    """Return the table of what detectors find among labelled events."""
    return Table(
        ["detector", "F1 of\nevents", "precision", "recall", "normal rows\nflagged"],
        [
            [row.name, f"{row.f1:.2f}", f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.normal_rows_flagged:.2%}"]
            for row in rows
        ],
    )
