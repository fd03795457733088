"""Where a pen will be in 80 to 400 milliseconds, on drawings that the model has not seen."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.datasets import load_movement
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.report import Column, scores_table, write_report
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.report import forecast_report

STEP = 40  # milliseconds between rows
AHEAD = (80, 160, 320, 400)  # of Martinez et al. (2017), milliseconds
GRU, ZERO, CONSTANT, LINEAR = "GRU", "zero velocity", "constant velocity", "linear autoregression"


# Parameters of the Forecaster that differ from its defaults.
SETTINGS: dict[str, Any] = {
    "hidden_size": 64,
    "dropout": 0.0,
    "random_state": 0,
    "split": "series",
    "test_fraction": 1 / 7,
    "validation_fraction": 1 / 7,
}
BUDGETS: dict[Budget, dict[str, Any]] = {"quick": {"max_epochs": 4}, "default": {}, "full": {}}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train a forecaster of the pen's velocity on five drawings of each shape, measure it on the seventh.

    The network forecasts changes from the last velocity, and the sum of its velocities leads from the last position to
    the next ones: at first it is the constant velocity that it has to beat (a residual connection as in Martinez et
    al. 2017, one derivative further).

    Args:
        folder: where ``movement.html``, ``movement.json`` and ``movement.gruvy`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Forecaster that differ from the demo's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = velocities(load_movement())
    model = Forecaster(AHEAD[-1] // STEP, 25, **SETTINGS | BUDGETS[budget] | params)
    with training(GRU) as progress:
        model.fit(table, target=["vx", "vy"], time="time", series="motion", past=["x", "y"], progress=progress)
    model_path = model.save(folder / "movement.gruvy")

    rows = errors(model, table[table["motion"].isin(model.test_series_)])
    report = forecast_report(
        {GRU: model},
        table,
        title="Velocity of a pen, 400 ms ahead",
        name="horizontal velocity",
        unit="mm/s",
        description=sentence(rows),
        command=command("movement", budget),
    )
    report_path = write_report(report, folder / "movement.html")
    results = {
        "report": str(report_path),
        "test part": model.test_series_,
        "mean distance in mm by milliseconds ahead": rows,
        "in words": sentence(rows),
        "provenance": model.provenance_,
    }
    write_results(results, folder / "movement.json", budget)
    figures = [
        Figure(
            f"distance after {ms} ms, mm",
            rows[0][str(ms)],
            {row["name"]: row[str(ms)] for row in rows[1:]},
            trivial=ZERO,
            style=".3f",
        )
        for ms in AHEAD
    ]
    columns = [Column(str(ms), f"{ms} ms", ".2f", "lower", narrow=f"{ms} ms") for ms in AHEAD]
    return Outcome(
        sentence(rows),
        [scores_table(columns, rows, what="distance in mm after")],
        figures,
        results,
        report_path,
        model_path,
    )


def velocities(drawn: pd.DataFrame) -> pd.DataFrame:
    """The drawings with their velocities in mm/s, from each position and the one before; without their first rows."""
    by_motion = drawn.groupby("motion", sort=False)
    speed = {name: by_motion[axis].diff() / (STEP / 1000) for name, axis in (("vx", "x"), ("vy", "y"))}
    return drawn.assign(**speed).dropna().reset_index(drop=True)


def errors(model: Forecaster, table: pd.DataFrame) -> list[dict[str, Any]]:
    """For the model and each baseline the mean distance from the truth, by milliseconds ahead, over all windows."""
    test = model.backtest(table, stride=1)
    forecasts = {
        GRU: test.median,
        ZERO: np.zeros_like(test.truth),
        CONSTANT: model.backtest(table, stride=1, baseline="persistence").median,
        LINEAR: model.backtest(table, stride=1, baseline=LINEAR).median,
    }
    rows = []
    for name, velocity in forecasts.items():
        # The positions themselves cancel out of the difference between forecast and truth.
        distance = np.linalg.norm((velocity - test.truth).cumsum(axis=1) * (STEP / 1000), axis=2).mean(axis=0)
        rows.append({"name": name, **{str(ms): float(distance[ms // STEP - 1]) for ms in AHEAD}})
    return rows


def sentence(rows: list[dict[str, Any]]) -> str:
    """Say how far off the model is, and whether the baselines are worse at every horizon."""
    by_name = {row["name"]: row for row in rows}
    gru = by_name[GRU]

    def against(name: str) -> str:
        better = [str(ms) for ms in AHEAD if gru[str(ms)] < by_name[name][str(ms)]]
        where = "at every horizon" if len(better) == len(AHEAD) else f"at {', '.join(better) or 'no'} ms"
        return f"nearer than {name} {where} ({by_name[name]['400']:.2f} mm)"

    return (
        f"On the seventh drawing of each shape, not seen in training, the GRU is off by {gru['80']:.2f} mm after 80 ms "
        f"and by {gru['400']:.2f} mm after 400 ms: {', '.join(against(name) for name in (ZERO, CONSTANT, LINEAR))}."
    )
