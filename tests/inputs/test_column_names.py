"""Names of columns, ids and labels as tables have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy.cli.arguments import names
from gruvy.data import read_series, read_table
from gruvy.errors import DataError
from gruvy.tasks.classification.table import as_classes
from gruvy.timeseries import Columns, places_of

TITLE = "Names of columns, ids and labels"
DAYS = pd.date_range("2024", periods=30, freq="D")


def series_of(frame: pd.DataFrame, target, time="day", series=None) -> list:
    return read_series(frame, Columns((target,), time, series))[0]


def finds(named_in_table, asked):
    """A run that takes a target called otherwise than its column."""

    def run(folder: Path) -> None:
        frame = pd.DataFrame({"day": DAYS, "other": 0.0, named_in_table: np.arange(30.0)})
        np.testing.assert_array_equal(series_of(frame, asked)[0].values[:, 0], np.arange(30.0))

    return run


def exact_first(folder: Path) -> None:
    frame = pd.DataFrame({"day": DAYS, "load": 1.0, " load": 2.0})
    assert series_of(frame, " load")[0].values[0, 0] == 2
    assert series_of(frame, "load")[0].values[0, 0] == 1


def in_a_file(folder: Path) -> None:
    (folder / "t.csv").write_text('day, load ,"temp, C"\n2024-01-01,5,6\n')
    frame = read_table(folder / "t.csv", times=["day"], numbers=["load", "temp, C"])
    assert list(frame) == ["day", "load", "temp, C"]


def split_at_commas(folder: Path) -> None:
    known = ["load, MW", "a", "b", "c,d"]
    assert names(["load, MW", "a,b", "a, c,d"], known) == ["load, MW", "a", "b", "a", "c,d"]


def a_hint(folder: Path) -> None:
    frame = pd.DataFrame({"day": DAYS, "load, MW": 1.0})
    with pytest.raises(DataError, match="did you mean 'load, MW'"):
        series_of(frame, "load MW")
    assert series_of(frame, "load, MW")[0].values[0, 0] == 1


def forecast_of_a_number(folder: Path) -> None:
    frame = pd.DataFrame({"day": DAYS, 0: np.arange(30.0)})
    model = gruvy.Forecaster(2, 4, hidden_size=4, max_epochs=1, random_state=0).fit(frame, target=0, time="day")
    again = gruvy.load(model.save(folder / "m.gruvy"))
    frame.to_csv(folder / "t.csv", index=False)
    wanted = model.predict(frame)
    assert list(wanted) == ["day", 0]
    read = read_table(folder / "t.csv", times=["day"], numbers=[0])
    np.testing.assert_array_equal(again.predict(read)[0], wanted[0])


def ids(known, found):
    """A run that predicts for ids of another type than those of the fit."""

    def run(folder: Path) -> None:
        assert places_of(found, known) == [0, 1]

    return run


CASES = [
    Case("spaces at the ends of a name", "accepted", finds(" load ", "load")),
    Case("a space that cannot be seen (U+00A0) before a name", "accepted", finds("\u00a0load", "load")),
    Case("a name in decomposed letters, asked for in composed ones", "accepted", finds("Gro\u0308ße", "Größe")),
    Case("a number as the name, asked for as a number", "accepted", finds(0, 0)),
    Case("a number as the name, asked for as text", "accepted", finds(2024, "2024")),
    Case("the text of a number as the name, asked for as a number", "accepted", finds("7", 7)),
    Case("two names that differ by a space", "accepted", exact_first),
    Case("spaces and commas in the names of a file", "accepted", in_a_file),
    Case('a list of names, some with commas: --known "a, c,d"', "accepted", split_at_commas),
    Case("the name that a hint gives", "accepted", a_hint),
    Case("a target that is called by a number, from the fit to a file", "accepted", forecast_of_a_number),
    Case("ids 7 and 8 of the fit as the texts 7 and 8", "accepted", ids([7, 8], ["7", "8"])),
    Case("ids 7 and 8 of an older model's fit as 007 and 008", "accepted", ids([7, 8], ["007", "008"])),
    Case("ids that became floats beside missing ones", "accepted", ids(["7", "8"], [7.0, 8.0])),
    Case("true and false of an older model's fit as TRUE and FALSE", "accepted", ids([True, False], ["TRUE", "FALSE"])),
    Case(
        "an id 007 where the fit had the text 7",
        "adapted",
        lambda folder: _predict_another_id(),
        "series '007': not in the table of the fit; …",
    ),
]


def _predict_another_id() -> None:
    frame = pd.DataFrame({"day": DAYS, "id": "7", "y": np.arange(30.0)})
    model = gruvy.Forecaster(2, 4, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(frame, target="y", time="day", series="id")
    model.predict(frame.assign(id="007"))


@pytest.mark.parametrize("case", named(CASES))
def test_column_names(case, tmp_path):
    case.check(tmp_path)


def test_labels_of_a_table_are_those_of_an_older_model():
    found = as_classes(np.array(["2", "0"], object), np.array([0, 2, 5]))
    assert found.tolist() == [2, 0]
    assert all(isinstance(one, int) for one in found)
