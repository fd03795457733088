"""A fitted Transcriber in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.transcription.features import LogMel
from gruvy.tasks.transcription.model import Scaling, TranscriberModel
from gruvy.tasks.transcription.network import TranscriberNetwork
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.transcription.transcriber import Transcriber

TASK = "transcribe"
# Fitted attributes that are plain JSON as they are.
_PLAIN = ("history_", "best_epoch_", "seconds_per_epoch_", "peak_memory_bytes_", "model_share_", "provenance_")


def write_transcriber(transcriber: Transcriber, path: str | os.PathLike[str]) -> Path:
    """Write a fitted Transcriber."""
    model: TranscriberModel = transcriber._model
    tensors = network_arrays(model.network)
    tensors |= {"scaling/mean": model.scaling.mean, "scaling/std": model.scaling.std}
    document = {
        "task": TASK,
        "params": transcriber._saved_params("unknown"),
        "preprocessing": {"sample_rate": model.features.sample_rate, "alphabet": model.alphabet},
        "columns": transcriber.columns_,
        "fitted": {name: getattr(transcriber, name) for name in _PLAIN},
        "no_graph": "its log-mel frames are no operation of a graph",
    }
    return files.write(path, tensors, document)


def read_transcriber(
    transcriber_type: type[Transcriber], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> Transcriber:
    """Put a fitted Transcriber together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        transcriber = transcriber_type(**{"normalize": "none", **document["params"]})
        about = document["preprocessing"]
        transcriber.columns_ = document["columns"]
        network = new_network(transcriber, len(about["alphabet"]))
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(transcriber, name, document["fitted"][name])
        features = LogMel(about["sample_rate"], transcriber.n_mels)
        scaling = Scaling(tensors["scaling/mean"], tensors["scaling/std"])
        transcriber._keep(TranscriberModel(network, features, scaling, about["alphabet"]))
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return transcriber


def new_network(transcriber: Transcriber, characters: int) -> TranscriberNetwork:
    """The network for these parameters and so many characters, untrained."""
    return TranscriberNetwork(
        transcriber.cell,
        transcriber.n_mels,
        characters,
        hidden_size=transcriber.hidden_size,
        num_layers=transcriber.num_layers,
        bidirectional=transcriber.bidirectional,
        subsampling=transcriber.subsampling,
        dropout=transcriber.dropout,
    )
