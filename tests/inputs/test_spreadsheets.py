"""Spreadsheets, and one table in every kind of file."""

from __future__ import annotations

import datetime as dt
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from input_cases import Case, named

import gruvy
from gruvy import files
from gruvy.data import read_table
from gruvy.tasks.classification.columns import ClassColumns
from gruvy.tasks.classification.table import fit_table, read_file

openpyxl = pytest.importorskip("openpyxl")

TITLE = "Spreadsheets"
ROWS = [["id", "day", "y"], ["007", dt.date(2024, 1, 1), 1.5], [7, dt.datetime(2024, 1, 2, 6), 2], ["NA", None, None]]


def book(path: Path, rows: list[list], change: Callable | None = None, **others: list[list]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Data"
    for title, cells in {"Data": rows, **others}.items():
        sheet = workbook[title] if title in workbook else workbook.create_sheet(title)
        for row in cells:
            sheet.append(row)
    if change is not None:
        change(workbook.active)
    workbook.save(path)
    return path


def reads(values: dict, rows=ROWS, change=None, others=None, **how) -> Callable:
    def run(folder: Path) -> None:
        how_read = {"texts": ["id"], "numbers": ["y"], "times": ["day"]} | how
        frame = read_table(book(folder / "t.xlsx", rows, change, **(others or {})), **how_read)
        for column, wanted in values.items():
            found = [None if one is None or one != one else one for one in frame[column].tolist()]
            assert found == wanted, found

    return run


def to_ods(folder: Path) -> None:
    pd.DataFrame({"id": ["007", "NA"], "y": [1.5, 2.5]}).to_excel(folder / "t.ods", index=False, engine="odf")
    frame = read_table(folder / "t.ods", texts=["id"], numbers=["y"])
    assert frame.to_dict("list") == {"id": ["007", "NA"], "y": [1.5, 2.5]}


def merged(sheet) -> None:
    sheet.merge_cells("A2:A3")


def an_error(sheet) -> None:
    sheet["C3"] = "#DIV/0!"
    sheet["C3"].data_type = "e"


def ods_errors(*errors: str):
    """A sheet as LibreOffice writes it, whose formulas in place of 2.0 and 3.0 have failed."""

    def run(folder: Path) -> None:
        pd.DataFrame({"id": ["a", "b", "c"], "y": [1.5, 2.0, 3.0]}).to_excel(
            folder / "w.ods", index=False, engine="odf"
        )
        with zipfile.ZipFile(folder / "w.ods") as before, zipfile.ZipFile(folder / "t.ods", "w") as after:
            for name in before.namelist():
                body = before.read(name).decode()
                for value, error in zip(("2.0", "3.0"), errors, strict=False) if name == "content.xml" else ():
                    cell = (
                        f'office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>{error}<'
                    )
                    body, count = re.subn(
                        rf'office:value-type="float" office:value="{value}"[^>]*>.*?<text:p>[^<]*<', cell, body
                    )
                    assert count == 1
                named = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
                after.writestr(name, body.replace("<office:document-content ", f"<office:document-content {named} ", 1))
        y = read_table(folder / "t.ods", numbers=["y"])["y"]
        np.testing.assert_array_equal(y, [1.5, np.nan, np.nan if len(errors) == 2 else 3.0])

    return run


TWO = {"others": {"Notes": [["text"], ["seen"]], "Empty": []}}
CASES = [
    Case(
        "ids that are texts and numbers, and dates with and without a time",
        "accepted",
        reads(
            {
                "id": ["007", "7", "NA"],
                "day": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02 06:00"), None],
                "y": [1.5, 2.0, None],
            }
        ),
    ),
    Case(
        "a workbook of several sheets",
        "adapted",
        reads({"y": [1.5, 2.0, None]}, **TWO),
        "…t.xlsx: read with sheet 'Data' of 'Data', 'Notes', 'Empty' (--sheet chooses; in Python sheet=)",
    ),
    Case("a sheet by its name", "accepted", reads({"text": ["seen"]}, sheet="Notes", **TWO)),
    Case("a sheet by its number", "accepted", reads({"text": ["seen"]}, sheet="2", **TWO)),
    Case(
        "a sheet that is not there",
        "refused",
        reads({}, sheet="notes", **TWO),
        "sheet: …t.xlsx has no sheet 'notes'; did you mean 'Notes'?",
    ),
    Case(
        "a title and a blank row above the header",
        "adapted",
        reads({"y": [1.5, 2.0, None]}, [["Sales of 2024"], [], *ROWS]),
        "…t.xlsx: read with the line above the header in line 3 left out",
    ),
    Case(
        "ids in merged cells",
        "adapted",
        reads({"id": ["007", "007", "NA"]}, change=merged),
        "…t.xlsx: read with 1 merged cells filled with the value of the first",
    ),
    Case(
        "a cell with #DIV/0!",
        "adapted",
        reads({"y": [1.5, None, None]}, change=an_error),
        "…t.xlsx: read with 1 cells of the file that have an error such as #DIV/0! empty",
    ),
    Case(
        "a cell with #N/A in an OpenDocument sheet",
        "adapted",
        ods_errors("#N/A"),
        "…t.ods: read with 1 cells of the file that have an error such as #DIV/0! empty",
    ),
    Case(
        "cells with #DIV/0! and Err:502 in an OpenDocument sheet",
        "adapted",
        ods_errors("#DIV/0!", "Err:502"),
        "…t.ods: read with 2 cells of the file that have an error such as #DIV/0! empty",
    ),
    Case(
        "numbers as text among numbers",
        "adapted",
        reads({"y": [1.5, 2.0, 1234.5]}, [*ROWS[:3], ["x", None, "1.234,5"]]),
        "…t.xlsx: read with decimal commas",
    ),
    Case(
        "empty columns and rows around the table",
        "accepted",
        reads({"y": [1.5]}, [[None], *(([*row, None, None]) for row in ROWS[:2]), []]),
    ),
    Case("an OpenDocument sheet (.ods)", "accepted", to_ods),
    Case(
        "a .csv that is called .xlsx",
        "refused",
        lambda folder: ((folder / "t.xlsx").write_text("id,y\n1,2\n"), read_table(folder / "t.xlsx")),
        "…t.xlsx: cannot be read as a spreadsheet (…); save it again as .xlsx, or export it as .csv",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_spreadsheets(case, tmp_path):
    case.check(tmp_path)


def in_every_file(frame: pd.DataFrame, folder: Path) -> dict[str, Path]:
    """The files of one table, whose dates are days and whose numbers have few enough digits for a spreadsheet."""
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    frame.to_csv(folder / "semicolon.csv", index=False, sep=";", decimal=",")
    frame.to_csv(folder / "t.csv.gz", index=False, encoding="utf-8-sig")
    frame.to_parquet(folder / "t.parquet")
    frame.to_feather(folder / "t.feather")
    frame.to_excel(folder / "t.xlsx", index=False)
    frame.to_excel(folder / "t.ods", index=False, engine="odf")
    days = {name: frame[name].dt.strftime("%Y-%m-%d") for name in frame if frame[name].dtype.kind == "M"}
    records = frame.assign(**days).astype(object).where(frame.notna(), None).to_dict("records")
    (folder / "t.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    names = ("t.csv", "t.tsv", "semicolon.csv", "t.csv.gz", "t.jsonl", "t.parquet", "t.feather", "t.xlsx", "t.ods")
    return {name: folder / name for name in names}


def same_file(model, folder: Path) -> tuple:
    """What is in the file of a model but for when and on what it was fitted."""
    arrays, document = files.read(model.save(folder / "m.gruvy"))
    kept = {
        name: part
        for name, part in document.items()
        if name in ("preprocessing", "params", "graph", "classes", "columns")
    }
    return {name: array.tobytes() for name, array in arrays.items()}, json.dumps(kept, sort_keys=True)


@pytest.mark.filterwarnings("ignore::gruvy.errors.InputNote")
def test_one_table_in_every_file_makes_one_forecaster(tmp_path):
    random, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=40, freq="D")
    frame = pd.concat(
        [
            pd.DataFrame({"day": days, "shop": shop, "units": 1000 * random.random(40), "price": random.random(40)})
            for shop in ("007", "12", "NA")
        ],
        ignore_index=True,
    ).round({"units": 3, "price": 3})
    frame.loc[5, "price"] = np.nan
    roles = {"texts": ["shop"], "times": ["day"], "numbers": ["units"], "others": ["price"]}
    tables = {name: read_table(path, **roles) for name, path in in_every_file(frame, tmp_path).items()}
    tables |= {"pandas": frame, "polars": polars.from_pandas(frame), "pyarrow": pyarrow.Table.from_pandas(frame)}
    made = {}
    for name, table in tables.items():
        model = gruvy.Forecaster(2, 4, hidden_size=4, max_epochs=1, random_state=0)
        model.fit(table, target="units", time="day", series="shop", past=["price"])
        made[name] = (*same_file(model, tmp_path), model.predict(table).to_csv())
    assert [name for name, one in made.items() if one != made["t.csv"]] == []
    # What was fitted on one kind of file reads every other.
    for table in tables.values():
        assert model.predict(table).to_csv() == made["t.csv"][-1]


@pytest.mark.filterwarnings("ignore::gruvy.errors.InputNote")
def test_one_table_in_every_file_makes_one_classifier(tmp_path):
    values = np.random.default_rng(0).random((24, 3)).round(3)
    frame = pd.DataFrame(values, columns=["a", "b", "c"]).assign(code=["007", "1e5", "NA"] * 8)
    made = {}
    for name, path in in_every_file(frame, tmp_path).items():
        table = read_file(path, "code")
        columns = ClassColumns.of(table, "code")
        np.testing.assert_array_equal(columns.read(table)[0][:, :, 0], values)
        assert columns.labels(table).tolist() == frame["code"].tolist()
        if name in ("t.csv", "t.xlsx"):  # of the same numbers and labels all others are fitted alike
            model = gruvy.SequenceClassifier(hidden_size=4, max_epochs=1, random_state=0)
            fit_table(model, table, columns, test_fraction=0.2)
            made[name] = same_file(model, tmp_path)
    assert made["t.csv"] == made["t.xlsx"]
