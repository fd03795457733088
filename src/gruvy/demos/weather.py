"""JFK's temperature, 24 hours ahead: a GRU, an LSTM and a tanh network of equal size, and what they must beat."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.datasets import load_weather
from gruvy.demos.threads import one_thread
from gruvy.nn.cells import equal_hidden_size, parameter_count
from gruvy.report import ForecastReport, text, write_report
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.report import CELL_NAMES, forecast_report
from gruvy.training import Progress

CELLS = ("gru", "lstm", "tanh")
HIDDEN_SIZE = 64
PAST = ["dewp", "humid", "pressure", "wind_speed", "precip", "visib"]


@dataclass(frozen=True)
class WeatherDemo:
    """What a run leaves: the report's values, where the files are, and the figures of ``results.json``."""

    report: ForecastReport
    report_path: Path
    results: dict[str, Any]


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    training: Callable[[str], AbstractContextManager[Callable[[Progress], None]]],
    **params: Any,
) -> WeatherDemo:
    """Train three forecasters, measure them and three baselines on the last 20% of the year, write a report.

    Args:
        folder: where ``report.html``, ``results.json`` and the models ``gru.gruvy``, ``lstm.gruvy`` and
            ``tanh.gruvy`` go; it is made if need be.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Forecaster that differ from its defaults.

    Returns:
        The report's values, its path, and the figures of ``results.json``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    jfk = load_weather().query("origin == 'JFK'")

    models: dict[str, Forecaster] = {}
    for cell in CELLS:
        gru = models.get(CELL_NAMES["gru"])
        size = HIDDEN_SIZE if gru is None else _equal_size(cell, gru)
        model = Forecaster(24, 168, cell=cell, hidden_size=size, random_state=0, **params)
        with one_thread(), training(CELL_NAMES[cell]) as progress:
            model.fit(jfk, target="temp", time="time_hour", past=PAST, progress=progress)
        model.save(folder / f"{cell}.gruvy")
        models[CELL_NAMES[cell]] = model

    report = forecast_report(
        models,
        jfk,
        title="JFK temperature, 24 hours ahead",
        name="temperature",
        unit="°F",
        description=(
            "Hourly weather at New York's JFK airport, 2013. Each model sees a week of temperature, dew point, "
            "humidity, pressure, wind, rain and visibility; the last 20% of the year were held out. "
            "All three trained on one thread."
        ),
        command="gruvy demo weather",
    )
    report_path = write_report(report, folder / "report.html")
    results = {
        "headline": text.headline(report),
        "report": str(report_path),
        "unit": report.unit,
        "rows": [asdict(row) for row in report.rows],
        "provenance": models[CELL_NAMES["gru"]].provenance_,
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False), encoding="utf-8")
    return WeatherDemo(report, report_path, results)


def _equal_size(cell: str, gru: Forecaster) -> int:
    """Return the hidden size at which the whole network, head included, is nearest to the GRU's in parameters."""
    outputs = gru.horizon * len(gru.quantiles)

    def count(cell: str, size: int) -> int:
        return parameter_count(cell, gru.n_channels_, size) + outputs * (size + 1)

    return equal_hidden_size(cell, input_size=gru.n_channels_, hidden_size=gru.hidden_size, count=count)
