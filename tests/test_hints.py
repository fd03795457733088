"""Every hint is followed: what a message proposes is taken from its text, done, and then works."""

from __future__ import annotations

import io
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from safetensors.torch import save_file

import gruvy
from gruvy import AnomalyDetector, Forecaster, LanguageModel, SequenceClassifier, SequenceRegressor, formats
from gruvy.cli import main
from gruvy.errors import GruvyError, InputNote

RANDOM = np.random.default_rng(0)
HOURLY = pd.DataFrame(
    {
        "time": pd.date_range("2024-01-01", periods=200, freq="h"),
        "load": 50 + 10 * np.sin(np.arange(200) / 4),
        "wind": RANDOM.normal(size=200),
    }
)
EVENTS = pd.DataFrame(
    {
        "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(RANDOM.integers(0, 86400 * 60, 900)), "s"),
        "amount": RANDOM.integers(1, 9, 900),
    }
)
TINY = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}
TEXTS, LABELS = ["a b", "c d", "a c"] * 14, ["p", "n", "p"] * 14


# ---- from a message to what it proposes ----

# An option and its value, which may stand in quotes.
_OPTION = r"--[a-z-]+ (?:'[^']*'|\"[^\"]*\"|[^\s,;)]+)"


def meant(message: str) -> str:
    """The name in "did you mean 'load'?"."""
    return _one(r"did you mean '([^']+)'", message)


def options(message: str) -> list[str]:
    """The options, with their values, in "fit with --horizon 18 --context 61 (...)"."""
    return shlex.split(_one(rf"({_OPTION}(?: {_OPTION})*)", message))


def arguments(message: str) -> dict[str, Any]:
    """The arguments in "(horizon=18, context_length=61 in Python)"."""
    return eval(f"dict({_one(r'([(]?[a-z_]+=[^()]*?)(?: in Python)?[)]', message).lstrip('(')})", {})


def code(message: str) -> str:
    """The expression at the end of a message."""
    return _one(r"(?:first: |e\.g\. |use )(.+?)(?: \(or mean\))?$", message)


def listed(message: str) -> str:
    """The first of "there are: 'a', 'b'", "expected one of a, b, got" or "holds 2 GRUs: 'a', 'b'"."""
    return _one(r"(?:there are:? \[?|expected one of |GRUs: |it holds |fitted for \()'?([^',\])]+)", message)


def _one(pattern: str, message: str) -> str:
    found = re.search(pattern, " ".join(message.split()))
    assert found, f"the message proposes nothing: {message}"
    return found[1]


# ---- in Python ----


def forecast(frame: pd.DataFrame = HOURLY, **given: Any) -> Any:
    params = {"horizon": 4, "context_length": 12, **TINY}
    params |= {name: given.pop(name) for name in list(given) if name in Forecaster._get_param_names()}
    return Forecaster(**params).fit(frame, **{"target": "load", "time": "time", **given})


def classify(X: Any = TEXTS, y: Any = LABELS, **params: Any) -> Any:
    return SequenceClassifier(**{"embedding_size": 4, **TINY, **params}).fit(X, y)


@pytest.fixture(scope="module")
def forecaster():
    return forecast()


@pytest.fixture(scope="module")
def writer():
    return LanguageModel(context_length=10, batch_size=2, **TINY).fit("to be or not to be " * 30)


def mended_labels(cure: str | None, y: list[Any]) -> list[Any]:
    return y if cure is None else eval(cure, {"y": y})


def two_grus(folder: Path) -> Path:
    weights = {
        f"{where}.gru.{name}": value.clone()
        for where in ("encoder", "decoder")
        for name, value in torch.nn.GRU(3, 4).state_dict().items()
    }
    save_file(weights, folder / "two.safetensors")
    return folder / "two.safetensors"


def resampled(cure: str | None, frame: pd.DataFrame, **given: Any) -> Any:
    return forecast(frame if cure is None else eval(cure, {"frame": frame, "pd": pd}), **given)


def irregular_numbers(cure: str | None) -> Any:
    frame = HOURLY.assign(time=np.cumsum(RANDOM.integers(3, 9, 200)))
    return resampled(cure, frame, time_format="index")


IN_PYTHON: Mapping[str, tuple[Callable[[Any], Any], Callable[[str], Any]]] = {
    "a target": (lambda cure: forecast(target=cure or "laod"), meant),
    "a column of times": (lambda cure: forecast(time=cure or "Time"), meant),
    "a covariate": (lambda cure: forecast(past=[cure or "wnd"]), meant),
    "a cell": (lambda cure: forecast(cell=cure or "gur"), meant),
    "a way to split": (lambda cure: forecast(split=cure or "tme"), meant),
    "a time zone": (lambda cure: forecast(timezone=cure or "Europ/Berlin"), meant),
    "a horizon too long": (lambda cure: forecast(**(cure or {"horizon": 4, "context_length": 150})), arguments),
    "events": (
        lambda cure: resampled(cure, EVENTS, target="amount", time="at", horizon=2, context_length=5),
        code,
    ),
    "irregular numbers": (irregular_numbers, code),
    "a step that the rows do not have": (
        lambda cure: resampled(cure, HOURLY, step="5h", horizon=1, context_length=5),
        code,
    ),
    "tokens": (lambda cure: classify(tokens=cure or "wrod"), meant),
    "tokens of numbers to come": (
        lambda cure: SequenceRegressor(tokens=cure or "chracter", **TINY).fit(TEXTS, np.arange(42.0)),
        meant,
    ),
    "a rule for what is unknown": (lambda cure: classify(unknown=cure or "replce"), meant),
    "labels of bytes": (
        lambda cure: classify(y=mended_labels(cure, [b"p", b"n"] * 21)),
        code,
    ),
    "labels of dates": (
        lambda cure: classify(
            y=(lambda y: eval(cure, {"y": y}) if cure else y)([*pd.date_range("2024", periods=2).date] * 21)
        ),
        code,
    ),
    "labels of tuples": (
        lambda cure: classify(y=mended_labels(cure, [(1, "a"), (2, "b")] * 21)),
        code,
    ),
    "weights of no class": (lambda cure: classify(class_weight={cure or "q": 2.0}), listed),
    "a sparse matrix": (
        lambda cure: classify((lambda X: eval(cure, {"X": X}) if cure else X)(scipy.sparse.eye(42).tocsr()), LABELS),
        code,
    ),
    "a false alarm rate too low": (
        lambda cure: AnomalyDetector(context_length=8, horizon=1, **TINY, **(cure or {})).fit(
            HOURLY.assign(load=HOURLY["load"] + HOURLY["wind"])[["time", "load"]], time="time"
        ),
        arguments,
    ),
}


@pytest.mark.parametrize(("attempt", "rule"), IN_PYTHON.values(), ids=IN_PYTHON)
def test_in_python(attempt, rule):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputNote)
        with pytest.raises(GruvyError) as refused:
            attempt(None)
        attempt(rule(str(refused.value)))


def test_too_few_rows_to_look_back_on(forecaster):
    with pytest.raises(GruvyError) as refused:
        forecaster.predict(HOURLY[:5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputNote)
        after = forecast(**arguments(str(refused.value)))
    assert len(after.predict(HOURLY[:5])) == 4


def test_a_level_that_was_not_trained(forecaster):
    with pytest.raises(GruvyError) as refused:
        forecaster.predict(HOURLY, quantiles=(0.3,))
    assert len(forecaster.predict(HOURLY, quantiles=(float(listed(str(refused.value))),))) == 4


def test_a_baseline(forecaster):
    with pytest.raises(GruvyError) as refused:
        forecaster.backtest(HOURLY, baseline="persistance")
    forecaster.backtest(HOURLY, baseline=listed(str(refused.value)))


def test_a_model_that_has_no_gates():
    with pytest.raises(GruvyError) as refused:
        forecast(cell="lstm").gates(HOURLY)
    assert "fit a GRU" in str(refused.value)
    forecast(cell="gru").gates(HOURLY)


def test_a_character_that_was_never_seen(writer):
    with pytest.raises(GruvyError) as refused:
        writer.generate("日", length=3, seed=0)
    with pytest.warns(InputNote):
        assert writer.set_params(**arguments(str(refused.value))).generate("日", length=3, seed=0)


def test_one_of_several_grus(tmp_path):
    with pytest.raises(GruvyError) as refused:
        formats.read(two_grus(tmp_path))
    assert formats.read(two_grus(tmp_path), at=listed(str(refused.value))).input_size == 3
    with pytest.raises(GruvyError) as refused:
        formats.read(two_grus(tmp_path), at="encoder.gur")
    assert formats.read(two_grus(tmp_path), at=listed(str(refused.value))).input_size == 3


def test_a_name_of_the_package():
    with pytest.raises(AttributeError) as refused:
        _ = gruvy.Forcaster
    assert getattr(gruvy, _one(r"it has (\w+)", str(refused.value)))


# ---- on the command line ----


def call(*arguments: object) -> tuple[int, str]:
    """Run ``gruvy`` in this process; return the exit code and what stands on stderr."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["gruvy", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    return int(ended.value.code or 0), err.getvalue()


QUICK = ("--epochs", "1", "--hidden-size", "4")
SHORT = ("--horizon", "2", "--context", "6", *QUICK)


def table(text: str) -> Callable[[Path], Path]:
    def written(folder: Path) -> Path:
        (folder / "t.csv").write_text(text, encoding="utf-8")
        return folder / "t.csv"

    return written


def days(form: str, count: int = 80, start: str = "2024-01-01", value: str = "{}") -> Callable[[Path], Path]:
    rows = [
        f"{day.strftime(form)},{value.format(10 + number % 7)}"
        for number, day in enumerate(pd.date_range(start, periods=count))
    ]
    return table("\n".join(["day,sold", *rows]))


def clock_that_went_back(folder: Path) -> Path:
    times = pd.date_range("2023-10-25", periods=200, freq="h", tz="Europe/Berlin").tz_localize(None)
    rows = [f"{time},{number % 24}" for number, time in enumerate(times)]
    return table("\n".join(["day,sold", *rows]))(folder)


def reviews(folder: Path) -> Path:
    rows = [f"{text},{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    return table("\n".join(["review,stars", *rows]))(folder)


FORECAST = ("fit", "forecast", "DATA", "--target", "sold", "--time", "day", *SHORT)
CLASSIFY = ("fit", "classify", "DATA", "--text", "review", "--label", "stars", *QUICK)

# What is run, on what, and how the command is mended by the rule's find.
COMMANDS: Mapping[str, tuple[Callable[[Path], Path], Sequence[str], Callable[[str], Any], str]] = {
    "a target": (days("%Y-%m-%d"), (*FORECAST[:4], "slod", *FORECAST[5:]), meant, "slod"),
    "a column of times": (days("%Y-%m-%d"), (*FORECAST[:6], "dya", *FORECAST[7:]), meant, "dya"),
    "a column of labels": (reviews, (*CLASSIFY[:6], "star", *CLASSIFY[7:]), meant, "star"),
    "a cell": (days("%Y-%m-%d"), (*FORECAST, "--cell", "gur"), meant, "gur"),
    "tokens": (reviews, (*CLASSIFY, "--tokens", "characters"), meant, "characters"),
    "days or months first": (
        days("%d/%m/%Y", 12),
        (*FORECAST[:7], "--horizon", "1", "--context", "3", *QUICK),
        options,
        "",
    ),
    "a mark that may be a decimal's": (days("%Y-%m-%d", value='"{},125"'), FORECAST, options, ""),
    "an hour that occurs twice": (clock_that_went_back, FORECAST, options, ""),
    "rows that are too few": (
        days("%Y-%m-%d", 40),
        (*FORECAST[:7], "--horizon", "4", "--context", "30", *QUICK),
        options,
        "",
    ),
    "a bound that is too tight": (
        days("%Y-%m-%d"),
        (*FORECAST, "--lower", "15"),
        lambda line: _one(r"target 'sold' is (\d+) at", line),
        "15",
    ),
    "counts that are none": (
        days("%Y-%m-%d", value="{}.5"),
        (*FORECAST, "--likelihood", "count"),
        lambda line: {"--likelihood count": "quantile"}[_one("fit without (--likelihood count)", line)],
        "count",
    ),
}


@pytest.mark.parametrize(("data", "command", "rule", "wrong"), COMMANDS.values(), ids=COMMANDS)
def test_on_the_command_line(data, command, rule, wrong, tmp_path):
    path = data(tmp_path)
    out = ("--out", str(tmp_path / "m.gruvy"))
    given = [str(path) if part == "DATA" else part for part in command]
    status, line = call(*given, *out)
    assert status == 2, line
    cure = rule(line)
    mended = [cure if part == wrong else part for part in given] if wrong else [*given, *cure]
    status, line = call(*mended, *out)
    assert status == 0, line


def test_a_gru_of_several_is_chosen_by_a_command(tmp_path):
    path = two_grus(tmp_path)
    command = ("formats", path, "--out", tmp_path / "one.npz")
    status, line = call(*command)
    assert status == 2
    assert "--at" in line
    status, line = call(*command, "--at", listed(line))
    assert status == 0, line


def test_an_unknown_character_on_the_command_line(tmp_path):
    (tmp_path / "t.txt").write_text("to be or not to be, that is " * 60)
    model = tmp_path / "m.gruvy"
    assert call("fit", "language", tmp_path / "t.txt", *QUICK, "--out", model)[0] == 0
    status, line = call("generate", model, "--prompt", "日", "--length", "5")
    assert status == 2
    status, line = call("generate", model, "--prompt", "日", "--length", "5", *options(line))
    assert status == 0, line
