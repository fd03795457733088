"""What a forecast report shows, as plain values: whoever has these numbers can have the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve

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
class TableRow:
    """One line of the comparison: a trained model, or a baseline that needs no training.

    Errors are in the target's unit. What does not apply to a baseline is None.
    """

    name: str
    kind: Literal["model", "baseline"]
    mae: float
    rmse: float
    mae_by_step: Sequence[float]
    pinball: float | None = None
    coverage: float | None = None
    hidden_size: int | None = None
    parameters: int | None = None
    seconds_per_epoch: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class Gates:
    """The gates of one window: ``reset`` and ``update`` are (T, H), gruvy's update gate keeps the old state.

    ``values`` (T,) is what the model saw of the target in that window.
    """

    times: NDArray[np.datetime64]
    values: FloatArray
    reset: FloatArray
    update: FloatArray


@dataclass(frozen=True)
class ForecastReport:
    """All that a forecast report shows; ``gruvy.report.write_report`` turns it into HTML.

    Args:
        title: the headline, for example ``"JFK temperature, 24 hours ahead"``.
        target: the name of what is forecast, as it stands in sentences.
        unit: the target's unit, or "" where it is not known.
        step: the name of one time step, for example ``"hour"``.
        rows: the comparison; the first row of kind "model" is what the report is about.
        samples: single windows, drawn side by side.
        stretch: forecasts that follow each other over a longer time, or None.
        losses: one curve per trained model.
        gates: the gates of one window, or None for models that have none.
        levels: the lower and the upper quantile of the drawn band.
        provenance: what a reader needs to repeat the run, name -> value.
        description: one or two sentences on the data and the split, or "".
        time_zone: the zone of all times, or "" where it is not known.

    Raises:
        ArgumentError: there is no model among the rows, or lengths do not fit together.
    """

    title: str
    target: str
    unit: str
    step: str
    rows: Sequence[TableRow]
    samples: Sequence[Sample]
    losses: Sequence[LossCurve]
    provenance: Mapping[str, str]
    levels: tuple[float, float] = (0.1, 0.9)
    stretch: Sample | None = None
    gates: Gates | None = None
    description: str = ""
    time_zone: str = ""
    horizon: int = field(init=False)

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ArgumentError("the report cannot be written: " + "; ".join(problems))
        object.__setattr__(self, "horizon", len(self.model.mae_by_step))

    @property
    def model(self) -> TableRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")


def _problems(report: ForecastReport) -> Sequence[str]:
    problems = []
    if not any(row.kind == "model" for row in report.rows):
        problems.append("no row is of kind 'model': add the model that the report is about")
    steps = {row.name: len(row.mae_by_step) for row in report.rows}
    if len(set(steps.values())) > 1:
        problems.append(f"mae_by_step must have the same length in every row, not {steps}")
    for sample in [*report.samples, *([report.stretch] if report.stretch else [])]:
        lengths = {name: len(getattr(sample, name)) for name in ("times", "truth", "median", "lower", "upper")}
        if len(set(lengths.values())) > 1:
            problems.append(f"sample {sample.title!r} needs arrays of one length, not {lengths}")
    if report.gates is not None:
        gates = report.gates
        if gates.reset.shape != gates.update.shape or len(gates.update) != len(gates.times):
            problems.append(
                f"gates need reset and update of shape (T, H) with T = {len(gates.times)} times, "
                f"not {gates.reset.shape} and {gates.update.shape}"
            )
    return problems
