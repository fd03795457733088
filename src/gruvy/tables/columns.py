"""What the columns of a table are for, and columns of text as numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import note
from gruvy.tables.grid import Grid, named_columns, same_name
from gruvy.tables.numbers import Decimal, NumberText, in_doubt
from gruvy.timeseries.problems import Problems
from gruvy.timeseries.reading import MISSING_TYPES


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are for.

    Attributes:
        texts: ids, labels, words: text as it is written, and only an empty cell is missing.
        times: left as they are written, for the reader of times.
        numbers: columns of numbers; None for all but texts and times.
        others: columns that are asked for, to be numbers where all of their cells are.
    """

    texts: tuple[Hashable, ...] = ()
    times: tuple[Hashable, ...] = ()
    numbers: tuple[Hashable, ...] | None = ()
    others: tuple[Hashable, ...] = ()

    @property
    def asked(self) -> list[Hashable]:
        """All names."""
        return [*self.texts, *self.times, *(self.numbers or ()), *self.others]

    def is_number(self, name: Hashable) -> bool:
        """Whether a column must hold numbers."""
        return name not in (*self.texts, *self.times) and (self.numbers is None or name in self.numbers)


def columns_of_grid(grid: Grid, path: str, roles: Roles) -> dict[str, list[Any]]:
    """The cells of a grid, column by column, under names of their own."""
    needed = None if roles.numbers is None else [str(name) for name in roles.asked]
    names = named_columns(grid, path, needed)
    columns = {name: [line.cells[place] for line in grid.lines] for place, name in enumerate(names)}
    _name_first(grid, columns, roles)
    return columns


def _name_first(grid: Grid, columns: dict[str, list[Any]], roles: Roles) -> None:
    """Leave out the numbers of rows that pandas writes as a nameless first column; name an index of times."""
    first = next(iter(columns))
    if grid.names[0].strip() or len(columns) < 2 or first in roles.asked:
        return
    cells = columns[first]
    counted = [str(number) for number in range(len(cells) + 1)]
    written = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip() for cell in cells]
    if written in (counted[:-1], counted[1:]):
        del columns[first]
        grid.said.append("its nameless first column, the numbers of the rows, left out")
        return
    wanted = [str(name) for name in roles.times if not any(same_name(name, one) for one in columns)]
    name = wanted[0] if wanted else "time" if roles.times == () and all(map(_is_date, cells)) else "index"
    if name in columns:
        return
    rest = dict(columns)
    columns.clear()
    columns.update({name if one == first else one: cells for one, cells in rest.items()})
    grid.said.append(f"its nameless first column called {name!r}")


def _is_date(cell: Any) -> bool:
    return hasattr(cell, "year") or re.match(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", str(cell)) is not None


def as_asked(columns: Sequence[Hashable], wanted: Collection[Hashable]) -> list[Hashable]:
    """The columns' names, those that are asked for as they are asked for."""
    found = list(columns)
    for name in wanted:
        if name in found:
            continue
        for like in (lambda one, other: str(one) == str(other), same_name):
            places = [place for place, column in enumerate(columns) if like(column, name)]
            if len(places) == 1 and found[places[0]] == columns[places[0]]:
                found[places[0]] = name
                break
    return found


@dataclass
class Remarks:
    """How columns were read where that was no matter of course, for one note."""

    parts: list[str] = field(default_factory=list)
    marks: dict[str, list[str]] = field(default_factory=dict)

    def add(self, part: str) -> None:
        """Say something, once."""
        if part not in self.parts:
            self.parts.append(part)

    def note(self, path: str) -> None:
        """Give the note, if there is anything to say."""
        parts = list(self.parts)
        for mark, columns in self.marks.items():
            shown = ", ".join(map(repr, columns[:3])) + (" ..." if len(columns) > 3 else "")
            parts.append(f"{mark!r} in {shown} missing")
        if parts:
            note(f"{path}: read with {'; '.join(parts)}")


@dataclass
class WrittenColumn:
    """A column whose cells are text that can be numbers.

    Attributes:
        name: of the column.
        text: its cells that are text.
        kept: row -> the cell, of those that are numbers already.
        must: whether it is to hold numbers.
        decimal: its decimal separator, as soon as that is settled; None if it need not be numbers, or has two.
    """

    name: Hashable
    text: NumberText
    kept: dict[int, Any]
    must: bool
    decimal: Decimal | None = None

    @classmethod
    def of(cls, name: Hashable, cells: Sequence[Any], *, must: bool, delimited: bool) -> WrittenColumn | None:
        """Look at a column; None where none of its cells is text, or where text is text because the file says so."""
        if not (must or delimited):
            return None
        kept = {row: cell for row, cell in enumerate(cells) if not (isinstance(cell, str) or _is_missing(cell))}
        if not delimited and not any(isinstance(cell, str) and cell.strip() for cell in cells):
            return None
        return cls(name, NumberText.of([cell if isinstance(cell, str) else "" for cell in cells]), kept, must)

    def read(self, remarks: Remarks, problems: Problems) -> NDArray[Any]:
        """Return the numbers; the column as it is written where it need not be numbers and has something else."""
        text = self.text
        if text.truths and not (text.parts or text.marks or self.kept or "" in text.cells):
            return np.array([cell.strip().casefold() == "true" for cell in text.cells])
        written = objects([self.kept.get(row, cell or None) for row, cell in enumerate(text.cells)])
        if self.decimal is None:
            return written
        values = text.values(self.decimal)
        wrong = text.wrong(values)
        doubtful = text.units() - {""} or text.truths or text.is_code() or (text.marks and np.isnan(values).all())
        if not self.must and (len(wrong) or doubtful):
            return written
        self._remark(remarks, problems)
        if len(wrong) or self.kept:
            # With the wrong cells as they are: who uses the column names them.
            mixed = values.astype(object)
            mixed[wrong] = written[wrong]
            for row, cell in self.kept.items():
                mixed[row] = cell
            return mixed
        if text.plain is not None and all(map(_is_integer, text.cells)):
            integers = [int(cell) for cell in text.cells]
            return np.array(integers, np.int64) if max(map(abs, integers)) < 2**63 else written
        return values

    def _remark(self, remarks: Remarks, problems: Problems) -> None:
        text = self.text
        units = text.units()
        if len(units) > 1:
            examples = (next(cell for cell, one in text.parts.items() if one and one.unit == unit) for unit in units)
            one, other = sorted(examples)[:2]
            problems.add(
                f"column '{self.name}': has numbers in different units, such as {one!r} and {other!r}; write all in one"
            )
        elif unit := next(iter(units), ""):
            remarks.add(f"the unit {unit!r} left out in {str(self.name)!r}" + (" (1% is 0.01)" if unit == "%" else ""))
        for mark in sorted(text.marks):
            remarks.marks.setdefault(mark.strip(), []).append(str(self.name))
        if self.decimal == "," and any("," in one.body for one in text.written):
            remarks.add("decimal commas")


def _is_missing(cell: object) -> bool:
    return type(cell).__name__ in MISSING_TYPES or (isinstance(cell, float) and cell != cell)


def _is_integer(cell: str) -> bool:
    return cell.strip().lstrip("+-").isdecimal()


def objects(cells: Sequence[Any]) -> NDArray[Any]:
    """The cells as an array of objects (T,), whatever they are."""
    return np.fromiter(cells, object, len(cells))


def settle_decimals(
    columns: Mapping[Hashable, WrittenColumn],
    given: str | None,
    where: str,
    problems: Problems,
    *,
    semicolons: bool = False,
) -> None:
    """Find the decimal separator of each column: its own, or else that of the others."""
    shown = {name: column.text.decimals() for name, column in columns.items()}
    everywhere: set[Decimal] = set().union(*shown.values())
    for name, column in columns.items():
        own, unsure = shown[name], None if shown[name] else column.text.unsure()
        if given is not None:
            column.decimal = "," if given == "," else "."
        elif len(own) == 1:
            column.decimal = next(iter(own))
        elif len(own) == 2:
            if column.must:
                point, comma = (column.text.example(one) for one in (".", ","))
                problems.add(
                    f"column '{name}': has numbers with a decimal point ({point!r}) and with a decimal comma "
                    f"({comma!r}); write all of them in one way"
                )
        elif unsure is None:
            column.decimal = "."
        elif len(everywhere) == 1:
            column.decimal = next(iter(everywhere))
        elif "." in unsure and not semicolons:
            column.decimal = "."  # who writes commas for decimals does not write them between fields
        elif column.must:
            problems.add(in_doubt(name, unsure, where))
