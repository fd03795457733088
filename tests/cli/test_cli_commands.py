"""What the commands do when all is well."""

from __future__ import annotations

import contextlib
import io
import json

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import gruvy as package
from gruvy.cli import output
from gruvy.cli.app import app
from gruvy.training import Progress


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ([], ["fit", "predict", "evaluate", "demo", "bench"]),
        (["fit", "forecast"], ["--target", "--checkpoint", "--resume", "gruvy fit forecast weather.csv"]),
        (["predict"], ["MODEL", "DATA", "--quantiles", "gruvy predict model.gruvy"]),
        (["evaluate"], ["MODEL", "DATA", "--json", "gruvy evaluate model.gruvy"]),
        (["demo", "weather"], ["--out", "--quick", "gruvy demo weather"]),
        (["demo", "stocks"], ["--out", "--quick", "GARCH", "gruvy demo stocks"]),
        (["demo", "movement"], ["--out", "--quick", "gruvy demo movement"]),
    ],
)
def test_help_names_what_is_there(command, named):
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    assert [word for word in named if word not in result.output] == []


def test_version():
    assert CliRunner().invoke(app, ["--version"]).output == f"gruvy {package.__version__}\n"


def test_fit_writes_model_and_report_and_compares_with_baselines(fit, data, tmp_path):
    outcome = fit(data, "--out", tmp_path / "m.gruvy", "--report", tmp_path / "r.html", "--past", "wind")
    assert outcome.code == 0
    for name in ("GRU", "persistence", "seasonal naive", "linear autoregression", "m.gruvy", "r.html"):
        assert name in outcome.out
    assert outcome.err.count("GRU: epoch") == 2
    assert "validation" in outcome.err
    assert package.load(tmp_path / "m.gruvy").horizon == 4
    assert "load, 4 hours ahead" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_without_a_report_the_test_part_is_forecast_once(fit, data, tmp_path, monkeypatch):
    monkeypatch.delattr(package.Forecaster, "backtest")
    outcome = fit(data, "--out", tmp_path / "m.gruvy", "--epochs", "1")
    assert outcome.code == 0, outcome.err
    assert "The GRU is off by " in outcome.out
    assert "on average over the next 4 hours: " in outcome.out


def test_fit_json_is_one_document_and_silence(fit, data, tmp_path):
    outcome = fit(data, "--out", tmp_path / "m.gruvy", "--json")
    document = json.loads(outcome.out)
    assert outcome.err == ""
    assert [row["name"] for row in document["scores"]][1:] == [
        "persistence",
        "seasonal naive",
        "linear autoregression",
    ]
    assert len(document["history"]) == 2
    assert document["provenance"]["seed"] == 0
    assert document["model"] == str(tmp_path / "m.gruvy")


def test_whole_series_are_held_out(fit, table, tmp_path):
    shops = pd.concat([table.assign(shop=name) for name in "abcdefghij"])
    shops.to_parquet(tmp_path / "shops.parquet")
    options = ("--series", "shop", "--split", "series", "--epochs", "1", "--out", tmp_path / "m.gruvy")
    assert fit(tmp_path / "shops.parquet", *options).code == 0
    assert package.load(tmp_path / "m.gruvy").test_series_ == ["i", "j"]
    wrong = fit(tmp_path / "shops.parquet", *options, "--split", "seris")
    assert "split: expected one of time, series, got 'seris'" in wrong.err


def test_the_same_seed_gives_the_same_model(fit, data, tmp_path):
    first, second, other = (
        json.loads(fit(data, "--out", tmp_path / "m.gruvy", "--json", "--seed", seed).out) for seed in (3, 3, 4)
    )
    assert first["scores"] == second["scores"]
    assert first["scores"][0] != other["scores"][0]


def test_resume_goes_on_where_the_checkpoint_ends(fit, data, tmp_path):
    options = ("--out", tmp_path / "m.gruvy", "--checkpoint", tmp_path / "state", "--json")
    whole = json.loads(fit(data, *options).out)
    again = json.loads(fit(data, *options, "--resume").out)
    assert again["history"] == whole["history"]  # seconds included: nothing was trained again
    assert again["scores"] == whole["scores"]


def test_predict_writes_csv_to_stdout(gruvy, model, data, table):
    outcome = gruvy("predict", model, data, "--quantiles", "0.1,0.9")
    forecast = pd.read_csv(io.StringIO(outcome.out), parse_dates=["time"])
    assert list(forecast.columns) == ["time", "load", "load_q0.1", "load_q0.9"]
    assert list(forecast["time"]) == list(table["time"].iloc[-1] + pd.to_timedelta(range(1, 5), unit="h"))
    assert (forecast["load_q0.1"] <= forecast["load"]).all()
    assert outcome.err == ""


@pytest.mark.parametrize(("name", "read"), [("f.csv", pd.read_csv), ("f.parquet", pd.read_parquet)])
def test_predict_writes_files(gruvy, model, data, tmp_path, name, read):
    outcome = gruvy("predict", model, data, "--out", tmp_path / name)
    assert (outcome.code, outcome.out) == (0, "")
    assert len(read(tmp_path / name)) == 4


def test_predict_json(gruvy, model, data):
    document = json.loads(gruvy("predict", model, data, "--json").out)
    assert document["predictions"][0]["time"] == "2024-01-13T12:00:00"
    assert isinstance(document["predictions"][0]["load"], float)


def test_evaluate_prints_a_table_that_fits_80_columns(gruvy, model, data):
    outcome = gruvy("evaluate", model, data)
    assert "linear autoregression" in outcome.out
    assert "…" not in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_several_targets_have_a_table_each(gruvy, fit, data, tmp_path):
    outcome = fit(data, "--target", "wind", "--out", tmp_path / "two.gruvy")
    tables = outcome.out.split("\nwind\n")
    assert len(tables) == 2
    assert tables[0].startswith("\nload\n")
    scores = json.loads(gruvy("evaluate", tmp_path / "two.gruvy", data, "--json").out)["scores"]
    assert len(scores) == 8
    printed = gruvy("evaluate", tmp_path / "two.gruvy", data).out.split("\nwind\n")[1]
    mae = next(row["mae"] for row in scores if row["target"] == "wind" and row["name"] == "persistence")
    assert f"{mae:.3f}"[:4] in next(line for line in printed.splitlines() if "persistence" in line)


def test_evaluate_json_has_the_scores_of_the_estimator(gruvy, model, data):
    document = json.loads(gruvy("evaluate", model, data, "--json").out)
    expected = package.load(model).evaluate(pd.read_csv(data))
    assert document["scores"] == json.loads(json.dumps(expected))


def test_the_bar_shows_loss_and_time_left_in_80_columns(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, _environ={})
    monkeypatch.setattr(output, "stderr", lambda: console)
    with output.Training("tanh RNN", quiet=False) as show:
        show(Progress(1, 10, 50, 50, 0.123456, 0.234567, 1, 5.0, 45.0))
        show(Progress(2, 10, 7, 50, 0.111111, None, 1, 5.5, 3725.0))
    assert "epoch 2/10  loss 0.1111  validation 0.2346  1:02:05 left" in screen.getvalue()


def test_json_has_no_nan():
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        output.print_json({"a": float("nan"), "b": (1, None, True), "c": pd.Timestamp("2024-01-01")})
    assert json.loads(screen.getvalue()) == {"a": None, "b": [1, None, True], "c": "2024-01-01T00:00:00"}
