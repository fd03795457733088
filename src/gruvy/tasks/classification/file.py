"""A fitted SequenceClassifier in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.data import Vocabulary
from gruvy.errors import FileFormatError
from gruvy.tasks.classification.data import Scaling
from gruvy.tasks.classification.model import ClassifierModel
from gruvy.tasks.classification.network import ClassifierEnsemble, ClassifierNetwork
from gruvy.tasks.classification.table import SequenceColumns
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.classification.classifier import SequenceClassifier

TASK = "classify"
# Fitted attributes that are plain JSON as they are.
_PLAIN = ("history_", "best_epoch_", "seconds_per_epoch_", "peak_memory_bytes_", "model_share_", "provenance_")


def write_classifier(classifier: SequenceClassifier, path: str | os.PathLike[str]) -> Path:
    """Write a fitted SequenceClassifier."""
    model: ClassifierModel = classifier._model
    tensors = network_arrays(model.network)
    preprocessing: dict[str, Any] = {"vocabulary": None}
    if isinstance(model.preparation, Vocabulary):
        preprocessing = {"vocabulary": model.preparation.document()}
    else:
        preprocessing["gaps"] = model.preparation.gaps
        tensors |= {"scaling/mean": model.preparation.mean, "scaling/std": model.preparation.std}
    document = {
        "task": TASK,
        "params": classifier._saved_params("unknown"),
        "preprocessing": preprocessing,
        "temperature": model.temperature,
        "classes": classifier.classes_.tolist(),
        "class_counts": classifier.class_counts_.tolist(),
        "columns": None if classifier.columns_ is None else asdict(classifier.columns_),
        "fitted": {name: getattr(classifier, name) for name in _PLAIN},
        "no_graph": "attention over the steps is no operation of a graph",
    }
    return files.write(path, tensors, document)


def read_classifier(
    classifier_type: type[SequenceClassifier], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> SequenceClassifier:
    """Put a fitted SequenceClassifier together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        params = dict(document["params"])
        if isinstance(params["class_weight"], list):
            params["class_weight"] = dict(params["class_weight"])
        classifier = classifier_type(**params)
        preparation: Vocabulary | Scaling
        if document["preprocessing"]["vocabulary"] is None:
            preparation = Scaling(tensors["scaling/mean"], tensors["scaling/std"], document["preprocessing"]["gaps"])
        else:
            preparation = Vocabulary.of_document(document["preprocessing"]["vocabulary"])
        columns = document["columns"]
        classifier.columns_ = columns and SequenceColumns(**{**columns, "values": tuple(columns["values"])})
        classifier.classes_ = np.array(document["classes"])
        classifier.class_counts_ = np.array(document["class_counts"])
        network = new_network(classifier, preparation, len(classifier.classes_))
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(classifier, name, document["fitted"][name])
        classifier._keep(ClassifierModel(network, preparation, float(document["temperature"])))
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return classifier


def new_network(classifier: SequenceClassifier, preparation: Vocabulary | Scaling, classes: int) -> ClassifierEnsemble:
    """The networks for these parameters and inputs, untrained."""
    if isinstance(preparation, Vocabulary):
        tokens, channels = len(preparation), classifier.embedding_size
    else:
        tokens, channels = None, preparation.width
    members = [
        ClassifierNetwork(
            classifier.cell,
            tokens,
            channels,
            classes,
            hidden_size=classifier.hidden_size,
            num_layers=classifier.num_layers,
            bidirectional=classifier.bidirectional,
            dropout=classifier.dropout,
        )
        for _ in range(classifier.ensemble_size)
    ]
    return ClassifierEnsemble(members)
