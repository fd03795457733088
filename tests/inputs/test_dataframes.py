"""Tables and columns of other libraries, and times in the index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime
from gruvy.data import read_series, read_table
from gruvy.timeseries import Columns

TITLE = "Tables of pandas, polars and pyarrow"
DAYS = pd.date_range("2024", periods=40, freq="D", name=None)
FRAME = pd.DataFrame({"day": DAYS, "y": np.sin(np.arange(40)), "id": ["a"] * 20 + ["b"] * 20})
INDEXED = FRAME.set_index("day")
NAMELESS = pd.DataFrame({"y": FRAME["y"].to_numpy()}, index=pd.DatetimeIndex(DAYS, name=None))


def series(table: Callable[[], object], *, time: str = "day", by: str | None = None) -> Callable:
    """A run that reads the series of a table."""

    def run(folder: Path) -> None:
        found, step = read_series(table(), Columns(("y",), time, by))
        assert step.freq == "1D"
        np.testing.assert_array_equal(np.concatenate([one.values[:, 0] for one in found]), FRAME["y"])
        assert found[0].index[0] == DAYS[0]

    return run


def without_a_name_for_the_time(folder: Path) -> None:
    model = gruvy.Forecaster(2, 4, hidden_size=4, max_epochs=1, random_state=0).fit(NAMELESS, target="y")
    forecast = model.predict(NAMELESS)
    assert forecast["time"].tolist() == list(pd.date_range(DAYS[-1], periods=3)[1:])


def parquet_of_an_index(folder: Path) -> None:
    for number, frame in enumerate((NAMELESS, NAMELESS.rename_axis("day"))):
        frame.to_parquet(folder / f"{number}.parquet")
        read = read_table(folder / f"{number}.parquet", times=["day"], numbers=["y"])
        assert list(read) == ["day", "y"]
        assert read["day"].tolist() == list(DAYS)


def arrow_stream(folder: Path) -> None:
    table = pyarrow.Table.from_pandas(FRAME[["day", "y"]])
    with pyarrow.OSFile(str(folder / "t.arrow"), "wb") as file, pyarrow.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    assert read_table(folder / "t.arrow", times=["day"])["y"].tolist() == FRAME["y"].tolist()


def in_the_runtime(folder: Path) -> None:
    model = gruvy.Forecaster(2, 4, hidden_size=4, max_epochs=1, random_state=0).fit(FRAME, target="y", time="day")
    light = runtime.load(model.save(folder / "m.gruvy"))
    wanted = light.predict(FRAME)["y"]
    for table in (polars.from_pandas(FRAME), pyarrow.Table.from_pandas(FRAME)):
        np.testing.assert_array_equal(light.predict(table)["y"], wanted)
        np.testing.assert_array_equal(model.predict(table)["y"], model.predict(FRAME)["y"])
        assert model.evaluate(table) == model.evaluate(FRAME)
        assert model.score(table) == model.score(FRAME)


def watched(folder: Path) -> None:
    frame = pd.DataFrame({"t": pd.date_range("2024", periods=120, freq="h"), "a": np.sin(np.arange(120)), "odd": 0})
    options = {"hidden_size": 4, "max_epochs": 1, "random_state": 0, "false_alarm_rate": 0.1}
    wanted = None
    for table in (frame, polars.from_pandas(frame), pyarrow.Table.from_pandas(frame)):
        detector = gruvy.AnomalyDetector(4, 2, **options).fit(table, time="t", columns=["a"])
        found = detector.detect(table)["score"].to_numpy(), detector.evaluate(table, "odd")["normal_rows_flagged"]
        wanted = found if wanted is None else wanted
        np.testing.assert_array_equal(found[0], wanted[0])
        assert found[1] == wanted[1]


def columns_of_texts(folder: Path) -> None:
    X, y = ["good film", "bad film"] * 6, ["p", "n"] * 6
    given = [(list(X), y), (polars.Series(X), polars.Series(y)), (pyarrow.array(X), pyarrow.chunked_array([y]))]
    fitted = [gruvy.SequenceClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(*one) for one in given]
    for model, (texts, _) in zip(fitted, given, strict=True):
        np.testing.assert_array_equal(model.predict_proba(texts), fitted[0].predict_proba(X))


def labels_of_steps(folder: Path) -> None:
    X, y = ["ABAB", "BABA", "AABB"] * 3, ["xyxy", "yxyx", "xxyy"] * 3
    options = {"hidden_size": 4, "num_layers": 1, "max_epochs": 1, "random_state": 0}
    wanted = gruvy.SequenceTagger(**options).fit(X, y).predict(["AB"])
    assert gruvy.SequenceTagger(**options).fit(pyarrow.array(X), pyarrow.array(y)).predict(["AB"]) == wanted


CASES = [
    Case("a DataFrame of polars", "accepted", series(lambda: polars.from_pandas(FRAME))),
    Case("a LazyFrame of polars", "accepted", series(lambda: polars.from_pandas(FRAME).lazy())),
    Case("a Table of pyarrow", "accepted", series(lambda: pyarrow.Table.from_pandas(FRAME), by="id")),
    Case("a RecordBatch of pyarrow", "accepted", series(lambda: pyarrow.RecordBatch.from_pandas(FRAME))),
    Case(
        "columns of pyarrow in pandas",
        "accepted",
        series(lambda: FRAME.convert_dtypes(dtype_backend="pyarrow"), by="id"),
    ),
    Case(
        "categories of polars as ids",
        "accepted",
        series(lambda: polars.from_pandas(FRAME).with_columns(polars.col("id").cast(polars.Categorical)), by="id"),
    ),
    Case(
        "dates (not times) of polars",
        "accepted",
        series(lambda: polars.from_pandas(FRAME).with_columns(polars.col("day").cast(polars.Date))),
    ),
    Case("time in the index of pandas", "accepted", series(lambda: INDEXED)),
    Case("time in an index without a name", "accepted", series(lambda: NAMELESS)),
    Case("periods in the index", "accepted", series(lambda: NAMELESS.to_period("D"))),
    Case(
        "ids and times in an index of two levels", "accepted", series(lambda: FRAME.set_index(["id", "day"]), by="id")
    ),
    Case("no name for the time, which is in the index", "accepted", without_a_name_for_the_time),
    Case("time in the index of a Parquet file", "accepted", parquet_of_an_index),
    Case("a stream of Arrow in a file", "accepted", arrow_stream),
    Case("tables of all three in predict, evaluate, score and the runtime", "accepted", in_the_runtime),
    Case("tables of all three in an AnomalyDetector", "accepted", watched),
    Case("Series of polars and arrays of pyarrow as texts and labels", "accepted", columns_of_texts),
    Case("arrays of pyarrow as strings and labels of a tagger", "accepted", labels_of_steps),
    Case(
        "columns of two levels, as some libraries download prices",
        "refused",
        series(lambda: pd.concat({"price": FRAME}, axis=1)),
        "the table: its columns have names of 2 levels, such as ('price', 'day'); give each one name, e.g. "
        "frame.columns = ['_'.join(map(str, names)) for names in frame.columns]",
    ),
    Case(
        "a table without a time, neither named nor in the index",
        "refused",
        lambda folder: gruvy.Forecaster(2, 4).fit(FRAME, target="y"),
        "time: expected the column of times, got None; only an index of times needs no name",
    ),
    Case(
        "what is no table",
        "refused",
        series(lambda: [1, 2]),
        "the data: expected a DataFrame (of pandas, polars or pyarrow), got list; read_table makes one",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_dataframes(case, tmp_path):
    case.check(tmp_path)
