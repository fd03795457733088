"""Files of Keras, written by hand as Keras writes them, so that no test has to start it; and the layer in them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gruvy.spec import KERAS, PYTORCH

I, H = 3, 4


def gru(seed: int = 0, inputs: int = I, **options: Any) -> torch.nn.GRU:
    torch.manual_seed(seed)
    return torch.nn.GRU(inputs, H, **options)


LAYER = gru()


def keras_arrays(layer: torch.nn.GRU = LAYER, ending: str = "_l0") -> list[np.ndarray]:
    state = {name: PYTORCH.blocks_to(KERAS, tensor.numpy()) for name, tensor in layer.state_dict().items()}
    biases = np.stack([state[f"bias_ih{ending}"], state[f"bias_hh{ending}"]])
    return [state[f"weight_ih{ending}"].T, state[f"weight_hh{ending}"].T, biases]


def layer_config(kind: str = "GRU", name: str = "gru", **config: Any) -> dict[str, Any]:
    plain = {"units": H, "use_bias": True, "reset_after": True, "activation": "tanh", "recurrent_activation": "sigmoid"}
    return {"class_name": kind, "config": {"name": name, **plain, **config}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


def hdf5(groups: dict[str, list[np.ndarray]], names: tuple[str, ...] = ("0", "1", "2"), **attributes: str) -> bytes:
    import h5py

    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        for key, value in attributes.items():
            file.attrs[key] = value
        for group, arrays in groups.items():
            for name, array in zip(names, arrays, strict=False):
                file[f"{group}/{name}"] = array
    return data.getvalue()


def keras_file(
    config: dict[str, Any], groups: dict[str, list[np.ndarray]], version: str = "3.9"
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "model.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("metadata.json", json.dumps({"keras_version": version}))
            archive.writestr("model.weights.h5", hdf5(groups))
        return folder / "model.keras"

    return write


OLD = ("kernel:0", "recurrent_kernel:0", "bias:0")


def old_keras(
    config: dict[str, Any] | None, version: str = "2.15.0", root: str = "model_weights/"
) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        about = {} if config is None else {"model_config": json.dumps(config), "keras_version": version}
        (folder / "model.h5").write_bytes(hdf5({f"{root}gru/gru/gru_cell": keras_arrays()}, OLD, **about))
        return folder / "model.h5"

    return write


LAYERS = {"layers/gru/cell/vars": keras_arrays()}
