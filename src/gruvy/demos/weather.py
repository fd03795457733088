"""JFK's temperature, 24 hours ahead: a GRU, an LSTM and a tanh network of equal size, and what they must beat."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.datasets import load_weather
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.nn.cells import CELL_NAMES, equal_hidden_size, parameter_count
from gruvy.report import write_report
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.boosted import score_boosted_trees
from gruvy.tasks.forecasting.conformal import recalibrated
from gruvy.tasks.forecasting.report import forecast_report

CELLS = ("gru", "lstm", "tanh")
HIDDEN_SIZE = 64
PAST = ["dewp", "humid", "pressure", "wind_speed", "wind_east", "wind_north", "precip", "visib"]


# The cells to train, and parameters of the Forecaster that differ from its defaults.
BUDGETS: dict[Budget, tuple[tuple[str, ...], dict[str, Any]]] = {
    "quick": (("gru",), {"max_epochs": 3}),
    "default": (CELLS, {}),
    "full": (CELLS, {}),
}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train three forecasters, measure them and four baselines on the last 20% of the year, write a report.

    Args:
        folder: where ``weather.html``, ``weather.json`` and the models ``weather.gruvy``, ``weather-lstm.gruvy`` and
            ``weather-tanh.gruvy`` go; it is made if need be.
        budget: what to train; see `gruvy.demos.outcome.Budget`.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Forecaster that differ from the budget's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    jfk = with_wind(load_weather().query("origin == 'JFK'"))

    models: dict[str, Forecaster] = {}
    cells, of_budget = BUDGETS[budget]
    for cell in cells:
        gru = models.get(CELL_NAMES["gru"])
        size = HIDDEN_SIZE if gru is None else _equal_size(cell, gru)
        model = Forecaster(24, 168, cell=cell, hidden_size=size, **{"random_state": 0, **of_budget, **params})
        with training(CELL_NAMES[cell]) as progress:
            model.fit(jfk, target="temp", time="time_hour", past=PAST, progress=progress)
        model.save(folder / ("weather.gruvy" if cell == "gru" else f"weather-{cell}.gruvy"))
        models[CELL_NAMES[cell]] = model

    trees = [] if budget == "quick" else score_boosted_trees(models[CELL_NAMES["gru"]], jfk)
    band = band_of(models[CELL_NAMES["gru"]], jfk)
    report = forecast_report(
        models,
        jfk,
        title="JFK temperature, 24 hours ahead",
        name="temperature",
        unit="°F",
        description=(
            "Hourly weather at New York's JFK airport, 2013. Each model sees a week of temperature, dew point, "
            "humidity, pressure, wind, rain and visibility; the last 20% of the year were held out. "
        )
        + band_sentence(band),
        command=command("weather", budget),
        baselines=trees,
    )
    report_path = write_report(report, folder / "weather.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "unit": report.unit,
        "share of the truths in the GRU's band": band,
        "the band in words": band_sentence(band),
        "rows": report.comparison.records(),
        "provenance": models[CELL_NAMES["gru"]].provenance_,
    }
    write_results(results, folder / "weather.json", budget)
    measures = {
        "MAE at 1 to 24 hours, °F": report.comparison.values("mae"),
        "MAE at 24 hours, °F": report.comparison.values("mae_at_end"),
    }
    figures = [
        Figure(measure, values.pop("GRU"), values, trivial="persistence") for measure, values in measures.items()
    ]
    static, latest = band.values()
    figures.append(
        Figure("truths in the 80% band", latest, {"calibrated once": static}, None, higher_is_better=True, style=".0%")
    )
    sentences = f"{report.headline} {band_sentence(band)}"
    return Outcome(sentences, [report.comparison], figures, results, report_path, folder / "weather.gruvy")


def band_of(model: Forecaster, frame: pd.DataFrame) -> dict[str, float]:
    """The share of the test part's truths in the band, as calibrated in the fit, and anew for each forecast."""
    static = model.backtest(frame, stride=1, start=model.validation_start_)
    assert model.test_start_ is not None  # the split is by time
    test = static.times[:, 0] >= model.test_start_.tz_convert(None).to_numpy()
    observed = ~np.isnan(static.truth[test, :, 0])
    shares = {}
    for name, one in (("validation part", static), ("last four weeks", recalibrated(static, 28 * 24))):
        truth, forecast = one.truth[test, :, 0], one.forecast[test, :, 0]
        inside = (truth >= forecast[..., 0]) & (truth <= forecast[..., -1])
        shares[name] = float(inside[observed].mean())
    return shares


def band_sentence(band: dict[str, float]) -> str:
    """Say what the GRU's band of 80% holds."""
    return (
        f"The GRU's 80% band holds {band['validation part']:.0%} of the truths as calibrated on the validation part, "
        f"and {band['last four weeks']:.0%} calibrated for each forecast on the last four weeks before it."
    )


def with_wind(weather: pd.DataFrame) -> pd.DataFrame:
    """Add the speeds at which the air moves east and north: as numbers, 350 and 10 degrees are far apart."""
    angle = np.deg2rad(weather["wind_dir"])
    speed = weather["wind_speed"]
    return weather.assign(wind_east=-speed * np.sin(angle), wind_north=-speed * np.cos(angle))


def _equal_size(cell: str, gru: Forecaster) -> int:
    """Return the hidden size at which the whole network, head included, is nearest to the GRU's in parameters."""
    outputs = gru.horizon_ * len(gru.quantiles)

    def count(cell: str, size: int) -> int:
        return parameter_count(cell, gru.n_channels_, size) + outputs * (size + 1)

    return equal_hidden_size(cell, input_size=gru.n_channels_, hidden_size=gru.hidden_size, count=count)
