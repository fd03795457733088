"""Keras: `keras.layers.GRU`, `Bidirectional` of it, models that stack these; ``.keras`` and ``.h5`` files.

``kernel`` (I, 3H) and ``recurrent_kernel`` (H, 3H), columns z, r, h, z keeps the old state. ``bias`` is (2, 3H), the
input's and the recurrent one, with ``reset_after=True`` and (3H,), one for both, with False. Source:
``keras/src/layers/rnn/gru.py``; for files ``keras/src/saving/saving_lib.py``.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.activations import USUAL, told
from gruvy.errors import ArgumentError, FileFormatError, GruvyError, note, option
from gruvy.files import replace_file
from gruvy.formats import archive, cells, keras_weights
from gruvy.formats.base import Array, Format, biases, to_numpy
from gruvy.formats.hdf5 import Weights
from gruvy.formats.keras_config import Layer, name_of, stacks
from gruvy.formats.state_dict import choose
from gruvy.spec import GATES, KERAS, GRUWeights, LayerWeights


def read(source: Any, *, name: str | None = None, reset_after: bool | None = None) -> GRUWeights:
    """Read the GRU layers of a model that follow each other, with nothing but dropout between them.

    Args:
        source: a layer, a model, a list of layers, or the path of a ``.keras``, ``.h5`` or ``.weights.h5`` file.
        name: which stack, by its first layer's name, where there are several. Of files that keep no configuration, or
            that of a subclass, the layers' places, with commas between them where they are one GRU.
        reset_after: the form, for files of weights alone whose layers have no bias, which would tell it.

    Raises:
        ArgumentError: there is no GRU, or several stacks and none is named; a layer's functions are not the default.
        FileFormatError: the file is not one of Keras 3, or is damaged.
    """
    if isinstance(source, Path):
        return _read_file(source, name, reset_after)
    if reset_after is not None:
        raise ArgumentError("a layer or model says its form; leave reset_after out")
    return _assembled(_chosen(_config(source), name), lambda layer, at: _arrays(_parts(source, layer)[at]))


def write(weights: GRUWeights, target: Any = None) -> Any:
    """Return a `keras.Sequential` of the layers, write it to a ``.keras`` file, or load layers or a model.

    The model returns the last layer's states of all steps.
    """
    if target is not None and not isinstance(target, Path):
        return _load(weights, target)
    model = _load(weights, _new_model(weights))
    if target is None:
        return model
    with tempfile.TemporaryDirectory() as folder:
        model.save(path := Path(folder) / "model.keras")
        replace_file(target, path.read_bytes())
    return target


def _read_file(path: Path, name: str | None, reset_after: bool | None) -> GRUWeights:
    if zipfile.is_zipfile(path):
        with archive.opened(path) as opened:
            config = _parsed(archive.read(opened, "config.json", path), path)
            data = archive.read(opened, "model.weights.h5", path)
            about = (
                _parsed(archive.read(opened, "metadata.json", path), path)
                if "metadata.json" in opened.namelist()
                else {}
            )
        version = str(about.get("keras_version", "3")) if isinstance(about, dict) else "3"
    else:
        data, config, version = path.read_bytes(), None, None
    with Weights(data, path) as weights:
        if version is None:
            text = weights.attribute("model_config")
            config = None if text is None else _parsed(text.encode(), path)
            version = weights.attribute("keras_version") or "2"
        grus = [] if config is None else _stacks(config, keras2=version < "3")
        if not grus:
            return keras_weights.read(weights, name, reset_after)
        if reset_after is not None:
            raise ArgumentError(f"the file says its form; leave {option('reset_after')} out")
        found = _chosen_of(grus, name)
        if zipfile.is_zipfile(path):
            return _assembled(found, lambda layer, at: weights.arrays(f"{layer.paths[at]}/cell/vars"))
        return _assembled(found, lambda layer, at: keras_weights.of_layer(weights, layer.names, layer.directions, at))


def _arrays_of(source: Any) -> dict[str, Array]:
    """Return every array of a file by its path."""
    if not isinstance(source, Path):
        raise ArgumentError("a layer or model has no arrays with names of their own; give a file")
    data = source.read_bytes()
    if zipfile.is_zipfile(source):
        with archive.opened(source) as opened:
            data = archive.read(opened, "model.weights.h5", source)
    with Weights(data, source) as weights:
        return {path: weights.array(path) for path, shape in weights.datasets().items() if shape}


def _parsed(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: config.json in it is damaged ({error}); copy it again") from error


def _config(source: Any) -> Any:
    """Return the configuration of what is in memory, as a file would have it."""
    keras = _keras()
    every = source if isinstance(source, list | tuple) else [source]
    for layer in every:
        if not isinstance(layer, keras.layers.Layer):
            raise ArgumentError(f"expected a layer, a model, a list of layers or a path; got a {type(layer).__name__}")
    configs = [keras.saving.serialize_keras_object(layer) for layer in every]
    config = configs[0] if every is not source else {"class_name": "Sequential", "config": {"layers": configs}}
    return json.loads(json.dumps(config))  # which has lists where Python has tuples


def _chosen(config: Any, name: str | None) -> list[Layer]:
    return _chosen_of(_stacks(config), name)


def _stacks(config: Any, *, keras2: bool = False) -> list[list[Layer]]:
    try:
        return stacks(config, keras2=keras2)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ArgumentError(f"its configuration is not one that Keras 3 writes ({error!r})") from error


def _chosen_of(grus: list[list[Layer]], name: str | None) -> list[Layer]:
    try:
        found = {stack[0].name: stack for stack in grus}
        chosen = found[choose(found, name)]
        for layer in chosen:
            layer.check()
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ArgumentError(f"its configuration is not one that Keras 3 writes ({error!r})") from error
    first = chosen[0]
    if first.reverse:
        note(
            f"layer {first.name!r} goes backwards: read as a GRU that runs from the last step to the first, whose "
            "outputs stand in the order of its inputs; Keras gives them in reverse order"
        )
    return chosen


def _assembled(stack: list[Layer], arrays_of: Callable[[Layer, int], list[Array]]) -> GRUWeights:
    layers = []
    for layer in stack:
        layers.append(tuple(_read_one(layer, arrays_of(layer, at)) for at in range(layer.directions)))
    first = stack[0]
    return GRUWeights(
        tuple(layers),
        reset_after=first.reset_after,
        reverse=first.reverse,
        activations=first.functions(),
        batch_first=not first.time_first,
    )


def _read_one(layer: Layer, arrays: list[Array]) -> LayerWeights:
    if len(arrays) != 2 + layer.use_bias:
        raise ArgumentError(
            f"layer {layer.name!r} has {len(arrays)} arrays; expected {2 + layer.use_bias}: is it built?"
        )
    ready = [np.asarray(array) for array in arrays]
    if ready[0].ndim != 2 or ready[1].ndim != 2:
        raise ArgumentError(f"layer {layer.name!r} has a kernel that is no matrix")
    matrices = [cells.rows(matrix, KERAS) for matrix in ready[:2]]
    if not layer.use_bias:
        return LayerWeights(*matrices)
    bias = ready[2] if layer.reset_after else ready[2][None]
    if bias.ndim != 2 or len(bias) != 1 + layer.reset_after:
        raise ArgumentError(f"layer {layer.name!r} has a bias of the shape {ready[2].shape}")
    return LayerWeights(*matrices, *(cells.rows(each, KERAS) for each in bias))


def _write_one(one: LayerWeights, *, reset_after: bool, use_bias: bool) -> list[Array]:
    matrices = [cells.columns(matrix, KERAS) for matrix in (one.weight_ih, one.weight_hh)]
    if not use_bias:
        return matrices
    both = [cells.columns(bias, KERAS) for bias in biases(one)]
    return [*matrices, np.stack(both) if reset_after else both[0]]


def _new_model(weights: GRUWeights) -> Any:
    keras = _keras()
    dtype = weights.dtype.name
    options: dict[str, Any] = {
        "return_sequences": True,
        "use_bias": _needs_bias(weights),
        "reset_after": weights.reset_after,
    }
    for key, function in zip(("recurrent_activation", "activation"), weights.activations, strict=True):
        if function not in USUAL:
            options[key] = name_of(function)
    layers = [keras.layers.GRU(weights.hidden_size, dtype=dtype, **options) for _ in weights.layers]
    if weights.bidirectional:
        layers = [keras.layers.Bidirectional(layer, dtype=dtype) for layer in layers]
    return keras.Sequential([keras.Input((None, weights.input_size), dtype=dtype), *layers])


def _keras() -> Any:
    try:
        import keras
    except ModuleNotFoundError as error:
        if error.name == "keras":
            raise
        raise GruvyError(
            f"Keras cannot start, because {error.name} is missing; set KERAS_BACKEND to a backend that is installed"
        ) from error
    return keras


def _needs_bias(weights: GRUWeights) -> bool:
    return any(bias is not None for layer in weights.layers for one in layer for bias in (one.bias_ih, one.bias_hh))


def _load(weights: GRUWeights, target: Any) -> Any:
    stack = _chosen(_config(target), None)
    if len(stack) != weights.num_layers:
        raise ArgumentError(f"the target has {len(stack)} GRU layers in a row; expected {weights.num_layers}")
    loads: list[tuple[Any, list[Array]]] = []
    problems = []
    for layer, ones in zip(stack, weights.layers, strict=True):
        if layer.functions() != weights.activations:
            problems.append(f"layer {layer.name!r} has {told(layer.functions())}; expected {told(weights.activations)}")
            continue
        if (layer.directions, layer.reset_after) != (len(ones), weights.reset_after):
            problems.append(
                f"layer {layer.name!r} has {layer.directions} directions and reset_after={layer.reset_after}; "
                f"expected {len(ones)} and {weights.reset_after}"
            )
            continue
        if _needs_bias(weights) and not layer.use_bias:
            problems.append(f"layer {layer.name!r} has use_bias=False; expected True")
            continue
        for part, one in zip(_parts(target, layer), ones, strict=True):
            arrays = _write_one(one, reset_after=weights.reset_after, use_bias=layer.use_bias)
            here, there = ([f"{a.dtype} {tuple(a.shape)}" for a in each] for each in (part.weights, arrays))
            if here != there:
                problems.append(f"layer {layer.name!r} has the arrays {here}; expected {there}")
            loads.append((part, arrays))
    if problems:
        raise ArgumentError(f"the target does not fit the weights: {'; '.join(problems)}")
    for part, arrays in loads:
        part.set_weights(arrays)
    return target


def _parts(source: Any, layer: Layer) -> list[Any]:
    """Return the GRU layers in memory that belong to a layer of the configuration, one for each direction."""
    found = source
    for name in layer.names:
        if isinstance(found, list | tuple):
            found = next(each for each in found if each.name == name)
        elif hasattr(found, "get_layer"):
            found = found.get_layer(name)
    if layer.wrapped:
        found = found.layer
    return [found.forward_layer, found.backward_layer] if layer.directions == 2 else [found]


def _arrays(layer: Any) -> list[Array]:
    return [to_numpy(variable.value) for variable in layer.weights]


FORMAT = Format(
    name="keras",
    title="Keras 3",
    read=read,
    write=write,
    recurrent_bias={True: GATES, False: ()},
    extra="keras",
    convention=KERAS,
    arrays=_arrays_of,
    activations=lambda function: name_of(function) is not None,
)
