"""Forecasting of time series: the estimator."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gruvy.data import as_frame, chosen_step, find_categories, read_series, time_name, time_of_index, write_times
from gruvy.errors import ArgumentError
from gruvy.tasks.forecasting.baselines import LinearAutoregression, natural_season
from gruvy.tasks.forecasting.conformal import calibrate
from gruvy.tasks.forecasting.data import PreparedTable, learn_preparation, least_context, note_scales
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.inheritance import inherited, read_shared, shared_columns
from gruvy.tasks.forecasting.model import BATCH, ForecastModel
from gruvy.tasks.forecasting.network import LIKELIHOODS, CountLoss, ForecastNetwork, PinballLoss
from gruvy.tasks.forecasting.raw import RawTable, own_statistics
from gruvy.tasks.forecasting.results import Backtest, Gates
from gruvy.tasks.forecasting.scores import r_squared
from gruvy.tasks.forecasting.sizes import CONTEXT, HORIZON, note_sizes, usual_sizes
from gruvy.tasks.forecasting.split import SPLITS, split_series
from gruvy.tasks.forecasting.values import (
    BOUND,
    bound_pairs,
    check_bounds,
    check_counts,
    check_static,
    holiday_dates,
    note_end_of_calendar,
    target_bounds,
)
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.params import FLAG, LEVELS, check_sum, integer, one_of
from gruvy.tasks.shared.quantiles import quantile_levels, without_margins
from gruvy.timeseries import Columns, Preparation, Problems, Scaler, Series, TimeFormat, check_levels, forecast_columns
from gruvy.training import Progress

# Fitted attributes that are times.
_TIMES = ("validation_start_", "test_start_")


class Forecaster(Estimator):
    """Forecasts the next steps of one or many time series with quantiles, from a recurrent network.

    The table has one row per time (and series). Everything is learnt from its first part by time, the best
    epoch is chosen on the next, and the last, ``test_fraction`` of the span, only serves to score the model
    and the baselines. ``split="series"`` cuts by whole series instead; series that the fit has not seen can then be
    forecast, because one scale serves all. See `gruvy.tasks.forecasting.network.ForecastNetwork` for the network.

    Args:
        horizon: P, steps to forecast; None for 24, or fewer where the table is short.
        context_length: T, steps to look back; None for 168, or fewer where the table is short.
        min_context: steps to look back on that are enough, where a series has no more; below T, half of the training
            is done with shorter histories. None: T, or 3 if some series of the fit has fewer rows than T.
        lower, upper: bounds of the targets' values, one for all or a mapping from some targets to theirs; every
            quantile is kept inside.
        likelihood: "quantile", or "count" for integers from 0 on: median and quantiles are then those of a
            negative binomial distribution (DeepAR, Salinas et al. 2020), which is not calibrated.
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer.
        num_layers: recurrent layers.
        dropout: fraction of the units dropped in training, between layers and before the head.
        quantiles: levels between 0 and 1; the median is always added.
        calibrate: move the quantiles other than the median so that they hold on the validation part; see
            `gruvy.tasks.shared.quantiles.conformal_margins` for what that promises.
        season_length: rows of the seasonal naive baseline; None to take a day, week or year as the step
            suggests.
        split: "time", or "series" to hold out the last series of the table.
        test_fraction: fraction of the time span, or of the series, held out for the scores.
        validation_fraction: fraction, just before it, that chooses the best epoch.
        batch_size: windows in a training step.
        max_epochs: the most passes over the training windows.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.

    Attributes:
        scores_: rows of `evaluate` for the held-out test part.
        history_: one row per epoch: epoch, train_loss, validation_loss (pinball, scaled; of counts minus the
            log-likelihood), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        n_channels_: the input size of the recurrent layers: two a column, the calendar, flags of missing
            values.
        horizon_, context_length_, season_length_: in use.
        validation_start_, test_start_: the first times of these parts; None where whole series are held out.
        validation_series_, test_series_: the series of these parts; empty where the split is by time.
        provenance_: versions, machine, threads, seed, rows, time span, date.
        feature_names_in_, n_features_in_: the numeric columns: targets, past, known.

    Example:
        >>> table = pd.DataFrame({"time": pd.date_range("2024", periods=300, freq="h"), "load": range(300)})
        >>> model = Forecaster(horizon=4, context_length=24, max_epochs=1).fit(table, target="load", time="time")
        >>> model.predict(table).shape
        (4, 2)
    """

    horizon_: int
    context_length_: int
    _model: ForecastModel
    _network: ForecastNetwork

    TASK = "forecast"
    _rules: ClassVar = {
        "horizon": integer(1).or_none(),
        "context_length": integer(1).or_none(),
        "min_context": integer(1).or_none(),
        "lower": BOUND.or_none(),
        "upper": BOUND.or_none(),
        "likelihood": one_of(LIKELIHOODS),
        "quantiles": LEVELS,
        "calibrate": FLAG,
        "season_length": integer(1).or_none(),
        "split": one_of(SPLITS),
    }
    _shaping = ("horizon", "cell", "hidden_size", "num_layers", "quantiles", "likelihood")
    _fitted = (*Estimator._fitted, "scores_", "season_length_", "validation_series_", "test_series_")

    def __init__(
        self,
        horizon: int | None = None,
        context_length: int | None = None,
        *,
        min_context: int | None = None,
        lower: float | Mapping[str, float] | None = None,
        upper: float | Mapping[str, float] | None = None,
        likelihood: str = "quantile",
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.1,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        calibrate: bool = True,
        season_length: int | None = None,
        split: str = "time",
        test_fraction: float = 0.2,
        validation_fraction: float = 0.1,
        batch_size: int = 128,
        max_epochs: int = 10,
        patience: int = 5,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.horizon = horizon
        self.context_length = context_length
        self.min_context = min_context
        self.lower = lower
        self.upper = upper
        self.likelihood = likelihood
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.quantiles = quantiles
        self.calibrate = calibrate
        self.season_length = season_length
        self.split = split
        self.test_fraction = test_fraction
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        frame: pd.DataFrame,
        y: None = None,
        *,
        target: str | Sequence[str],
        time: str | Sequence[str] | None = None,
        series: str | None = None,
        past: Sequence[str] = (),
        known: Sequence[str] = (),
        static: Sequence[str] = (),
        holidays: str | None = None,
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
        """Train on a table, choose the best epoch, score it and the baselines on the held-out test part.

        Args:
            frame: one row per time and series; missing values are NaN, missing rows are left out.
            y: not used; scikit-learn passes it.
            target: the column, or columns, to forecast.
            time: the column of dates and times, or of numbers that count them, at a regular step; several that hold
                them together, such as a date and an hour; None to take them from the index.
            series: the id column, if the table holds several series.
            past: covariates known up to now only.
            known: covariates whose future values are known at forecast time.
            static: covariates with one value a series. Covariates of text or of pandas' category type are categories.
            holidays: a country, such as "US" or "DE-BY", whose holidays are known ahead (the extra ``holidays``).
            step: the step between rows, as an offset of pandas ("B", "W-FRI", "MS", "bh"); None to find it.
            calendar: the open times between which the steps are, those ahead too: a table or a sequence.
            timezone: of the clocks that the times show, or in which to show them, such as "Europe/Berlin".
            time_format: how times are written where that is ambiguous: a format of strptime, or one of index, year,
                yyyymm, yyyymmdd, yyyymmddhh, s, ms, us, ns (since 1970), excel, decimal-year.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its scaling, calendar and order of columns are kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: a table that cannot be used, or with too few rows.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        if self.split == "series" and series is None:
            raise ArgumentError("split='series': expected series, the column that tells them apart, got None")
        if static and series is None:
            raise ArgumentError("static: expected series, the column that tells them apart, got None")
        when: str = time_of_index(frame) if time is None else time_name(time)
        columns = Columns(_names(target), when, series, _names(past), _names(known), _names(static))
        frame = as_frame(frame, (*columns.values, *(() if series is None else (series,))), time=when)
        said = TimeFormat(time_format, timezone)
        parent, chosen = run.parent, chosen_step(step, calendar, when)
        if parent is not None:
            columns = shared_columns(parent._model.preparation.columns, columns)
            parts, found = read_shared(frame, columns, chosen, parent._model.preparation.step, said)
        else:
            columns = find_categories(frame, columns)
            parts, found = read_series(frame, columns, chosen, said=said)
        check_static(parts, columns)
        bounds = target_bounds(self.lower, columns, "lower"), target_bounds(self.upper, columns, "upper")
        check_bounds(parts, columns, *bounds)
        counts = self.likelihood == "count"
        if counts:
            check_counts(parts, columns)
        split = split_series(self.split, parts, self.validation_fraction, self.test_fraction)
        self.horizon_, self.context_length_ = self._sizes(parts, split.room(parts), parent)
        sizes = {"context": self.context_length_, "horizon": self.horizon_}
        if not columns.known:
            note_end_of_calendar(parts, found, self.horizon_)
        preparation = learn_preparation(
            split.training_part(parts), columns, found, shared=self.split == "series", context=self.context_length_
        )
        days = holiday_dates(holidays, parts)
        preparation = replace(preparation, bounds=bounds, holidays=days)
        if parent is not None:
            preparation = inherited(parent._model.preparation, preparation, rescale=rescale)
        least = least_context(parts, self.min_context, **sizes)
        table = PreparedTable(parts, preparation, **sizes, least=least, counts=counts)
        origins = split.origins(table)
        split.check(parts, origins, context=least, horizon=self.horizon_)
        note_scales(parts, preparation)
        training = table.windows(origins.training, self.batch_size)
        validation = table.windows(origins.validation, BATCH)

        def begin() -> ForecastNetwork:
            fresh = self._new_network(preparation)
            if counts:
                fresh.start_counts(training)
            return fresh

        network = run.start(begin)
        self._train(
            run,
            network,
            CountLoss() if counts else PinballLoss(quantile_levels(self.quantiles)),
            training,
            validation,
            identity=self._identity(
                (
                    part
                    for one in parts
                    for part in (repr(one.name), one.times.utc.astype("M8[ns]").astype(np.int64), one.values)
                ),
                **{name: list(value) if isinstance(value, tuple) else value for name, value in vars(columns).items()},
            ),
            facts={
                "rows": len(frame),
                "step": str(found),
                "time_span": [str(min(one.index[0] for one in parts)), str(max(one.index[-1] for one in parts))],
            },
        )
        self._fitted_params |= {"horizon": self.horizon_, "context_length": self.context_length_}
        if self.calibrate and not counts:
            calibrate(network, validation, quantile_levels(self.quantiles))
        self.season_length_ = self.season_length or natural_season(found, self.context_length_)
        self.validation_start_, self.test_start_ = split.starts
        self.validation_series_, self.test_series_ = split.series
        statistics = own_statistics(split.training_part(parts), columns, shared=not preparation.names)
        raw = RawTable(table, preparation, statistics, self.context_length_)
        linear = LinearAutoregression.fit(
            raw.windows(origins.training, BATCH), raw.windows(origins.validation, BATCH), statistics
        )
        self._set_network(network)
        self._set_model(preparation, linear, least)
        self.scores_ = self._model.scores(table, origins.test)
        return self

    def predict(self, frame: pd.DataFrame, *, quantiles: Sequence[float] | None = None) -> pd.DataFrame:
        """Forecast the ``horizon`` rows after the last time of each series.

        With known covariates the table brings their future rows, in which the targets are left empty; the forecast
        then follows the last row with an observed target.

        Args:
            frame: at least ``context_length`` rows a series, or ``min_context`` where the fit saw to it, with the
                columns of the fit. Of several series those that cannot be forecast are left out, and said.
            quantiles: levels to add as columns, out of those of the fit.

        Returns:
            ``horizon`` rows a series: the series id if there is one, the time, one column a target (the
            median) and one a target and level, such as ``temp_q0.1``.

        Raises:
            ArgumentError: a level that was not trained.
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        model = self._model
        wanted = check_levels(model.quantiles, quantiles)
        ahead = model.next_series(frame)
        found = forecast_columns(model.forecast_ahead(ahead), ahead, model.preparation, model.quantiles, wanted)
        series = model.preparation.columns.series
        forecast = pd.DataFrame(found)
        forecast.insert(0 if series is None else 1, model.preparation.columns.time, write_times(ahead, model.horizon))
        return forecast

    def backtest(
        self,
        frame: pd.DataFrame,
        *,
        stride: int | None = None,
        start: pd.Timestamp | None = None,
        baseline: str | None = None,
    ) -> Backtest:
        """Forecast from many times of a table's past, each from what was known by then.

        Args:
            frame: a table with the columns of the fit.
            stride: steps between forecasts; ``horizon`` by default, so that each time is forecast once.
            start: the first time to be forecast; ``test_start_`` leaves out what the model was trained on.
            baseline: one that `evaluate` names, to have its forecasts in place of the model's; the median alone.

        Returns:
            Truth and forecasts of all windows, in the targets' own units.

        Raises:
            ArgumentError: a stride below 1, or an unknown baseline.
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        stride = self._model.horizon if stride is None else stride
        if stride < 1:
            raise ArgumentError(f"stride: expected at least 1, got {stride}")
        baselines = self._model.baselines
        if baseline is not None and baseline not in baselines:
            raise ArgumentError(f"baseline: expected one of {', '.join(baselines)}, got {baseline!r}")
        table, origins = self._model.windows(frame, start, stride)
        if baseline is None:
            forecast, levels = self._model.forecast(table, origins), self._model.quantiles
        else:
            forecast, levels = baselines[baseline](table, origins)[..., None], (0.5,)
        last_known, times = table.times(origins)
        return Backtest(
            series=table.names(origins),
            origins=last_known,
            times=times,
            truth=table.truth(origins).swapaxes(0, 1),
            forecast=forecast.swapaxes(0, 1),
            quantiles=levels,
            targets=self._model.preparation.columns.targets,
        )

    def score(self, frame: pd.DataFrame, y: None = None) -> float:
        """R squared of the median forecast over all windows of a table; 1 is perfect, 0 is the mean of the truth.

        Args:
            frame: a table with the columns of the fit.
            y: not used; scikit-learn passes it.

        Returns:
            The mean over the targets.

        Raises:
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        table, origins = self._model.windows(frame)
        middle = self._model.quantiles.index(0.5)
        return r_squared(table.truth(origins), self._model.forecast(table, origins)[..., middle])

    def evaluate(self, frame: pd.DataFrame | None = None, *, start: pd.Timestamp | None = None) -> list[dict[str, Any]]:
        """Errors of the model and of the baselines, over all windows of a table, in the targets' own units.

        Args:
            frame: a table with the columns of the fit; None for the held-out test part of the fit.
            start: the first time to be forecast; ``test_start_`` leaves out what the model was trained on.

        Returns:
            One row a target and model (the cell's name, "persistence", "seasonal naive", "linear autoregression"), with
            name, target, mae, rmse, pinball, coverage (None for point forecasts) and mae_by_step.

        Raises:
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        if frame is None:
            return self.scores_
        return self._model.scores(*self._model.windows(frame, start))

    def recalibrate(self, frame: pd.DataFrame) -> Self:
        """Set the bands by all windows of a table, such as the latest weeks; weights, median and ``scores_`` stay.

        Args:
            frame: a table with the columns of the fit.

        Returns:
            The estimator; `gruvy.tasks.forecasting.conformal.recalibrated` shows on a backtest what this is worth.

        Raises:
            ArgumentError: a model of counts, whose bands are those of a distribution.
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        if self._model.counts:
            raise ArgumentError(
                "recalibrate: the bands of likelihood='count' are those of a distribution and are not moved; "
                "fit again with the newer rows"
            )
        table, origins = self._model.windows(frame)
        calibrate(self._model.network, table.windows(origins, BATCH), self._model.quantiles)
        return self

    def gates(self, frame: pd.DataFrame) -> Gates:
        """The gates of a GRU over the last context window of a table (of its first series).

        Args:
            frame: at least ``context_length`` rows, with the columns of the fit.

        Returns:
            Reset and update gates of every layer, step and unit.

        Raises:
            ArgumentError: the cell is no GRU.
            DataError: a table that cannot be used, or with too few rows.
        """
        check_is_fitted(self)
        if self._model.name != "gru":
            raise ArgumentError(
                f"gates: expected cell='gru', this model has cell={self._model.name!r}; fit a GRU to see its gates"
            )
        return self._model.gates(frame)

    def _weights(self) -> dict[str, Tensor]:
        return without_margins(super()._weights())

    def _check_together(self, params: Mapping[str, Any], problems: Problems) -> None:
        check_sum(params, problems, "test_fraction", "validation_fraction")
        context = params.get("context_length") or math.inf
        for name in ("min_context", "season_length"):
            if (params.get(name) or 0) > context:
                problems.add(
                    f"{name}: expected at most context_length={context}, got {params[name]}; lengthen the context"
                )
        lower, upper = params.get("lower"), params.get("upper")
        given = bound_pairs(lower, upper)
        if any(len(pair) == 2 and pair[0] >= pair[1] for pair in given):
            problems.add(f"lower, upper: expected lower below upper, got {lower!r}, {upper!r}")
        elif params.get("likelihood") == "count" and any(one != int(one) for pair in given for one in pair):
            problems.add(f"lower, upper: expected integers as bounds of counts, got {lower!r}, {upper!r}")

    def _shapes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        shapes = super()._shapes(params) | {"quantiles": quantile_levels(params["quantiles"])}
        return {name: value for name, value in shapes.items() if value is not None}  # a horizon that is not chosen yet

    @property
    def columns_(self) -> Columns:
        """The columns of the table of the fit, by their parts."""
        check_is_fitted(self)
        return self._model.preparation.columns

    def _new_network(self, preparation: Preparation) -> ForecastNetwork:
        columns = preparation.columns
        return ForecastNetwork(
            self.cell,
            inputs=preparation.channels,
            values=len(columns.values),
            targets=len(columns.targets),
            known=len(preparation.ahead),
            horizon=self.horizon_,
            quantiles=quantile_levels(self.quantiles),
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            dropout=self.dropout,
            likelihood=self.likelihood,
        )

    def _state(self) -> tuple[Arrays, Document]:
        model, preparation = self._model, self._model.preparation
        params, columns = self._fitted_params, preparation.columns
        arrays = self._network_arrays() | {
            "scaler/mean": preparation.scaler.mean,
            "scaler/std": preparation.scaler.std,
            **model.linear.arrays(),
        }
        document: Document = {
            "spec": {
                "cell": params["cell"],
                "input_size": preparation.channels + len(columns.values),
                "hidden_size": params["hidden_size"],
                "num_layers": params["num_layers"],
                "reset_after": True if params["cell"] == "gru" else None,
                "known_size": len(preparation.ahead),
                "targets": len(columns.targets),
            },
            "preprocessing": {
                **preparation.document(),
                "quantiles": list(model.quantiles),
                "min_context": model.least,
            },
            "linear": model.linear.document(),
            "fitted": {name: None if (time := getattr(self, name)) is None else time.isoformat() for name in _TIMES},
        }
        graph = forecast_graph(model.network)
        return arrays, document if graph is None else document | {"graph": graph.document()}

    def _sizes(self, series: Sequence[Series], room: tuple[int, int], parent: Self | None) -> tuple[int, int]:
        """Horizon and context: as given, else those of the parent, else the usual ones or what there is room for."""
        horizon, context = self.horizon, self.context_length
        if parent is not None:
            horizon = parent.horizon_ if horizon is None else horizon
            context = parent.context_length_ if context is None else context
        found = usual_sizes(*room, horizon, context)
        if context is None:
            found = found[0], max(found[1], self.season_length or 0, self.min_context or 0)
        if found != (horizon or HORIZON, context or CONTEXT):
            note_sizes(max(len(one.times) for one in series), *found)
        return found

    def _restore(self, arrays: Arrays, document: Document) -> None:
        params = document["params"]
        self.horizon_, self.context_length_ = int(params["horizon"]), int(params["context_length"])
        for name in _TIMES:
            text = document["fitted"][name]
            setattr(self, name, None if text is None else pd.Timestamp(text))
        about = document["preprocessing"]
        preparation = Preparation.of_document(about, Scaler(arrays["scaler/mean"], arrays["scaler/std"]))
        linear = LinearAutoregression.of_document(
            document["linear"], arrays, (max(len(preparation.names), 1), len(preparation.columns.values))
        )
        self._set_network(self._new_network(preparation), arrays)
        self._set_model(preparation, linear, int(about.get("min_context", self.context_length_)))

    def _set_model(self, preparation: Preparation, linear: LinearAutoregression, least: int) -> None:
        """Take over the parts of a fitted model."""
        network = self._network
        self._model = ForecastModel(
            name=self.cell,
            network=network,
            preparation=preparation,
            linear=linear,
            season=self.season_length_,
            context=self.context_length_,
            horizon=self.horizon_,
            quantiles=quantile_levels(self.quantiles),
            least=least,
            counts=network.counts,
        )
        self.n_channels_ = network.encoder.input_size
        self.feature_names_in_ = np.array(preparation.columns.values, dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)


def _names(columns: Any) -> tuple[Any, ...]:
    """Names of columns, which can be numbers too."""
    return (columns,) if isinstance(columns, str) or not isinstance(columns, Iterable) else tuple(columns)
