"""`Detector`: a fitted anomaly detector without torch, in batch and one row at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.detection.charts import Chart, forecast_errors, running_mean
from gruvy.detection.events import Event, find_events
from gruvy.errors import DataError, note
from gruvy.graph import Graph, Value
from gruvy.timeseries import Columns, Notation, Problems, Step, Times, read_mapping, read_rows

TASK = "anomaly"
Array = NDArray[np.float64]
_LARGEST = 1e9
# The network has seen no input further out than a few standard deviations; one far beyond would only fill its state.
_LARGEST_INPUT = 10.0


class Verdict(NamedTuple):
    """What a detector says of T rows.

    Attributes:
        scores: (T,), 0 and above, an alarm above 1; NaN in the first rows, which cannot be judged.
        shares: (T, C), by how much the square of a row's score falls without the column; see `Chart.shares`. NaN as
            the scores.
    """

    scores: Array
    shares: Array


class TimeColumn(NamedTuple):
    """The column of times of the table of the fit.

    Attributes:
        name: of the column.
        step: between its times.
        notation: how it writes them.
    """

    name: str
    step: Step
    notation: Notation


@dataclass(frozen=True, eq=False)
class Detector:
    """Scores rows by the errors of a GRU's forecasts of them.

    At every row the network forecasts the next P rows. The errors of all forecasts of one row, P * C numbers, go to two
    control charts: Hotelling's for what jumps, and for what drifts the same of their exponentially weighted mean (Lowry
    et al. 1992). The score is the larger of the two distances in units of their limits, so that 1 is the threshold::

        e_t = (x_t - f_{t-1}(1), ..., x_t - f_{t-P}(P))
        m_t = m_{t-1} + share (e_t - m_{t-1})
        score_t = max(distance(e_t) / jump_limit, distance(m_t) / drift_limit)

    Attributes:
        graph: the network: the input "x" (T, N, C), scaled, and the output "change" (T, N, P * C), see
            `forecast_errors`.
        columns: C names.
        mean, std: (C,), which scale the columns.
        chart: of P * C errors.
        share: of the newest error in their mean.
        jump_limit, drift_limit: distances.
        warm_up: this many rows at the beginning have no score (NaN), because the network has seen too little.
        merge_gap, min_length: see `find_events`.
        difference: 0, or the lag of the differences that are judged in place of the values.
        time: the column of times; None where rows are only numbered.

    Raises:
        ValueError: the parts do not fit each other.
    """

    graph: Graph
    columns: tuple[str, ...]
    mean: Array
    std: Array
    chart: Chart
    share: float
    jump_limit: float
    drift_limit: float
    warm_up: int
    merge_gap: int
    min_length: int
    difference: int = 0
    time: TimeColumn | None = None

    def __post_init__(self) -> None:
        C = len(self.columns)
        change = self.graph.values.get("change")
        if self.graph.inputs != {"x": Value(C)} or change is None or change.steps != "T" or change.features % C:
            raise ValueError(f"the network reads {dict(self.graph.inputs)} and returns {change}; expected x with {C}")
        E = change.features
        wanted = {"scaler/mean": (C,), "scaler/std": (C,), "chart/mean": (E,), "chart/whitening": (E, E)}
        found = {name: array.shape for name, array in self._arrays().items()}
        if found != wanted:
            raise ValueError(f"its arrays have the shapes {found}; expected {wanted}")

    @property
    def horizon(self) -> int:
        """P, the rows ahead that the network forecasts."""
        return self.graph.values["change"].features // len(self.columns)

    @property
    def linger(self) -> int:
        """Rows after an anomaly in which it may still raise alarms: 0.25% of its errors are left in their mean then."""
        return self.horizon + 3 * round(2 / self.share - 1)

    def scaled(self, values: Array) -> Array:
        """Difference and scale (T, C) values; the impossible ones stay so small that their squares are numbers."""
        values = differences(values, self.difference)
        found: Array = np.clip((values - self.mean) / self.std, -_LARGEST, _LARGEST)
        return found

    def detect(self, table: Any) -> dict[str, NDArray[Any]]:
        """Score every row of a table, as `gruvy.AnomalyDetector.detect` does.

        Args:
            table: column name -> array, or a DataFrame: the rows of one series, with the columns of the fit; or an
                array (T, C), whose rows are only numbered.

        Returns:
            Column name -> array, a row for each step: the time (or ``row``), ``score``, an alarm above 1, ``anomaly``
            and ``event``, the number of the event of `events` that the row belongs to; -1 for none. The first
            ``warm_up`` rows are not judged: their score is NaN, the others are None.

        Raises:
            DataError: rows that cannot be used.
        """
        values, times = self._read(table)
        self.note_unjudged(len(values))
        index = np.arange(len(values)) if times is None else times.column()
        name = "row" if self.time is None or times is None else self.time.name
        return {name: index, **self.verdict_columns(self.judge(values))}

    def note_unjudged(self, rows: int) -> None:
        """Say that none of so few rows is judged."""
        if rows <= self.warm_up:
            note(
                f"none of the {rows} rows is judged: the detector has to see {self.warm_up} rows before it judges one; "
                f"put the {self.warm_up} rows before them in front of them"
            )

    def verdict_columns(self, verdict: Verdict) -> dict[str, NDArray[Any]]:
        """The columns of `detect` beside the time."""
        event = np.full(len(verdict.scores), -1).astype(object)
        for number, one in enumerate(self.events(verdict.scores)):
            event[one.start : one.stop] = number
        anomaly = (verdict.scores > 1).astype(object)
        unjudged = np.isnan(verdict.scores)
        anomaly[unjudged] = event[unjudged] = None
        return {"score": verdict.scores, "anomaly": anomaly, "event": event}

    def _read(self, table: Any) -> tuple[Array, Times | None]:
        if not hasattr(table, "keys"):
            return np.asarray(table, np.float64), None
        if self.time is None:
            return read_rows(table, self.columns), None
        (series,) = read_mapping(table, Columns(self.columns, self.time.name), self.time.step, self.time.notation)
        return series.values, series.times

    def judge(self, values: Array) -> Verdict:
        """Score every row of a series.

        Args:
            values: (T, C) in the columns' own units.

        Returns:
            Scores, and what the columns have to do with them.

        Raises:
            DataError: values of another shape, or not finite.
        """
        check_values(values, self.columns)
        errors = network_errors(self.graph, self.scaled(values))
        means = running_mean(errors, self.share)
        jump, drift = self.chart.distance(errors) / self.jump_limit, self.chart.distance(means) / self.drift_limit
        scores = np.maximum(jump, drift)
        shares = np.where(
            (jump >= drift)[:, None],
            self.chart.shares(errors, len(self.columns)) / self.jump_limit**2,
            self.chart.shares(means, len(self.columns)) / self.drift_limit**2,
        )
        scores[: self.warm_up] = np.nan
        shares[: self.warm_up] = np.nan
        return Verdict(scores, shares)

    def scores(self, values: Array) -> Array:
        """Score every row (T, C) of a series: (T,), 0 and above, an alarm above 1; NaN in the first ``warm_up`` rows.

        Raises:
            DataError: values of another shape, or not finite.
        """
        return self.judge(values).scores

    def events(self, scores: Array) -> list[Event]:
        """Join alarms to events."""
        return find_events(scores, merge_gap=self.merge_gap, min_length=self.min_length)

    def stream(self) -> DetectorStream:
        """Return the detector to be run one row at a time, with the scores of `scores`."""
        return DetectorStream(self)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by the names that they have in a file."""
        return {**self.graph.arrays, **self._arrays()}

    def document(self) -> dict[str, Any]:
        """Return all but the arrays as plain JSON."""
        return {
            "graph": self.graph.document(),
            "detector": {
                "columns": list(self.columns),
                "share": self.share,
                "jump_limit": self.jump_limit,
                "drift_limit": self.drift_limit,
                "warm_up": self.warm_up,
                "merge_gap": self.merge_gap,
                "min_length": self.min_length,
                "difference": self.difference,
            },
        }

    @classmethod
    def of_document(cls, graph: Graph, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Detector:
        """Put together what `document` and `tensors` returned.

        Raises:
            KeyError, TypeError, ValueError: they are no such things, or do not fit each other.
        """
        about = document["detector"]
        return cls(
            graph=graph,
            columns=tuple(about["columns"]),
            mean=arrays["scaler/mean"],
            std=arrays["scaler/std"],
            chart=Chart(arrays["chart/mean"], arrays["chart/whitening"]),
            share=float(about["share"]),
            jump_limit=float(about["jump_limit"]),
            drift_limit=float(about["drift_limit"]),
            warm_up=int(about["warm_up"]),
            merge_gap=int(about["merge_gap"]),
            min_length=int(about["min_length"]),
            difference=int(about.get("difference", 0)),  # not in files of gruvy 0.1
            time=_time_column(document.get("fitted", {})),
        )

    def _arrays(self) -> dict[str, Array]:
        return {
            "scaler/mean": self.mean,
            "scaler/std": self.std,
            "chart/mean": self.chart.mean,
            "chart/whitening": self.chart.whitening,
        }


class DetectorStream:
    """A detector that takes one row at a time and owns its state; made by `Detector.stream`.

    The GRU is a `gruvy.StreamingGRU`. An object serves one thread at a time.
    """

    def __init__(self, detector: Detector):
        self._detector = detector
        self._network = detector.graph.stream()
        self._mean = np.zeros((1, len(detector.chart.mean)))
        # Forecasts of the newest row first.
        self._forecasts: deque[Array] = deque(maxlen=detector.horizon)
        # The latest rows as they came, newest last, where differences are judged.
        self._latest: deque[Array] = deque(maxlen=detector.difference + 1)
        self.rows = 0

    def step(self, row: Any) -> float:
        """Take the next row (C,) of the series in its own units and return its score: an alarm above 1.

        It is NaN in the first ``warm_up`` rows, which cannot be judged.

        Raises:
            DataError: a row of another shape, or a value that is not finite; the state stays as it was.
        """
        detector = self._detector
        try:
            values = np.asarray(row, np.float64).reshape(1, -1)
        except (TypeError, ValueError) as error:
            raise DataError(f"expected a row of {len(detector.columns)} numbers, got {row!r}") from error
        check_values(values, detector.columns)
        self._latest.append(values)
        rows = np.concatenate([*self._latest])
        scaled = detector.scaled(rows)[-1:]
        errors = np.zeros((detector.horizon, scaled.shape[1]))
        for p, forecast in enumerate(self._forecasts):
            errors[p] = scaled[0] - forecast[p]
        vector = errors.reshape(1, -1)
        self._mean = self._mean + detector.share * (vector - self._mean)
        change = self._network.step({"x": _network_input(scaled)[0]})["change"]
        self._forecasts.appendleft(scaled + change.reshape(detector.horizon, -1))
        self.rows += 1
        if self.rows <= detector.warm_up:
            return float("nan")
        jump = detector.chart.distance(vector).item() / detector.jump_limit
        return max(jump, detector.chart.distance(self._mean).item() / detector.drift_limit)

    def reset(self) -> None:
        """Forget all rows: the next one is the first of a series."""
        self._network.reset()
        self._mean = np.zeros_like(self._mean)
        self._forecasts.clear()
        self._latest.clear()
        self.rows = 0


def _time_column(fitted: Mapping[str, Any]) -> TimeColumn | None:
    """The column of times that the estimator's part of a file names."""
    if fitted.get("time_") is None or fitted.get("step") is None:
        return None
    notation = Notation.of_document(fitted.get("notation", {}))
    return TimeColumn(fitted["time_"], Step.of_document(fitted["step"]), notation)


def differences(values: Array, lag: int) -> Array:
    """The change of each row (T, C) from ``lag`` rows before it, 0 in the first ones; the values where ``lag`` is 0.

    Example:
        >>> differences(np.array([[1.0], [4.0], [9.0]]), 1).tolist()
        [[0.0], [3.0], [5.0]]
    """
    if not lag:
        return values
    changes = np.zeros_like(values)
    changes[lag:] = values[lag:] - values[:-lag]
    return changes


def network_errors(graph: Graph, scaled: Array) -> Array:
    """The errors (T, P * C) of a network's forecasts of scaled rows (T, C); see `forecast_errors`."""
    outputs, _ = graph.run({"x": _network_input(scaled)})
    changes = outputs["change"].reshape(len(scaled), -1, scaled.shape[1]).astype(np.float64)
    return forecast_errors(scaled, changes).reshape(len(scaled), -1)


def _network_input(scaled: Array) -> NDArray[np.float32]:
    """(T, C) -> (T, 1, C)."""
    return np.clip(scaled, -_LARGEST_INPUT, _LARGEST_INPUT)[:, None].astype(np.float32)


def check_values(values: Array, columns: tuple[str, ...]) -> None:
    """Raise DataError for values (T, C) that cannot be scored."""
    if values.ndim != 2 or values.shape[1] != len(columns) or not len(values):
        raise DataError(
            f"the data: expected rows of {len(columns)} numbers ({', '.join(columns)}), got the shape {values.shape}"
        )
    wrong = ~np.isfinite(values)
    problems = Problems("the data")
    for name, rows in zip(columns, wrong.T, strict=True):
        if rows.any():
            problems.add(
                f"column '{name}': expected finite numbers in every row, got {rows.sum()} that are missing or "
                f"infinite, the first in row {rows.argmax()}; fill them in (frame.interpolate() can), or leave the "
                "column out"
            )
    problems.raise_as(DataError)
