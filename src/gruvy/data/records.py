"""Tables from JSON: a list of objects, an object a line, or what databases and pandas wrap around them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from gruvy.errors import DataError, note
from gruvy.timeseries.problems import some

RECORDS = (".jsonl", ".ndjson", ".json")

# How MongoDB's extended JSON tells the type of a value: {"$oid": "65a0..."}.
_NUMBERS = {"$numberInt": int, "$numberLong": int, "$numberDouble": float, "$numberDecimal": float}
_MARKS = ("$oid", "$date", "$uuid", "$symbol", *_NUMBERS)


def read_records(path: Path, text: str) -> pd.DataFrame:
    """Return the table of a JSON text, with an object in a row as columns of its own: ``{"a": {"b": 1}}`` as "a.b".

    Args:
        path: the file, for messages.
        text: its content.

    Raises:
        DataError: it is no JSON, or no list of objects.
    """
    if not text.strip():
        raise DataError(f"{path}: the file is empty; expected a first row with column names")
    records = _records(path, text)
    rows: list[dict[str, Any]] = []
    inner: dict[str, None] = {}
    for number, record in enumerate(records, 1):
        row: dict[str, Any] = {}
        for name, value in _cells(record):
            if name in row:
                raise DataError(f"{path}: row {number}: has two values called '{name}'; rename one of them")
            row[name] = value
            if name not in record:
                inner[name] = None
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    outer = {name[:place] for name in inner for place, mark in enumerate(name) if mark == "."}
    # Where the object is missing in some rows, its name is no column.
    kept = [name for name in names if name not in outer or any(row.get(name) is not None for row in rows)]
    if inner:
        note(f"{path}: objects inside of rows are columns of their own: {some(list(inner))}")
    # Each column by itself, because pandas would make dates of numbers by the names of their columns.
    return pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in kept})


def _records(path: Path, text: str) -> list[dict[str, Any]]:
    # A .json file may have an object a line (mongoexport), and a .jsonl file one list.
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if path.name.lower().endswith(".json") and error.msg != "Extra data":
            raise
        found = list(_lines(path, text))
    if isinstance(found, dict):
        found = _unwrapped(path, found)
    wrong = (
        next((number for number, one in enumerate(found, 1) if not isinstance(one, dict)), None)
        if (isinstance(found, list))
        else 0
    )
    if wrong is not None:
        came = f"row {wrong} is {json.dumps(found[wrong - 1])[:40]}" if wrong else json.dumps(found)[:40]
        raise DataError(
            f"{path}: expected a list of objects, one a row, got {came}; write each row with the names of its columns, "
            'such as {"day": "2024-01-31", "sold": 5}'
        )
    return list(found)


def _lines(path: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}: line {number}: is no JSON ({error.msg}); write one object a line") from error


def _unwrapped(path: Path, found: dict[str, Any]) -> list[Any]:
    """The rows of one object: {"data": [{...}]}, {"columns": [...], "data": [[...]]}, {"day": [...], "sold": [...]}."""
    lists = {name: value for name, value in found.items() if isinstance(value, list)}
    tables = [name for name, value in lists.items() if value and all(isinstance(one, dict) for one in value)]
    if len(tables) > 1:
        raise DataError(
            f"{path}: has several tables: {some(tables)}; write the one that is meant into a file of its own"
        )
    if tables:
        return lists[tables[0]]
    if {"columns", "data"} <= lists.keys() and all(
        isinstance(row, list) and len(row) == len(lists["columns"]) for row in lists["data"]
    ):
        return [dict(zip(lists["columns"], row, strict=True)) for row in lists["data"]]
    if lists and len(lists) == len(found):
        lengths = {name: len(value) for name, value in lists.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{path}: its columns have different lengths: {lengths}; write a value for every row")
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    if ".json" in path.suffixes and len(found) > 1 and all(isinstance(value, dict) for value in found.values()):
        raise DataError(
            f"{path}: expected a list of objects, one a row, got an object of objects; write it again as a list, in "
            "pandas with to_json(orient='records')"
        )
    return [found]


def _cells(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        value = _plain(value)
        if isinstance(value, dict):
            yield from _cells(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _plain(value: Any) -> Any:
    """What an object of MongoDB's extended JSON stands for; anything else as it is."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((mark, inner),) = value.items()
    if mark not in _MARKS:
        return value
    if mark in _NUMBERS:
        return _NUMBERS[mark](inner)
    inner = _plain(inner)
    if mark == "$date" and isinstance(inner, int | float):  # milliseconds
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=inner)
        return moment.isoformat().replace("+00:00", "Z")
    return inner
