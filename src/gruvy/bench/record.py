"""A contest as a JSON document, and back."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gruvy.bench.case import Shape
from gruvy.bench.contest import Contest, Row
from gruvy.bench.machine import describe_machine


def document(contest: Contest, rounds: int) -> dict[str, Any]:
    """Return the contest with its date and the machine's description, as plain values."""
    return {
        "what": "milliseconds, median of alternating turns; shape is inputs, hidden, batch, steps",
        "date": datetime.date.today().isoformat(),
        "rounds": rounds,
        "machine": describe_machine(),
        "versions": contest.versions,
        "rows": [_tidy(row) for row in contest.rows],
    }


def rows_of(document: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a document that was written before."""
    return [Row(**{**row, "shape": Shape(*row["shape"])}) for row in document["rows"]]


def _tidy(row: Row) -> dict[str, Any]:
    """Four significant digits are more than the noise leaves."""
    plain = asdict(row)
    plain["shape"] = list(row.shape)
    plain["milliseconds"] = {name: float(f"{value:.4g}") for name, value in row.milliseconds.items()}
    plain["spread"] = {name: float(f"{value:.2g}") for name, value in row.spread.items()}
    return plain
