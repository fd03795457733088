"""Detection of anomalies in time series: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gruvy.data import as_frame, chosen_step, is_frame, time_name
from gruvy.detection import Detector, DetectorStream, Verdict, check_values, differences, network_errors
from gruvy.errors import DataError
from gruvy.graph import Graph
from gruvy.tasks.anomaly.calibration import check_training_alarms, fit_chart, fit_limits
from gruvy.tasks.anomaly.data import Parts, Readings, read_readings, windows
from gruvy.tasks.anomaly.network import AnomalyNetwork, ChangeLoss, usual_changes
from gruvy.tasks.anomaly.results import evaluation, event_table, read_labels
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.params import FRACTION, check_sum, integer
from gruvy.tasks.shared.tables import parent_columns
from gruvy.tasks.shared.weights import PREFIX
from gruvy.timeseries import Notation, Problems, Scaler, Step, TimeFormat
from gruvy.training import Progress

# The name of the array of the scores that the threshold is of.
_SCORES = "calibration/scores"


class AnomalyDetector(OutlierMixin, Estimator):
    """Finds the rows of a time series that a GRU, trained on normal rows, did not expect.

    The network forecasts the next ``horizon`` rows at every row. How far the errors of these forecasts lie from the
    usual ones, all columns together, is the score of a row; see `gruvy.detection.Detector` for the equations. The rows
    of the fit, which should be normal, are divided by time: the first part trains the network, ``validation_fraction``
    of the rows after it chooses the best epoch and gives the usual errors, and the last ``calibration_fraction``, of
    which nothing else is learnt, gives the threshold.

    Args:
        context_length: T, rows of a training window; this many rows at the beginning are not judged.
        horizon: P, rows ahead that are forecast. More of them see slower departures.
        false_alarm_rate: the fraction of normal rows above the threshold, as far as they are like those of the fit.
        memory: rows over which the errors are averaged to see drifts.
        merge_gap: this many rows without an alarm, or fewer, do not split an event.
        min_length: events of fewer rows, from the first alarm to the last, are left out.
        difference: judge the changes over this many rows in place of the values, for series that drift away from those
            of the fit or grow; 0 for the values.
        hidden_size: H, units of each layer.
        num_layers: recurrent layers.
        dropout: fraction of the units dropped in training, between layers and before the head.
        validation_fraction, calibration_fraction: fractions of the rows of the fit.
        batch_size: windows in a training step.
        max_epochs: the most passes over the training windows.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.

    Attributes:
        offset_: -1, where `score_samples` has its threshold.
        detector_: the `gruvy.detection.Detector`, which needs no torch.
        calibration_scores_: scores of the calibration part, an alarm above 1.
        history_: one row per epoch: epoch, train_loss, validation_loss (squared error of the changes over the mean
            square of the changes themselves: 1 is persistence), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        time_, step_: the column of times and their step; None where rows are only numbered.
        provenance_: versions, machine, threads, seed, rows, parts, date.
        feature_names_in_, n_features_in_: the columns.

    Example:
        >>> rows = np.sin(np.arange(400) / 5)[:, None]
        >>> detector = AnomalyDetector(16, 2, false_alarm_rate=0.05, max_epochs=1, random_state=0).fit(rows)
        >>> detector.predict(rows).shape
        (400,)
    """

    detector_: Detector
    step_: Step | None
    TASK = "anomaly"
    _rules: ClassVar = {
        "context_length": integer(1),
        "horizon": integer(1),
        "memory": integer(1),
        "min_length": integer(1),
        "merge_gap": integer(0),
        "difference": integer(0),
        "false_alarm_rate": FRACTION,
        "calibration_fraction": FRACTION,
    }
    _fitted = (*Estimator._fitted, "n_parameters_", "time_")
    _shaping = ("horizon", "difference", "hidden_size", "num_layers")

    def __init__(
        self,
        context_length: int = 64,
        horizon: int = 8,
        *,
        false_alarm_rate: float = 0.002,
        memory: int = 24,
        merge_gap: int = 8,
        min_length: int = 1,
        difference: int = 0,
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.2,
        validation_fraction: float = 0.2,
        calibration_fraction: float = 0.2,
        batch_size: int = 16,
        max_epochs: int = 60,
        patience: int = 8,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.context_length = context_length
        self.horizon = horizon
        self.false_alarm_rate = false_alarm_rate
        self.memory = memory
        self.merge_gap = merge_gap
        self.min_length = min_length
        self.difference = difference
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.calibration_fraction = calibration_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        time: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        step: Any = None,
        calendar: Any = None,
        timezone: str | None = None,
        time_format: str | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        rescale: bool = False,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on normal rows, learn their usual forecast errors, and set the threshold.

        Args:
            X: a DataFrame or an array (T, C) of one series, a row a step, no value missing.
            y: not used; scikit-learn passes it.
            time: the column of dates and times, at a regular step, or several that hold them together; without it the
                rows are only numbered.
            columns: of the table to watch; all but the time by default.
            step, calendar, timezone, time_format: of the times; see `gruvy.Forecaster.fit`.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted detector of the same parameters, or the path of its file, with whose weights the
                training begins; its scaling is kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: rows that cannot be used, or too few.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        when: str | None = time_name(time)
        parent, chosen = run.parent, None if when is None else chosen_step(step, calendar, when)
        if parent is not None:
            if columns is None and is_frame(X):
                came = as_frame(X, (), time=when).columns
                parent_columns(parent.detector_.columns, [str(name) for name in came if str(name) != when])
            columns = parent._shared_columns(columns)
        usual = None if parent is None or when is None else parent.step_
        readings = read_readings(X, columns, when, chosen or usual, said=TimeFormat(time_format, timezone))
        check_values(readings.values, readings.columns)
        parts = Parts.of(len(readings.values), self.validation_fraction, self.calibration_fraction)
        parts.check(context=self.context_length, horizon=self.horizon, rate=self.false_alarm_rate)
        values = differences(readings.values, self.difference)
        scaler = Scaler.of([values[self.difference : parts.validation]])
        if parent is not None and run.keeps_scaling:
            scaler = Scaler(parent.detector_.mean[None], parent.detector_.std[None])
        constant = np.flatnonzero(scaler.std[0] == 0)  # a departure would have no unit
        if len(constant):
            name, value = readings.columns[constant[0]], values[-1, constant[0]]
            raise DataError(
                f"the data: column '{name}' is constant ({value:g}) in the training part, its first "
                f"{parts.validation} rows ({len(constant)} such columns); leave it out"
            )
        scaled = scaler.scale(values, 0)
        sizes = {"context": self.context_length, "horizon": self.horizon, "batch_size": self.batch_size}
        scale = usual_changes(scaled[: parts.validation], self.horizon)

        network = run.start(
            lambda: AnomalyNetwork(
                len(readings.columns),
                self.horizon,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                dropout=self.dropout,
            )
        )
        if parent is None:
            network.start_linear(scaled[: parts.validation], scale)
        else:
            network.measure_changes_in(scale)
        first, last = (str(readings.index[row]) for row in (0, -1))
        self._train(
            run,
            network,
            ChangeLoss(scale),
            windows(scaled[: parts.validation], **sizes),
            windows(scaled[parts.validation : parts.calibration], **sizes),
            identity=self._identity([readings.values], columns=list(readings.columns)),
            facts={
                "rows": {"training": parts.validation, "validation": parts.calibration - parts.validation}
                | {"calibration": parts.rows - parts.calibration},
                "span": [first, last],
            },
        )
        self.n_parameters_ = sum(weight.numel() for weight in network.parameters())
        self.time_, self.step_, self._notation = when, readings.step, readings.notation

        graph = network.graph(scale)
        errors = network_errors(graph, scaled)
        warm_up = self.context_length + self.difference
        chart = fit_chart(errors, parts, warm_up)
        share = 2 / (self.memory + 1)
        jump, drift, self.calibration_scores_ = fit_limits(
            errors, chart, parts, share=share, rate=self.false_alarm_rate
        )
        self._set_detector(
            Detector(
                graph=graph,
                columns=readings.columns,
                mean=scaler.mean[0],
                std=scaler.std[0],
                chart=chart,
                share=share,
                jump_limit=jump,
                drift_limit=drift,
                warm_up=warm_up,
                merge_gap=self.merge_gap,
                min_length=self.min_length,
                difference=self.difference,
                time=readings.time_column(when),
            )
        )
        check_training_alarms(
            self.detector_.scores(readings.values)[: parts.validation], self.false_alarm_rate, self.difference
        )
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Score every row, as scikit-learn's outlier detectors do: the lower, the less normal.

        Args:
            X: the rows of one series in order, with the columns of the fit.

        Returns:
            (T,) from 0 down, an alarm below -1; NaN in the first rows, which cannot be judged (`detect` says how many).

        Raises:
            DataError: rows that cannot be used.
        """
        readings, verdict = self._judge(X)
        return -readings.of_table(verdict.scores)

    def decision_function(self, X: Any) -> np.ndarray:
        """``score_samples(X) - offset_``: negative where there is an alarm."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """-1 for every row that raises an alarm, 1 for all others: (T,).

        scikit-learn knows no third answer: of the first rows, which are not judged, it is 1 too. `detect` leaves them
        empty.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def detect(self, X: Any) -> pd.DataFrame:
        """Score every row: a table.

        Args:
            X: the rows of one series in order, with the columns of the fit.

        Returns:
            A row for each: the time (or ``row``), ``score``, an alarm above 1, ``anomaly`` and ``event``, the number of
            the event of `events` that the row belongs to; -1 for none. The first ``context_length + difference`` rows
            are not judged and have missing values there: put as many of the preceding rows in front of those to be
            judged.

        Raises:
            DataError: rows that cannot be used.
        """
        readings, verdict = self._judge(X)
        table = pd.DataFrame({self.time_ or "row": readings.index, **self.detector_.verdict_columns(verdict)})
        return table.astype({"anomaly": "boolean", "event": "Int64"})

    def events(self, X: Any) -> pd.DataFrame:
        """Join alarms to events.

        Args:
            X: the rows of one series in order, with the columns of the fit.

        Returns:
            A row for each event: ``start`` and ``end``, its first and last alarm, ``peak``, all three times or numbers
            of rows, ``rows``, the highest ``score``, and ``column``, without which the scores would be lowest.

        Raises:
            DataError: rows that cannot be used.
        """
        readings, verdict = self._judge(X)
        return event_table(self.detector_, verdict, readings.index)

    def evaluate(self, X: Any, labels: str | Any, *, tolerance: int = 0) -> dict[str, Any]:
        """Compare alarms and events with labels.

        Args:
            X: the rows of one series in order, with the columns of the fit.
            labels: (T,) true, or 1, where a row is anomalous; or the column of the table that says so.
            tolerance: labelled events count as this many rows longer at both ends.

        Returns:
            What `gruvy.detection.event_scores` gives, and ``normal_rows`` (how many of the judged rows are normal),
            ``normal_rows_alarmed`` (how many of these are above the threshold), ``normal_rows_flagged`` (their share),
            ``median_delay`` (rows from the start of a labelled event to its first alarm), ``roc_auc`` and
            ``average_precision`` of the rows' scores; NaN where there is nothing to measure. The first rows, which are
            not judged, count nowhere.

        Raises:
            ArgumentError: labels of another length, or that are not 0 and 1.
            DataError: rows that cannot be used.
        """
        readings, verdict = self._judge(X)
        known = readings.in_order(read_labels(X, labels, len(readings.values)))
        found = self.detector_.events(verdict.scores)
        return evaluation(verdict.scores, found, known, linger=self.detector_.linger, tolerance=tolerance)

    def stream(self) -> DetectorStream:
        """Return the detector to be run one row at a time on a `gruvy.StreamingGRU`.

        Its ``step(row)`` returns the score of the row as `detect` has it, an alarm above 1.
        """
        check_is_fitted(self)
        return self.detector_.stream()

    def _weights(self) -> dict[str, Tensor]:
        """Those of the graph, whose last layer gives changes in units of the scaled values."""
        arrays = self.detector_.graph.arrays
        return {
            name.removeprefix(PREFIX).replace("change.", "head."): torch.from_numpy(array)
            for name, array in arrays.items()
        }

    def _shared_columns(self, columns: Sequence[str] | None) -> tuple[str, ...]:
        """The columns of this fit, which those of one that begins with its weights have to be."""
        own = self.detector_.columns
        if columns is not None and sorted(columns) != sorted(own):
            raise DataError(
                f"columns: the model that this one begins from watches {', '.join(own)}, got {', '.join(columns)}; "
                "name the same ones, or fit anew"
            )
        return own

    def _judge(self, X: Any) -> tuple[Readings, Verdict]:
        check_is_fitted(self)
        time = self.time_ if is_frame(X) else None
        readings = read_readings(X, self.detector_.columns, time, self.step_, notation=self._notation)
        self.detector_.note_unjudged(len(readings.values))
        return readings, self.detector_.judge(readings.values)

    def _check_together(self, params: Mapping[str, Any], problems: Problems) -> None:
        check_sum(params, problems, "validation_fraction", "calibration_fraction")

    def _state(self) -> tuple[Arrays, Document]:
        arrays = {**self.detector_.tensors(), _SCORES: self.calibration_scores_}
        step = None if self.step_ is None else self.step_.document()
        return arrays, {"fitted": {"step": step, "notation": self._notation.document()}, **self.detector_.document()}

    def _restore(self, arrays: Arrays, document: Document) -> None:
        fitted = document["fitted"]
        self.step_ = None if fitted["step"] is None else Step.of_document(fitted["step"])
        self._notation = Notation.of_document(fitted.get("notation", {}))
        self.calibration_scores_ = arrays[_SCORES]
        self._set_detector(Detector.of_document(Graph.of_document(document["graph"], arrays), document, arrays))

    def _set_detector(self, detector: Detector) -> None:
        """Take over the parts of a fitted detector."""
        self.detector_ = detector
        self.offset_ = -1.0
        self.feature_names_in_ = np.array(detector.columns, dtype=object)
        self.n_features_in_ = len(detector.columns)
