"""A fitted SequenceTagger in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.classification.data import Scaling
from gruvy.tasks.tagging.data import Preparation
from gruvy.tasks.tagging.model import TaggerModel
from gruvy.tasks.tagging.table import TagColumns
from gruvy.tasks.tagging.words import WordFeatures
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.tagging.tagger import SequenceTagger

TASK = "tag"
# Fitted attributes that are plain JSON as they are.
_PLAIN = (
    "text_labels_",
    "history_",
    "best_epoch_",
    "seconds_per_epoch_",
    "peak_memory_bytes_",
    "model_share_",
    "provenance_",
)


def write_tagger(tagger: SequenceTagger, path: str | os.PathLike[str]) -> Path:
    """Write a fitted SequenceTagger."""
    model: TaggerModel = tagger._model
    tensors = network_arrays(model.network)
    scaling = model.preparation.scaling
    words = model.preparation.words
    if scaling is not None:
        tensors |= {"scaling/mean": scaling.mean, "scaling/std": scaling.std}
    document = {
        "task": TASK,
        "params": tagger._saved_params("unknown"),
        "preprocessing": {"alphabet": model.preparation.alphabet, "words": None if words is None else words.document()},
        "temperature": model.temperature,
        "classes": tagger.classes_.tolist(),
        "class_counts": tagger.class_counts_.tolist(),
        "columns": None if tagger.columns_ is None else asdict(tagger.columns_),
        "fitted": {name: getattr(tagger, name) for name in _PLAIN},
        "no_graph": "a SequenceTagger runs with torch only",
    }
    return files.write(path, tensors, document)


def read_tagger(
    tagger_type: type[SequenceTagger], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> SequenceTagger:
    """Put a fitted SequenceTagger together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        params = dict(document["params"])
        if isinstance(params["class_weight"], list):
            params["class_weight"] = dict(params["class_weight"])
        tagger = tagger_type(**params)
        scaled = "scaling/mean" in tensors
        scaling = Scaling(tensors["scaling/mean"], tensors["scaling/std"]) if scaled else None
        words = document["preprocessing"].get("words")
        features = None if words is None else WordFeatures.of_document(words)
        preparation = Preparation(document["preprocessing"]["alphabet"], scaling, features)
        columns = document["columns"]
        tagger.columns_ = columns and TagColumns(
            **{**columns, "values": tuple(columns["values"]), "conll": columns.get("conll") and tuple(columns["conll"])}
        )
        tagger.classes_ = np.array(document["classes"])
        tagger.class_counts_ = np.array(document["class_counts"])
        network = tagger._network(preparation, len(tagger.classes_))
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(tagger, name, document["fitted"][name])
        tagger._keep(TaggerModel(network, preparation, float(document["temperature"])))
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return tagger
