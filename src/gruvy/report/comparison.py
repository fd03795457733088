"""A table of what models and baselines reach, said once: the terminal, the page and JSON show it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gruvy.report.text import decimals, fixed, memory, seconds

# A trained network, what it has to beat, or what cannot be beaten.
Kind = Literal["model", "baseline", "ceiling"]


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        name: of the value in a row; JSON has it too.
        header: what stands above the numbers, with their unit.
        style: a format specification as ".1%"; "seconds" or "memory"; or "error": as many decimals as show three
            digits of the smallest number of the column.
        better: which numbers are better; "" where neither are.
        about: a sentence that explains the numbers, or "".
        most: the largest number that there can be, where there is one: 1 of a fraction.
        like: the column whose decimals an "error" has; by default its own.
        until: the name of a second value: both are shown, from the first to the second.
        on_page: only the page has room for it.
        narrow: the header where there is little room; by default ``header`` in two lines.
    """

    name: str
    header: str
    style: str = ""
    better: Literal["lower", "higher", ""] = ""
    about: str = ""
    most: float | None = None
    like: str = ""
    until: str = ""
    on_page: bool = False
    narrow: str = ""


@dataclass(frozen=True)
class Row:
    """A line of a comparison: ``row["mae"]`` is one of its values, None where there is none.

    Attributes:
        name: of the model or the baseline.
        kind: the first row of kind "model" is what a report is about.
        values: numbers by the names of columns; more may be there, which no column shows.
        detail: what stands small beside the name, as "64 units".
        about: what it is, where the name does not say it.
    """

    name: str
    kind: Kind = "baseline"
    values: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    about: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)


@dataclass(frozen=True)
class Comparison:
    """Rows of numbers that can be compared, and what they mean.

    Attributes:
        columns: those without any value are not shown.
        rows: what is compared.
        what: the header of the names.
        bar: the name of the column that a page draws as bars; by default the first one.

    Example:
        >>> from gruvy.report import Column, Comparison, Row
        >>> errors = Comparison([Column("mae", "MAE (m)", ".2f", "lower")], [Row("GRU", "model", {"mae": 0.5})])
        >>> errors.cells(errors.rows[0])
        ['0.50']
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    what: str = "model"
    bar: str = ""

    @property
    def model(self) -> Row:
        """The row that a report is about."""
        return next(row for row in self.rows if row.kind == "model")

    @property
    def others(self) -> list[Row]:
        """All rows but that one."""
        return [row for row in self.rows if row is not self.model]

    def of_kind(self, *kinds: Kind) -> list[Row]:
        """Return the rows of some kinds."""
        return [row for row in self.rows if row.kind in kinds]

    def shown(self, *, page: bool = False) -> list[Column]:
        """Return the columns that have a value, for a page or for a terminal."""
        return [
            column
            for column in self.columns
            if (page or not column.on_page) and any(row[column.name] is not None for row in self.rows)
        ]

    def cells(self, row: Row, *, page: bool = False) -> list[str]:
        """Return a row's numbers as text, a dash for what is missing."""
        return [self._cell(column, row) for column in self.shown(page=page)]

    def values(self, name: str) -> dict[str, Any]:
        """Return one value of each row, by the rows' names."""
        return {row.name: row[name] for row in self.rows}

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as JSON has them: name, kind and values, None for a column's value that is missing."""
        empty = {column.name: None for column in self.columns}
        return [{"name": row.name, "kind": row.kind, **empty, **row.values} for row in self.rows]

    def length(self, row: Row) -> float:
        """Return the length of a row's bar, from 0 to 1: by the most there can be, else by the largest of the rows."""
        column = next((one for one in self.columns if one.name == self.bar), self.columns[0])
        numbers = [float(one[column.name]) for one in self.rows if _known(one[column.name])]
        if min(numbers, default=0.0) < 0:  # there is no length below 0, and a bar for the others alone would mislead
            return 0.0
        longest = column.most or max(numbers, default=0.0)
        return min(1.0, max(0.0, float(row[column.name]) / longest)) if longest and _known(row[column.name]) else 0.0

    def _cell(self, column: Column, row: Row) -> str:
        text = self._written(column, row[column.name])
        return f"{text} to {self._written(column, row[column.until])}" if column.until else text

    def _written(self, column: Column, value: Any) -> str:
        if isinstance(value, str):
            return value
        if column.style == "seconds":
            return seconds(value)
        if column.style == "memory":
            return memory(value)
        if column.style == "error":
            return fixed(value, decimals([row[column.like or column.name] for row in self.rows]))
        return f"{value:{column.style}}" if _known(value) else "–"


def scores_table(
    columns: Sequence[Column],
    scores: Iterable[Mapping[str, Any]],
    *,
    models: int = 1,
    what: str = "model",
    names: Mapping[str, str] | None = None,
) -> Comparison:
    """Return the comparison of what ``evaluate`` gives.

    Args:
        columns: of the comparison.
        scores: rows of ``evaluate``; one may say its ``kind``.
        models: the number of rows at the top that are of trained networks, where they do not say their kind.
        what: the header of the names.
        names: what some of the rows are to be called.
    """
    rows = []
    for number, score in enumerate(scores):
        values = {name: value for name, value in score.items() if name not in ("name", "kind")}
        rows.append(
            Row(
                (names or {}).get(score["name"], score["name"]),
                score.get("kind", "model" if number < models else "baseline"),
                values,
            )
        )
    return Comparison(columns, rows, what)


def trained_columns(*, on_page: bool = True) -> tuple[Column, Column]:
    """Return the columns of what a network costs."""
    return (
        Column("parameters", "parameters", ",", narrow="param-\neters", on_page=on_page),
        Column("seconds_per_epoch", "time per epoch", "seconds", on_page=on_page),
    )


def _known(value: Any) -> bool:
    return value is not None and math.isfinite(value)
