"""A small table, a model trained on it, and the command line called as the console script calls it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gruvy.cli import main

SMALL = ["--time", "time", "--horizon", "4", "--context", "12", "--hidden-size", "4", "--epochs", "2"]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def call(*arguments: str | Path) -> Outcome:
    """Run ``gruvy`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["gruvy", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    return Outcome(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def gruvy() -> Callable[..., Outcome]:
    return call


@pytest.fixture(scope="session")
def fit() -> Callable[..., Outcome]:
    """``gruvy fit forecast DATA`` with options that make it quick; later options win."""
    return lambda data, *options: call("fit", "forecast", data, "--target", "load", *SMALL, *options)


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    steps = np.arange(300)
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=300, freq="h"),
            "load": (10 + 5 * np.sin(2 * np.pi * steps / 24) + rng.normal(0, 0.5, 300)).round(3),
            "wind": rng.normal(size=300).round(3),
        }
    )


@pytest.fixture(scope="session")
def data(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "load.csv"
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def model(data: Path, fit: Callable[..., Outcome], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "load.gruvy"
    outcome = fit(data, "--out", path)
    assert outcome.code == 0, outcome.err
    return path
