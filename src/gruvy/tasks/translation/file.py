"""A fitted Translator in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.data.codec import SubwordCodec
from gruvy.errors import FileFormatError, MissingExtraError
from gruvy.tasks.translation.model import TranslatorModel
from gruvy.tasks.translation.network import TranslatorNetwork
from gruvy.tasks.translation.table import PairColumns
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.translation.translator import Translator

TASK = "translate"
_FREQUENCIES = "frequencies"
# Fitted attributes that are plain JSON as they are.
_PLAIN = ("history_", "best_epoch_", "seconds_per_epoch_", "peak_memory_bytes_", "model_share_", "provenance_")


def write_translator(translator: Translator, path: str | os.PathLike[str]) -> Path:
    """Write a fitted Translator."""
    model: TranslatorModel = translator._model
    tensors = network_arrays(model.network)
    document = {
        "task": TASK,
        "params": translator._saved_params("beam_size", "length_normalization", "unknown"),
        "subwords": {"source": model.source.document, "target": model.target.document},
        "columns": None if translator.columns_ is None else asdict(translator.columns_),
        "fitted": {name: getattr(translator, name) for name in _PLAIN},
        "no_graph": "beam search is no operation of a graph",
    }
    return files.write(path, tensors | {_FREQUENCIES: translator._frequencies}, document)


def read_translator(
    translator_type: type[Translator], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> Translator:
    """Put a fitted Translator together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
        MissingExtraError: without the tokenizers library.
    """
    try:
        translator = translator_type(**document["params"])
        source, target = (SubwordCodec(document["subwords"][side]) for side in ("source", "target"))
        network = new_network(translator, source, target)
        set_network(network, tensors)
        columns = document["columns"]
        translator.columns_ = columns and PairColumns(**columns)
        for name in _PLAIN:
            setattr(translator, name, document["fitted"][name])
        translator._keep(TranslatorModel(network, source, target), tensors[_FREQUENCIES])
    except MissingExtraError:
        raise
    except Exception as error:  # the tokenizers library raises nothing finer for a document that it cannot read
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return translator


def new_network(translator: Translator, source: SubwordCodec, target: SubwordCodec) -> TranslatorNetwork:
    """The network for these parameters and vocabularies, untrained."""
    return TranslatorNetwork(
        len(source),
        len(target),
        embedding_size=translator.embedding_size,
        hidden_size=translator.hidden_size,
        num_layers=translator.num_layers,
        attention=translator.attention is not None,
        dropout=translator.dropout,
    )
