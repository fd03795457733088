"""A fitted LanguageModel in a .gruvy file: arrays and plain JSON, enough to generate without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.language import Alphabet, Subwords, read_pieces
from gruvy.tasks.language.network import LanguageNetwork, language_graph
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.language.model import LanguageModel

TASK = "language"
# Fitted attributes that are plain JSON as they are.
_PLAIN = (
    "scores_",
    "history_",
    "best_epoch_",
    "seconds_per_epoch_",
    "peak_memory_bytes_",
    "model_share_",
    "provenance_",
)


def write_language_model(model: LanguageModel, path: str | os.PathLike[str]) -> Path:
    """Write a fitted LanguageModel."""
    network: LanguageNetwork = model._network
    tensors = network_arrays(network)
    params = model._saved_params("unknown")
    document = {
        "task": TASK,
        "params": params,
        "spec": {
            "cell": params["cell"],
            "input_size": params["embedding_size"],
            "hidden_size": params["hidden_size"],
            "num_layers": params["num_layers"],
            "reset_after": True if params["cell"] == "gru" else None,
        },
        "alphabet": model._characters.alphabet.document(),
        "fitted": {name: getattr(model, name) for name in _PLAIN},
    }
    graph = language_graph(network)
    if graph is not None:  # its arrays are the network's weights, by the same names
        document["graph"] = graph.document()
    return files.write(path, tensors, document)


def read_language_model(
    model_type: type[LanguageModel], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> LanguageModel:
    """Put a fitted LanguageModel together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        model = model_type(**document["params"])
        alphabet = read_pieces(document["alphabet"])
        network = new_language_network(model, alphabet)
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(model, name, document["fitted"][name])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    model._keep(network, alphabet)
    return model


def new_language_network(model: LanguageModel, alphabet: Alphabet | Subwords) -> LanguageNetwork:
    """The network for these parameters and these pieces of text, untrained."""
    return LanguageNetwork(
        model.cell,
        len(alphabet),
        embedding_size=model.embedding_size,
        hidden_size=model.hidden_size,
        num_layers=model.num_layers,
        dropout=model.dropout,
    )
