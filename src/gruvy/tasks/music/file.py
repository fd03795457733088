"""A fitted PolyphonicModel in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.music.baselines import NoteFrequencies, NoteMarkov
from gruvy.tasks.music.files import MusicFiles
from gruvy.tasks.music.graph import polyphonic_graph
from gruvy.tasks.music.network import PolyphonicNetwork
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.music.polyphonic import PolyphonicModel

TASK = "music"
# Fitted attributes that are plain JSON as they are.
_PLAIN = ("history_", "best_epoch_", "seconds_per_epoch_", "peak_memory_bytes_", "model_share_", "provenance_")


def write_polyphonic(model: PolyphonicModel, path: str | os.PathLike[str]) -> Path:
    """Write a fitted PolyphonicModel."""
    tensors = network_arrays(model._network)
    tensors |= {
        "baselines/frequencies": model._frequencies.logits,
        "baselines/first": model._markov.first,
        "baselines/after": model._markov.after,
    }
    params = model._saved_params()
    document = {
        "task": TASK,
        "params": params,
        "notes": model.n_features_in_,
        "files": asdict(model.files_),
        "fitted": {name: getattr(model, name) for name in _PLAIN},
        "spec": {"cell": params["cell"]},
    }
    graph = polyphonic_graph(model._network)
    if graph is not None:  # its arrays are the network's weights, by the same names
        document["graph"] = graph.document()
    return files.write(path, tensors, document)


def read_polyphonic(
    model_type: type[PolyphonicModel], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> PolyphonicModel:
    """Put a fitted PolyphonicModel together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        model = model_type(**document["params"])
        model.n_features_in_ = int(document["notes"])
        kept = document["files"]
        model.files_ = MusicFiles(**{**kept, "notes": tuple(kept["notes"])})
        network = new_network(model, model.n_features_in_)
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(model, name, document["fitted"][name])
        markov = NoteMarkov(tensors["baselines/first"], tensors["baselines/after"])
        model._keep(network, NoteFrequencies(tensors["baselines/frequencies"]), markov)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return model


def new_network(model: PolyphonicModel, notes: int) -> PolyphonicNetwork:
    """The network for these parameters and so many notes, untrained."""
    return PolyphonicNetwork(
        model.cell,
        notes,
        hidden_size=model.hidden_size,
        num_layers=model.num_layers,
        dropout=model.dropout,
        reset_after=model.reset_after,
    )
