"""``gruvy predict`` with NumPy alone prints what it prints through the estimator, to the character."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gruvy import AnomalyDetector, Forecaster
from gruvy.cli.tasks import ModelFile

N = 48
TINY = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}


def wave(rows: int = N) -> np.ndarray:
    return (10 + 3 * np.sin(np.arange(rows) / 3) + np.random.default_rng(0).normal(0, 0.2, rows)).round(3)


def hourly() -> pd.DataFrame:
    return pd.DataFrame(
        {"time": pd.date_range("2024-03-01", periods=N, freq="h"), "load": wave(), "wind": wave()[::-1]}
    )


def shops() -> pd.DataFrame:
    one = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=N), "units": wave(), "price": wave()[::-1]})
    one["kind"] = np.where(np.arange(N) % 5 == 0, "holiday", "plain")
    return pd.concat([one.assign(shop=name, size=size) for name, size in (('A, "main"', 3.5), ("007", 2.0))])


def local() -> pd.DataFrame:
    times = pd.date_range("2024-03-30", periods=N, freq="h", tz="Europe/Berlin")  # the clocks go forward in it
    return pd.DataFrame({"time": times, "load": wave()})


def years() -> pd.DataFrame:
    return pd.DataFrame({"year": np.arange(1900, 1900 + N), "flow": wave()})


def numbered() -> pd.DataFrame:
    return pd.DataFrame({"a": wave(120), "b": wave(120)[::-1]})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")

    def forecaster(frame: pd.DataFrame, **columns) -> Forecaster:
        return Forecaster(4, 8, **TINY).fit(frame, **columns)

    watched = pd.DataFrame({"time": pd.date_range("2024-03-01", periods=120, freq="h"), "a": wave(120)})
    detector = {"context_length": 4, "horizon": 2, "false_alarm_rate": 0.1, **TINY}
    fitted = {
        "hourly": forecaster(hourly(), target="load", time="time", past=["wind"]),
        "shops": forecaster(
            shops(), target="units", time="day", series="shop", past=["price"], known=["kind"], static=["size"]
        ),
        "local": forecaster(local(), target="load", time="time", timezone="Europe/Berlin"),
        "parted": forecaster(
            hourly().assign(day=hourly()["time"].dt.date.astype(str), clock=hourly()["time"].dt.time.astype(str)),
            target="load",
            time=["day", "clock"],
        ),
        "years": forecaster(years(), target="flow", time="year", time_format="year"),
        "numbered": AnomalyDetector(**detector).fit(numbered()),
        "timed": AnomalyDetector(**detector).fit(watched, time="time"),
    }
    return {name: model.save(folder / f"{name}.gruvy") for name, model in fitted.items()}


def csv(frame: pd.DataFrame, **how) -> bytes:
    return frame.to_csv(index=False, **how).encode()


def ahead(frame: pd.DataFrame) -> pd.DataFrame:
    """The last rows of each series are those to be forecast."""
    return frame.assign(units=frame["units"].where(frame.groupby("shop").cumcount() < N - 4))


# name -> model, file name, content
TABLES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "as pandas writes it": ("hourly", "a.csv", lambda: csv(hourly())),
    "with the numbers of the rows": ("hourly", "a.csv", lambda: hourly().to_csv().encode()),
    "decimal commas": ("hourly", "a.csv", lambda: csv(hourly(), sep=";", decimal=",")),
    "tabs, packed": ("hourly", "a.tsv.gz", lambda: gzip.compress(csv(hourly(), sep="\t"))),
    "UTF-16 with a title": ("hourly", "a.csv", lambda: ("Station 7\n" + csv(hourly()).decode()).encode("utf-16")),
    "marks and blanks": ("hourly", "a.csv", lambda: csv(hourly().assign(wind=["n/a", None, *wave()[2:]]))),
    "units": ("hourly", "a.csv", lambda: csv(hourly().assign(load=[f"{x} MW" for x in wave()]))),
    "newest first, a row missing": ("hourly", "a.csv", lambda: csv(hourly().drop(index=20)[::-1])),
    "days first": ("hourly", "a.csv", lambda: csv(hourly(), date_format="%d.%m.%Y %H:%M")),
    "days or months first": (
        "hourly",
        "a.csv",
        lambda: csv(hourly().assign(time=hourly()["time"].dt.strftime("%d/%m/%Y %H:%M"))),
    ),
    "seconds": ("hourly", "a.csv", lambda: csv(hourly().assign(time=hourly()["time"] + pd.Timedelta(17, "s")))),
    "midnight": (
        "hourly",
        "a.csv",
        lambda: csv(hourly().assign(time=pd.date_range("2024-01-01", periods=N, freq="h"))),
    ),
    "names with blanks": ("hourly", "a.csv", lambda: csv(hourly().rename(columns={"load": " load "}))),
    "an unused column of texts": ("hourly", "a.csv", lambda: csv(hourly().assign(note="windy, cold"))),
    "integers": ("hourly", "a.csv", lambda: csv(hourly().assign(load=np.arange(N), wind=1))),
    "two series": ("shops", "a.csv", lambda: csv(ahead(shops()))),
    "a new level, a new shop": (
        "shops",
        "a.csv",
        lambda: csv(ahead(shops()).replace({"kind": {"plain": "rain"}, "shop": {"007": "8"}})),
    ),
    "a category of numbers": ("shops", "a.csv", lambda: csv(ahead(shops()).assign(kind=1))),
    "a zone": ("local", "a.csv", lambda: csv(local())),
    "UTC": ("local", "a.csv", lambda: csv(local().assign(time=local()["time"].dt.tz_convert("UTC")))),
    "years": ("years", "a.csv", lambda: csv(years())),
    "times in two columns": (
        "parted",
        "a.csv",
        lambda: csv(hourly().assign(day=hourly()["time"].dt.date, clock=hourly()["time"].dt.time).drop(columns="time")),
    ),
    "rows that are only numbered": ("numbered", "a.csv", lambda: csv(numbered())),
    "few rows": ("numbered", "a.csv", lambda: csv(numbered().head(3))),
    "watched in time": ("timed", "a.csv", lambda: csv(hourly().rename(columns={"load": "a"}))),
    "watched, not in order": ("timed", "a.csv", lambda: csv(hourly().rename(columns={"load": "a"})[::-1])),
}
# What the reader without pandas leaves to the estimator.
SLOW = {"days or months first"}


def both(gruvy, monkeypatch, *arguments):
    light = gruvy(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr(ModelFile, "light", False)
        return light, gruvy(*arguments)


@pytest.mark.parametrize("name", TABLES)
def test_the_same_to_the_character(gruvy, models, tmp_path, monkeypatch, name):
    model, file, content = TABLES[name]
    (tmp_path / file).write_bytes(content())
    arguments = ["predict", models[model], tmp_path / file]
    if model not in ("numbered", "timed"):
        arguments += ["--quantiles", "0.1,0.9"]
    light, full = both(gruvy, monkeypatch, *arguments)
    assert full.code == 0, full.err
    assert light == full
    documents = both(gruvy, monkeypatch, *arguments, "--json", "--out", tmp_path / "out.csv")
    assert documents[0] == documents[1]
    with monkeypatch.context() as patch:
        patch.setattr(ModelFile, "load", lambda file: pytest.fail("the estimator was loaded"))
        if name not in SLOW:
            assert gruvy(*arguments, "--out", tmp_path / "out.csv").code == 0
            assert (tmp_path / "out.csv").read_text() == full.out


@pytest.mark.parametrize(
    "content",
    ["", "time,load\n", "time,load,wind\n2024-01-01,1,2\n", "time,load,wind\n2024-01-01,x,2\n", "a,b\n1,2\n", "\0"],
)
def test_mistakes_in_a_table_are_told_as_the_estimator_tells_them(gruvy, models, tmp_path, monkeypatch, content):
    (tmp_path / "bad.csv").write_text(content)
    light, full = both(gruvy, monkeypatch, "predict", models["hourly"], tmp_path / "bad.csv")
    assert full.code == 2
    assert light == full


def test_other_files_are_read_by_pandas(gruvy, models, tmp_path):
    hourly().to_csv(tmp_path / "a.csv", index=False)
    hourly().to_parquet(tmp_path / "a.parquet")
    outcomes = [gruvy("predict", models["hourly"], tmp_path / f"a.{kind}") for kind in ("csv", "parquet")]
    assert outcomes[0] == outcomes[1]


LIGHT = """
import sys
from gruvy.cli import main
try:
    main()
except SystemExit as ended:
    heavy = {"torch", "pandas", "lightning", "sklearn", "rich"} & set(sys.modules)
    sys.exit(f"imported {sorted(heavy)}" if heavy else ended.code)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["predict", "MODEL", "DATA"], 0),
        (["predict", "MODEL", "none.csv"], 2),
        (["predict", "none.gruvy", "DATA"], 2),
        (["predict", "MODEL", "DATA", "--quantiles", "0.33"], 2),
        (["evaluate", "MODEL", "DATA", "--labels", "x"], 2),
        (["fit", "forecast", "none.csv", "--target", "load", "--time", "time"], 2),
        (["fit", "forecast", "DATA", "--taget", "load"], 2),
    ],
)
def test_what_is_not_needed_is_not_imported(models, tmp_path, arguments, code):
    hourly().to_csv(tmp_path / "a.csv", index=False)
    named = {"MODEL": str(models["hourly"]), "DATA": str(tmp_path / "a.csv")}
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, *(named.get(one, one) for one in arguments)], capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
