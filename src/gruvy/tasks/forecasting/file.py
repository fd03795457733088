"""A fitted Forecaster in a .gruvy file: arrays and plain JSON, enough to forecast without torch or pandas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.forecasting.baselines import LinearAutoregression
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.model import ForecastModel
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.forecasting.params import quantile_levels
from gruvy.tasks.weights import network_arrays, set_network
from gruvy.timeseries import Preparation, Scaler

if TYPE_CHECKING:
    from gruvy.tasks.forecasting.forecaster import Forecaster

TASK = "forecast"
# Fitted attributes that are plain JSON as they are.
_PLAIN = (
    "scores_",
    "history_",
    "best_epoch_",
    "seconds_per_epoch_",
    "peak_memory_bytes_",
    "model_share_",
    "season_length_",
    "provenance_",
    "validation_series_",
    "test_series_",
)
_TIMES = ("validation_start_", "test_start_")


def write_forecaster(forecaster: Forecaster, path: str | os.PathLike[str]) -> Path:
    """Write a fitted Forecaster."""
    model: ForecastModel = forecaster._model
    preparation, network = model.preparation, model.network
    tensors = network_arrays(network)
    tensors |= {
        "scaler/mean": preparation.scaler.mean,
        "scaler/std": preparation.scaler.std,
        "linear/coef": model.linear.coef,
        "linear/intercept": model.linear.intercept,
    }
    if model.linear.statistics is not None:
        tensors |= {"linear/mean": model.linear.statistics.mean, "linear/std": model.linear.statistics.std}
    columns = preparation.columns
    params = forecaster._saved_params()
    document = {
        "task": TASK,
        "params": params,
        "spec": {
            "cell": params["cell"],
            "input_size": preparation.channels + len(columns.values),
            "hidden_size": params["hidden_size"],
            "num_layers": params["num_layers"],
            "reset_after": True if params["cell"] == "gru" else None,
            "known_size": len(preparation.ahead),
            "targets": len(columns.targets),
        },
        "preprocessing": {**preparation.document(), "quantiles": list(model.quantiles), "min_context": model.least},
        "linear": {"lags": model.linear.lags, "penalty": model.linear.penalty},
        "fitted": {name: getattr(forecaster, name) for name in _PLAIN}
        | {name: _text(getattr(forecaster, name)) for name in _TIMES},
    }
    graph = forecast_graph(network)
    if graph is not None:  # its arrays are the network's weights, by the same names
        document["graph"] = graph.document()
    return files.write(path, tensors, document)


def read_forecaster(
    forecaster_type: type[Forecaster], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> Forecaster:
    """Put a fitted Forecaster together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        params = document["params"]
        forecaster = forecaster_type(**{**params, "quantiles": tuple(params["quantiles"])})
        preparation = Preparation.of_document(
            document["preprocessing"], Scaler(tensors["scaler/mean"], tensors["scaler/std"])
        )
        network = new_network(forecaster, preparation)
        set_network(network, tensors)
        linear = LinearAutoregression(
            tensors["linear/coef"],
            tensors["linear/intercept"],
            **document["linear"],
            statistics=_statistics(tensors, preparation),
        )
        least = int(document["preprocessing"].get("min_context", forecaster.context_length))
        for name in _PLAIN:
            setattr(forecaster, name, document["fitted"][name])
        for name in _TIMES:
            text = document["fitted"][name]
            setattr(forecaster, name, None if text is None else pd.Timestamp(text))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    forecaster._keep(network, preparation, linear, least)
    return forecaster


def new_network(forecaster: Forecaster, preparation: Preparation) -> ForecastNetwork:
    """The network for these parameters and inputs, untrained."""
    columns = preparation.columns
    return ForecastNetwork(
        forecaster.cell,
        inputs=preparation.channels,
        values=len(columns.values),
        targets=len(columns.targets),
        known=len(preparation.ahead),
        horizon=forecaster.horizon,
        quantiles=quantile_levels(forecaster.quantiles),
        hidden_size=forecaster.hidden_size,
        num_layers=forecaster.num_layers,
        dropout=forecaster.dropout,
        likelihood=forecaster.likelihood,
    )


def _statistics(tensors: dict[str, np.ndarray], preparation: Preparation) -> Scaler | None:
    """The linear baseline's own; None in older files, where it reads the network's inputs."""
    if "linear/mean" not in tensors:
        return None
    found = Scaler(tensors["linear/mean"], tensors["linear/std"])
    shape = (max(len(preparation.names), 1), len(preparation.columns.values))
    if found.mean.shape != shape or found.std.shape != shape:
        raise ValueError(f"linear/mean and linear/std: {found.mean.shape}, {found.std.shape}; expected {shape}")
    return found


def _text(time: pd.Timestamp | None) -> str | None:
    return None if time is None else time.isoformat()
