"""Fitted models where only NumPy is: no torch, no pandas, no scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gruvy import files
from gruvy.detection import TASK as ANOMALY
from gruvy.detection import Detector
from gruvy.errors import FileFormatError
from gruvy.graph import Graph, graph_of_file
from gruvy.language import Alphabet, Characters, GraphNetwork, Subwords, read_pieces
from gruvy.music.composer import TASK as MUSIC
from gruvy.music.composer import Composer
from gruvy.timeseries import (
    Preparation,
    Scaler,
    Series,
    Times,
    check_levels,
    count_quantiles,
    forecast_columns,
    next_windows,
    read_mapping,
    unscaled,
)

# Windows in a run; more cost memory and save no time.
_BATCH = 512
FORECAST = "forecast"
LANGUAGE = "language"


def load(path: str | os.PathLike[str]) -> ForecastRuntime | Characters | Detector | Composer | Graph:
    """Read a .gruvy file to predict or stream with it; needs NumPy and safetensors only.

    Args:
        path: what an estimator's ``save`` or `Graph.write` wrote.

    Returns:
        For a Forecaster a `ForecastRuntime`, whose ``predict`` gives what the Forecaster's does; for a LanguageModel
        its `gruvy.language.Characters`, which generate and measure as it does; for an AnomalyDetector its
        `gruvy.detection.Detector`; for a PolyphonicModel a `gruvy.music.Composer`; for a network its
        `Graph`, which runs and streams.

    Raises:
        FileFormatError: the file is missing, damaged, no .gruvy file, or has no network that runs without torch: one
            of LSTM or tanh cells, or of an older gruvy.

    Example:
        >>> model = load("weather.gruvy")  # doctest: +SKIP
        >>> model.predict({"time": times, "temp": temperatures})  # doctest: +SKIP
    """
    path = Path(path)
    return of_file(path, *files.read(path))


def of_file(
    path: Path, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]
) -> ForecastRuntime | Characters | Detector | Composer | Graph:
    """Put together what `load` returns from the content of a file."""
    graph = graph_of_file(path, arrays, document)
    if document.get("task") not in (FORECAST, LANGUAGE, ANOMALY, MUSIC):
        return graph
    try:
        if document["task"] == LANGUAGE:
            return _characters(graph, read_pieces(document["alphabet"]), document["params"].get("unknown"))
        if document["task"] == MUSIC:
            return Composer.of_document(graph, document)
        if document["task"] == ANOMALY:
            return Detector.of_document(graph, document, arrays)
        about, params = document["preprocessing"], document["params"]
        scaler = Scaler(arrays["scaler/mean"], arrays["scaler/std"])
        return ForecastRuntime(
            graph,
            Preparation.of_document(about, scaler),
            int(params["context_length"]),
            int(params["horizon"]),
            tuple(float(level) for level in about["quantiles"]),
            int(about.get("min_context", params["context_length"])),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error


@dataclass(frozen=True)
class ForecastRuntime:
    """A fitted `gruvy.Forecaster`, to predict with.

    Attributes:
        graph: its network, with the inputs "context" (T, N, C), "anchor" (N, D) and, if there are known covariates,
            "ahead" (P, N, K), all scaled, and the output "quantiles" (P, N, D * Q); of counts without "anchor", and the
            output "counts" (P, N, D * 2).
        preparation: from a table to the network's inputs.
        context_length: T, steps to look back.
        horizon: P, steps to forecast.
        quantiles: Q levels, increasing, the median among them.
        min_context: steps to look back on that are enough.

    Raises:
        ValueError: the graph does not fit the rest.
    """

    graph: Graph
    preparation: Preparation
    context_length: int
    horizon: int
    quantiles: tuple[float, ...]
    min_context: int

    def __post_init__(self) -> None:
        columns = self.preparation.columns
        D, K = len(columns.targets), len(self.preparation.ahead)
        wanted: dict[str, tuple[Any, int]] = {"context": ("T", self.preparation.channels)}
        if not self._counts:
            wanted["anchor"] = (None, D)
        if K:
            wanted["ahead"] = (self.horizon, K)
        found = {name: (value.steps, value.features) for name, value in self.graph.inputs.items()}
        name = "counts" if self._counts else "quantiles"
        output, features = self.graph.values.get(name), D * (2 if self._counts else len(self.quantiles))
        fits = output is not None and (output.steps, output.features) == (self.horizon, features)
        if found != wanted or not fits or self.graph.outputs != (name,):
            raise ValueError(f"the network reads {found} and returns {output}; expected {wanted}")
        if not 1 <= self.min_context <= self.context_length or 0.5 not in self.quantiles:
            raise ValueError(f"context_length is {self.context_length}, the quantiles are {self.quantiles}")

    @property
    def _counts(self) -> bool:
        """Whether the network gives the distribution of counts."""
        return self.graph.outputs == ("counts",)

    def predict(self, table: Mapping[str, Any], *, quantiles: Sequence[float] | None = None) -> dict[str, Any]:
        """Forecast the ``horizon`` rows after the last time of each series, as `gruvy.Forecaster.predict` does.

        Args:
            table: column name -> array of a row for each time and series, or a DataFrame: at least ``context_length``
                rows a series. Times are datetime64, Python's datetimes, with a time zone or without, or text or numbers
                as in the table of the fit; missing numbers are NaN. Known covariates bring their future rows, in which
                the targets are NaN.
            quantiles: levels to add as columns, out of those of the fit.

        Returns:
            Column name -> array, ``horizon`` rows a series: the series id if there is one, the time (as the table
            writes it; datetime64, or of times with a zone datetimes in that zone), one column a target (the median) and
            one a target and level, such as "temp_q0.1".

        Raises:
            ArgumentError: a level that was not trained.
            DataError: a table that cannot be used, or with too few rows.
            GruvyError: the native engine is missing.
        """
        preparation, horizon = self.preparation, self.horizon
        wanted = check_levels(self.quantiles, quantiles)
        series = read_mapping(table, preparation.columns, preparation.step, preparation.notation)
        preparation.note_unseen(series)
        T, least = self.context_length, self.min_context
        series = next_windows(series, preparation, least=least, context=T, horizon=horizon)
        found = forecast_columns(self.forecast(series), series, preparation, self.quantiles, wanted)
        times = {preparation.columns.time: _joined([one.times[-horizon:] for one in series])}
        if preparation.columns.series is None:
            return times | found
        names = {preparation.columns.series: np.array(found.pop(preparation.columns.series))}
        return names | times | found

    def forecast(self, series: Sequence[Series]) -> np.ndarray:
        """The rows ahead of series that end with them, see `gruvy.timeseries.next_windows`: (P, S, D, Q) in the
        targets' own units."""
        preparation = self.preparation
        rows = preparation.rows(series)
        targets = len(preparation.columns.targets)
        outputs_each = 2 if self._counts else len(self.quantiles)
        shaped = np.empty((self.horizon, len(series), targets, outputs_each))
        ends = rows.bounds[1:] - self.horizon
        lengths = np.minimum(ends - rows.bounds[:-1], self.context_length)
        # Windows of one length at a time.
        order = np.argsort(-lengths, kind="stable")
        groups = [order[lengths[order] == length] for length in dict.fromkeys(lengths[order].tolist())]
        for part in [part for group in groups for part in np.split(group, range(_BATCH, len(group), _BATCH))]:
            origins, T = ends[part], lengths[part[0]]
            inputs = {
                "context": rows.inputs[np.arange(-T, 0)[:, None] + origins],
                "ahead": rows.inputs[np.arange(self.horizon)[:, None] + origins][..., preparation.ahead],
                "anchor": rows.inputs[origins - 1, :targets],
            }
            rows.scales.rescale(origins, **inputs)
            inputs = {name: array for name, array in inputs.items() if name in self.graph.inputs}
            outputs, _ = self.graph.run(inputs)
            shaped[:, part] = outputs[self.graph.outputs[0]].reshape(self.horizon, len(part), targets, -1)
        if self._counts:
            level = rows.scales.level(ends, self.context_length)
            return preparation.bounded(count_quantiles(shaped, level, self.quantiles))
        scales = rows.scales.of(ends, self.context_length, self.horizon)
        return preparation.bounded(unscaled(shaped, scales))


def _characters(graph: Graph, alphabet: Alphabet | Subwords, unknown: str | None) -> Characters:
    """Check that graph and alphabet fit each other."""
    inputs = {name: (value.steps, value.features, value.whole) for name, value in graph.inputs.items()}
    output = graph.values.get("logits")
    fits = output is not None and (output.steps, output.features) == ("T", len(alphabet))
    if inputs != {"characters": ("T", 1, True)} or not fits or graph.outputs != ("logits",):
        raise ValueError(f"the network reads {inputs} and returns {output}; expected {len(alphabet)} logits")
    return Characters(GraphNetwork(graph), alphabet, unknown)


def _joined(times: Sequence[Times]) -> np.ndarray:
    joined = times[0]
    for one in times[1:]:
        joined = joined.followed_by(one)
    return joined.column()
