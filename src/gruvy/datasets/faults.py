"""Faults of sensors, put into real measurements: what they are is known, so that detectors can be measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gruvy.errors import ArgumentError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

# Rows of each kind, shortest and longest, and how far it departs, in standard deviations of the column.
KINDS = {
    "spike": ((1, 3), (0.5, 1.5)),
    "flat line": ((12, 48), (0.0, 0.0)),
    "drift": ((48, 96), (0.5, 1.5)),
    "level shift": ((24, 72), (0.5, 1.5)),
}


def inject_faults(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    each: int = 5,
    apart: int = 48,
    first: int = 0,
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put faults of four kinds into a table, one column at a time.

    - spike: 1 to 3 rows are moved by 0.5 to 1.5 standard deviations of the column, up or down;
    - flat line: the column repeats its last value for 12 to 48 rows;
    - drift: it departs evenly, over 48 to 96 rows, to 0.5 to 1.5 standard deviations, and then is right again;
    - level shift: it is off by 0.5 to 1.5 standard deviations for 24 to 72 rows.

    Kind, place, length, column, size and sign are drawn at random. The faults do not overlap.

    Args:
        frame: regular rows of one series, in order.
        columns: which may have faults.
        each: faults of each kind.
        apart: rows without a fault between two of them, at least.
        first: no fault is put before this row.
        random_state: the same seed gives the same faults.

    Returns:
        A copy of the table with the faults and the column ``fault`` (True in their rows), and a table of the faults:
        kind, column, start and stop (rows, start <= row < stop), size in the column's unit.

    Raises:
        ArgumentError: the table is too short for so many faults.
        MissingExtraError: pandas is not installed.

    Example:
        >>> frame = pd.DataFrame({"a": np.sin(np.arange(900) / 9)})
        >>> faulty, faults = inject_faults(frame, ["a"], each=1)
        >>> sorted(faults["kind"])
        ['drift', 'flat line', 'level shift', 'spike']
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("inject_faults", "train", error.name) from error

    rng = np.random.default_rng(random_state)
    kinds = rng.permutation(np.repeat(list(KINDS), each))
    lengths = [int(rng.integers(*KINDS[kind][0], endpoint=True)) for kind in kinds]
    free = len(frame) - first - sum(lengths) - apart * (len(kinds) + 1)
    if free < 0:
        raise ArgumentError(
            f"inject_faults: {len(kinds)} faults need {-free} rows more than the {len(frame)} there are; "
            "give more rows, or fewer faults"
        )
    # What is left over is dealt out at random, before, between and after the faults.
    spare = np.sort(rng.integers(0, free, len(kinds), endpoint=True))
    starts = first + apart + spare + np.concatenate([[0], np.cumsum(np.array(lengths[:-1]) + apart)])

    faulty = frame.copy()
    labels = np.zeros(len(frame), bool)
    rows = []
    for kind, start, length in zip(kinds, starts.tolist(), lengths, strict=True):
        column = str(rng.choice(list(columns)))
        size = float(rng.uniform(*KINDS[kind][1]) * rng.choice([-1, 1]) * frame[column].std())
        part = slice(start, start + length)
        values = faulty[column].to_numpy(np.float64, copy=True)
        if kind == "flat line":
            values[part] = values[start - 1]
        elif kind == "drift":
            values[part] += size * np.arange(1, length + 1) / length
        else:
            values[part] += size
        faulty[column] = values
        labels[part] = True
        rows.append({"kind": str(kind), "column": column, "start": start, "stop": start + length, "size": size})
    faulty["fault"] = labels
    return faulty, pd.DataFrame(rows)
