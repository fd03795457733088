"""The table of forecasters and baselines."""

from __future__ import annotations

from collections.abc import Sequence

from gruvy.report import text
from gruvy.report.forecasting.values import TableRow
from gruvy.report.table import Table


def error_table(rows: Sequence[TableRow], unit: str, step: str) -> Table:
    """Return the table of errors in ``unit``, over all steps and at the last one; ``step`` is what a step is called."""
    below = f"\n{unit}" if unit else ""
    places = text.decimals([row.mae for row in rows])
    return Table(
        [
            "model",
            f"MAE{below}",
            f"MAE at\n{step} {len(rows[0].mae_by_step)}",
            f"RMSE{below}",
            "in the\nband",
            "param-\neters",
            "time per\nepoch",
            "peak\nmemory",
        ],
        [
            [
                row.name,
                text.fixed(row.mae, places),
                text.fixed(row.mae_by_step[-1], places),
                text.fixed(row.rmse, places),
                "–" if row.coverage is None else f"{row.coverage:.0%}",
                text.fixed(row.parameters, 0),
                text.seconds(row.seconds_per_epoch),
                text.memory(row.peak_memory_bytes),
            ]
            for row in rows
        ],
        models=sum(row.kind == "model" for row in rows),
    )
