"""What a forecast report shows, as plain values: whoever has these numbers can have the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, Comparison, Kind, Row, trained_columns
from gruvy.report.text import decimals, fixed, listed, relation

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Sample:
    """Forecasts beside the truth: one window, or several that follow each other without overlap.

    ``times`` and the arrays have T entries; NaN is a missing value. ``starts`` holds the indices at which a
    new forecast begins. ``history`` is what the model saw last before the first one.
    """

    title: str
    times: NDArray[np.datetime64]
    truth: FloatArray
    median: FloatArray
    lower: FloatArray
    upper: FloatArray
    history_times: NDArray[np.datetime64] | None = None
    history: FloatArray | None = None
    starts: Sequence[int] = (0,)


@dataclass(frozen=True)
class Gates:
    """The gates of one window: ``reset`` and ``update`` are (T, H), gruvy's update gate keeps the old state.

    ``values`` (T,) is what the model saw of the target in that window.
    """

    times: NDArray[np.datetime64]
    values: FloatArray
    reset: FloatArray
    update: FloatArray


@dataclass(frozen=True, kw_only=True)
class ForecastReport(Report):
    """The report of forecasters.

    Args:
        target: the name of what is forecast, as it stands in sentences.
        unit: the target's unit, or "" where it is not known.
        step: the name of one time step, for example ``"hour"``.
        comparison: of `forecast_columns`; each row has ``mae_by_step`` too, of one length in all.
        samples: single windows, drawn side by side.
        stretch: forecasts that follow each other over a longer time, or None.
        gates: the gates of one window, or None for models that have none.
        levels: the lower and the upper quantile of the drawn band.
        time_zone: the zone of all times, or "" where it is not known.
    """

    folder: ClassVar[str] = __package__

    target: str
    unit: str
    step: str
    samples: Sequence[Sample]
    levels: tuple[float, float] = (0.1, 0.9)
    stretch: Sample | None = None
    gates: Gates | None = None
    time_zone: str = ""

    @property
    def horizon(self) -> int:
        """How many steps are forecast."""
        return len(self.model["mae_by_step"])

    @property
    def headline(self) -> str:
        """How far off the model is, and by how much it beats or misses each baseline."""
        return forecast_headline(self.comparison, step=self.step, unit=self.unit)

    def quantity(self, value: float) -> str:
        """Return an error with its unit, with as many decimals as the model's mean absolute error needs."""
        return _quantity(value, self.model, self.unit)

    def _problems(self) -> list[str]:
        problems = []
        steps = {row.name: len(row["mae_by_step"]) for row in self.comparison.rows}
        if len(set(steps.values())) > 1:
            problems.append(f"mae_by_step must have the same length in every row, not {steps}")
        for sample in [*self.samples, *([self.stretch] if self.stretch else [])]:
            lengths = {name: len(getattr(sample, name)) for name in ("times", "truth", "median", "lower", "upper")}
            if len(set(lengths.values())) > 1:
                problems.append(f"sample {sample.title!r} needs arrays of one length, not {lengths}")
        if (gates := self.gates) is not None and (
            gates.reset.shape != gates.update.shape or len(gates.update) != len(gates.times)
        ):
            problems.append(
                f"gates need reset and update of shape (T, H) with T = {len(gates.times)} times, "
                f"not {gates.reset.shape} and {gates.update.shape}"
            )
        return problems


def forecast_headline(comparison: Comparison, *, step: str, unit: str = "") -> str:
    """Say in one sentence how far off the model is, and by how much it beats or misses each baseline."""
    model = comparison.model
    error, horizon = model["mae"], len(model["mae_by_step"])
    ahead = f"the next {horizon} {step}s" if horizon > 1 else f"the next {step}"
    sentence = f"The {model.name} is off by {_quantity(error, model, unit)} on average over {ahead}"
    others = comparison.of_kind("baseline", "ceiling")
    against = [f"{relation(error, row['mae'])} {row.name}" for row in others]
    return f"{sentence}: {listed(against)}." if against else f"{sentence}."


def forecast_columns(horizon: int, *, unit: str = "", step: str = "step") -> list[Column]:
    """Return what forecasters are compared by.

    Args:
        horizon: steps that are forecast.
        unit: of the target, or "".
        step: what a step is called.
    """
    of = f" ({unit})" if unit else ""
    narrow = f"\n{unit}" if unit else ""
    over = f"MAE is the mean absolute error{f' over all {horizon} steps' if horizon > 1 else ''}."
    root = "RMSE is the root mean squared error."
    pinball = "Pinball loss is the mean error of the quantiles, each weighted by its level."
    memory = "Peak memory is what training added to the process."
    return [
        Column("mae", f"MAE{of}", "error", "lower", over, narrow=f"MAE{narrow}"),
        Column("mae_at_end", f"MAE at {step} {horizon}", "error", "lower", like="mae"),
        Column("rmse", f"RMSE{of}", "error", "lower", root, like="mae", narrow=f"RMSE{narrow}"),
        Column("pinball", "pinball loss", "error", "lower", pinball, on_page=True),
        Column("coverage", "in the band", ".0%", "", "In the band is the fraction of the truth that lies there."),
        *trained_columns(on_page=False),
        Column("peak_memory_bytes", "peak memory", "memory", "", memory),
    ]


def forecast_row(name: str, kind: Kind, score: Mapping[str, Any], *, detail: str = "", **more: Any) -> Row:
    """Return a row of the comparison from a row of ``evaluate``; ``more`` are other values, as ``parameters``."""
    steps = [np.nan if error is None else error for error in score["mae_by_step"]]
    values = {key: value for key, value in score.items() if key not in ("name", "kind")}
    return Row(name, kind, values | {"mae_by_step": steps, "mae_at_end": steps[-1]} | more, detail)


def _quantity(value: float, model: Row, unit: str) -> str:
    number = fixed(value, decimals([model["mae"]]))
    return f"{number} {unit}" if unit else number
