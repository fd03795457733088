"""From fitted forecasters to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gruvy.data import as_frame
from gruvy.report import Comparison, Row
from gruvy.report.forecasting import ForecastReport, Gates, Sample, forecast_columns, forecast_row
from gruvy.tasks.forecasting.data import read_prepared
from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.forecasting.results import Backtest
from gruvy.tasks.shared.reporting import at_ranks, loss_curves, repeatable, trained
from gruvy.timeseries import Series, Times

# Steps of history before a single forecast, at most, and steps in the long plot.
_HISTORY = 48
_STRETCH = 336
# Windows that are shown, by their rank in the order of the error.
_PLACES = {"Easy (10th percentile of error)": 0.1, "Typical (50th percentile)": 0.5, "Hard (90th percentile)": 0.9}


# What has a name of its own.
_ONE_OF = {"7 days": "1 week", "3 months": "1 quarter", "12 months": "1 year"}


def forecast_report(
    models: Mapping[str, Forecaster],
    frame: pd.DataFrame,
    *,
    title: str | None = None,
    name: str | None = None,
    unit: str = "",
    description: str = "",
    command: str = "",
    baselines: Sequence[Mapping[str, Any]] = (),
) -> ForecastReport:
    """Gather what a report shows of forecasters that were fitted on the same table.

    The first model is the one that the report is about: its forecasts and gates are drawn. Of several targets and
    series the first ones are shown.

    Args:
        models: fitted estimators by the name that the report gives them.
        frame: the table they were fitted on.
        title: the headline; by default made of the target and the horizon.
        name: the target as it stands in sentences; by default its column.
        unit: the target's unit.
        description: one or two sentences on the data.
        command: what repeats the run, or "".
        baselines: rows of scores on the same test part, beside the baselines that every Forecaster has.

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: the table cannot be used.

    Example:
        >>> write_report(forecast_report({"GRU": model}, frame), "report.html")  # doctest: +SKIP
    """
    model = next(iter(models.values()))
    columns = model.columns_
    frame = as_frame(frame, () if columns.series is None else (columns.series,), time=columns.time)
    if model.test_series_:
        frame = frame[frame[columns.series].isin(model.test_series_)]
    series = read_prepared(frame, model._model.preparation)[0]
    test = _first_series(model.backtest(frame, start=model.test_start_), series)
    label = name or test.targets[0]
    step = step_name(model)
    first, *others = (one.scores_ for one in models.values())
    return ForecastReport(
        title=title or f"{label}, {model.horizon_} {step}{'s' if model.horizon_ > 1 else ''} ahead",
        target=label,
        unit=unit,
        step=step,
        comparison=forecast_table(models, [[*first, *baselines], *others], unit=unit),
        samples=_samples(test),
        stretch=_stretch(test),
        losses=loss_curves(models),
        gates=_gates(model, series, frame) if model.cell == "gru" else None,
        levels=(test.quantiles[0], test.quantiles[-1]),
        provenance=_provenance(model, command),
        description=description or _description(model),
        time_zone=str(series.index.tz or ""),
    )


def forecast_table(
    models: Mapping[str, Forecaster],
    scores: Sequence[Sequence[Mapping[str, Any]]],
    target: str | None = None,
    *,
    unit: str = "",
) -> Comparison:
    """Return a row per model and, once, the baselines, from what each model's ``evaluate`` returned.

    One target at a time, by default the first: errors of different units have no common mean.
    """
    target = scores[0][0]["target"] if target is None else target
    model = next(iter(models.values()))
    rows = [
        _model_row(name, next(row for row in found if row["target"] == target), one)
        for (name, one), found in zip(models.items(), scores, strict=True)
    ]
    own = scores[0][0]["name"]
    baselines = [row for row in scores[0] if row["target"] == target and row["name"] != own]
    rows += [forecast_row(row["name"], "baseline", row) for row in baselines]
    return Comparison(forecast_columns(model.horizon_, unit=unit, step=step_name(model)), rows)


def step_name(model: Forecaster) -> str:
    """Return "hour" for a step of one hour, and "step" where one step has no name."""
    step = model.provenance_["step"].partition(" (")[0].removeprefix("about ")
    count, unit = _ONE_OF.get(step, step).split(" ", 1)
    return unit if count == "1" else "step"


def _model_row(name: str, score: Mapping[str, Any], model: Forecaster) -> Row:
    cost = trained(model) | {"peak_memory_bytes": model.peak_memory_bytes_, "hidden_size": model.hidden_size}
    return forecast_row(name, "model", score, detail=f"{model.hidden_size} units", **cost)


def _first_series(test: Backtest, series: Series) -> Backtest:
    """Return the windows of one series, with times as its clocks show them."""
    chosen = np.array([name == test.series[0] for name in test.series])
    return Backtest(
        series=tuple(name for name in test.series if name == test.series[0]),
        origins=test.origins[chosen],
        times=_as_shown(test.times[chosen], series),
        truth=test.truth[chosen],
        forecast=test.forecast[chosen],
        quantiles=test.quantiles,
        targets=test.targets,
    )


def _samples(test: Backtest) -> list[Sample]:
    """Return an easy, a typical and a hard window, by the rank of their errors: none is picked by eye."""
    error = np.abs(test.median[..., 0] - test.truth[..., 0]).mean(axis=1)  # NaN where a truth is missing
    horizon = test.times.shape[1]
    before = -(-_HISTORY // horizon)  # earlier windows, whose truth is this one's history
    ranked = [i for i in np.argsort(error) if i >= before and not np.isnan(error[i])]
    if len(ranked) < 3:
        return []
    return [_sample(test, row, before, title) for title, row in at_ranks(ranked, _PLACES).items()]


def _sample(test: Backtest, index: int, before: int, title: str) -> Sample:
    past = slice(index - before, index)
    return Sample(
        title=title,
        times=test.times[index],
        truth=test.truth[index, :, 0],
        median=test.median[index, :, 0],
        lower=test.forecast[index, :, 0, 0],
        upper=test.forecast[index, :, 0, -1],
        history_times=test.times[past].ravel()[-_HISTORY:],
        history=test.truth[past, :, 0].ravel()[-_HISTORY:],
    )


def _stretch(test: Backtest) -> Sample:
    """Return the last forecasts of the test part, end to end."""
    horizon = test.times.shape[1]
    count = min(len(test.times), max(1, _STRETCH // horizon))
    last = slice(len(test.times) - count, None)
    of_series = "" if test.series[0] is None else f" of {test.series[0]}"
    return Sample(
        title=(f"The last {count} forecasts in a row" if count > 1 else "The last forecast") + of_series,
        times=test.times[last].ravel(),
        truth=test.truth[last, :, 0].ravel(),
        median=test.median[last, :, 0].ravel(),
        lower=test.forecast[last, :, 0, 0].ravel(),
        upper=test.forecast[last, :, 0, -1].ravel(),
        # Forecasts of one step are points; a line through them is easier to follow.
        starts=range(0, count * horizon, horizon) if horizon > 1 else (0,),
    )


def _gates(model: Forecaster, series: Series, frame: pd.DataFrame) -> Gates:
    """Return the gates of the last layer, beside the first target as the window had it."""
    gates = model.gates(frame)
    return Gates(
        times=_as_shown(gates.times.tz_convert(None).to_numpy() if gates.times.tz else gates.times.to_numpy(), series),
        values=series.values[np.isin(series.index, gates.times), 0],
        reset=gates.reset[-1],
        update=gates.update[-1],
    )


def _provenance(model: Forecaster, command: str) -> dict[str, str]:
    made = model.provenance_
    first, last = (pd.Timestamp(time) for time in made["time_span"])
    about = {
        "Rows": f"{made['rows']:,}, one per {made['step'].removeprefix('1 ')}",
        "Time span": f"{_moment(first, model)} to {_moment(last, model)}",
        **_held_out(model),
    }
    return repeatable(model, about, command)


def _held_out(model: Forecaster) -> dict[str, str]:
    if model.test_start_ is None:
        return {"Held out": f"{len(model.test_series_):,} series"}
    return {"Held out from": _moment(model.test_start_, model)}


def _description(model: Forecaster) -> str:
    if model.test_start_ is None or model.validation_start_ is None:
        return (
            f"Measured on {len(model.test_series_):,} series that the model has not seen, stopped by "
            f"{len(model.validation_series_):,} others."
        )
    return (
        f"Trained on what came before {_moment(model.validation_start_, model)}, stopped by what came until "
        f"{_moment(model.test_start_, model)}, measured on every window after that."
    )


def _moment(time: pd.Timestamp, model: Forecaster) -> str:
    notation = model._model.preparation.notation
    if notation.form in ("index", "year"):
        return Times(np.array([time.to_datetime64()]), None, notation).text(0)
    return f"{time:%Y-%m-%d}" if time == time.normalize() else f"{time:%Y-%m-%d %H:%M}"


def _as_shown(times: np.ndarray, series: Series) -> np.ndarray:
    """What the clocks of a series show at these times, UTC if it has a zone; of a count of steps their numbers."""
    if series.times.notation.numbered:
        return times.astype("M8[ns]").astype(np.int64) / 1e9
    if series.times.zone is None:
        return times
    local = pd.DatetimeIndex(times.ravel(), tz="UTC").tz_convert(series.index.tz).tz_localize(None)
    return local.to_numpy().reshape(times.shape)
