"""Classification of texts and numeric sequences: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from gruvy.data import Sequences, Vocabulary
from gruvy.data.vocabulary import KINDS
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.classification.columns import ClassColumns
from gruvy.tasks.classification.model import Attention, ClassifierModel
from gruvy.tasks.classification.network import ClassifierEnsemble, cross_entropy
from gruvy.tasks.labels.calibration import fit_temperature
from gruvy.tasks.labels.reading import as_numbers, class_weights, read_labels
from gruvy.tasks.labels.scores import majority_row, score_row
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_classes
from gruvy.tasks.shared.network import SequenceNetwork
from gruvy.tasks.shared.params import integer, one_of
from gruvy.tasks.shared.sequences import (
    SequencePreparation,
    encode,
    learn_preparation,
    preparation_state,
    read_sequences,
    read_weights,
    restored_preparation,
)
from gruvy.text import canonical_texts
from gruvy.training import Progress

# Sequences in a batch of the validation part.
_BATCH = 256


class SequenceClassifier(ClassifierMixin, Estimator):
    """Tells classes of texts or of numeric sequences of any length, with calibrated probabilities.

    A part of the sequences, ``validation_fraction`` of every class, chooses the best epoch and calibrates the
    probabilities; the rest is learnt from. See `gruvy.tasks.classification.network.ClassifierNetwork` for the network.

    Args:
        tokens: what a text is cut into: "word", "character" or "subword" (byte-pair encoding; the extra ``text``).
        vocabulary_size: the most tokens to know.
        embedding_size: numbers that stand for a token.
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer and direction.
        num_layers: recurrent layers.
        bidirectional: whether the layers read the sequence from both ends.
        dropout: fraction of the units dropped in training.
        ensemble_size: networks that are trained side by side from different initial weights and decide together: better
            and better calibrated than one, at the price of so many.
        class_weight: how much the sequences of each class count in training, as class -> weight (1 for the others);
            "balanced" makes all classes count alike; None counts each sequence once. The probabilities are then those
            of a world in which the classes are so frequent.
        validation_fraction: fraction of the sequences that chooses the best epoch and calibrates.
        batch_size: sequences in a training step.
        max_epochs: the most passes over the training sequences; None for 10, or of few sequences for as many as make
            500 training steps.
        patience: epochs without a better validation loss after which the training stops; None for a fifth of
            ``max_epochs``, but at least 3.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        unknown: characters of texts that the fit has not seen: "refuse" them, "skip" them, or "replace" them by the
            token for what is not known, as None does. What was found is counted and said.

    Attributes:
        classes_: the labels, sorted.
        class_counts_: how many sequences of each class the fit was given.
        temperature_: by which the logits are divided; above 1 the network had been too sure.
        history_: one row per epoch: epoch, train_loss, validation_loss (cross-entropy, nats), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        vocabulary_: the tokens known, number 0 for all others; None of numeric sequences.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        columns_: what the columns of the table were, if `gruvy.tasks.classification.table.fit_table` read one.
        provenance_: versions, machine, threads, seed, sequences, date.

    Example:
        >>> texts = ["a fine film", "fine and warm", "a dull film", "dull and long"] * 10
        >>> model = SequenceClassifier(max_epochs=8, random_state=0).fit(texts, ["good", "good", "bad", "bad"] * 10)
        >>> model.predict(["a warm film", "long and dull"]).tolist()
        ['good', 'bad']
    """

    columns_: ClassColumns | None
    classes_: NDArray[Any]
    _model: ClassifierModel

    TASK = "classify"
    _rules: ClassVar = {
        "tokens": one_of(KINDS),
        "vocabulary_size": integer(2),
        "ensemble_size": integer(1),
        "max_epochs": integer(1).or_none(),
        "patience": integer(1).or_none(),
    }
    _free = ("unknown",)
    _shaping = (
        "tokens",
        "vocabulary_size",
        "embedding_size",
        "cell",
        "hidden_size",
        "num_layers",
        "bidirectional",
        "ensemble_size",
    )

    def __init__(
        self,
        *,
        tokens: str = "word",
        vocabulary_size: int = 10_000,
        embedding_size: int = 64,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.3,
        ensemble_size: int = 1,
        class_weight: str | Mapping[Any, float] | None = None,
        validation_fraction: float = 0.1,
        batch_size: int = 32,
        max_epochs: int | None = None,
        patience: int | None = None,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
        unknown: str | None = None,
    ):
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.ensemble_size = ensemble_size
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.unknown = unknown

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        rescale: bool = False,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on labelled sequences, choose the best epoch, calibrate the probabilities.

        Args:
            X: N texts, as a list or a Series; or N numeric sequences, as a list of arrays (T, C) or (T,), of any
                lengths, or as an array (N, T, C) or (N, T). NaN is a value that was not measured: the network reads
                the channel's mean, and is told that it is missing.
            y: N labels, of two classes or more.
            sample_weight: (N,) how much each sequence counts, in training, in the choice of the epoch and in the
                calibration; None lets all count alike. A sequence of weight 0 is as if it were not there.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its classes, and its vocabulary or scaling, are kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: sequences or labels that cannot be used.
            MissingExtraError: sub-words without the tokenizers library.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        sequences: list[Any] = [*read_sequences(X)]
        if isinstance(sequences[0], str):
            sequences = canonical_texts(sequences, "X")
        labels = read_labels(y, len(sequences))
        weights = read_weights(sample_weight, len(sequences))
        if not weights.all():
            sequences = [sequences[row] for row in np.flatnonzero(weights)]
            labels, weights = labels[weights > 0], weights[weights > 0]
        parent = run.parent
        if parent is not None:
            sequences = [*parent._model.read(sequences)]
            parent.numbers(labels)  # refuses classes that it does not know
        classes, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(classes) < 2:
            raise DataError(
                f"y: expected at least two classes, got one class, {classes.tolist()[0]!r}; add sequences of another"
            )
        if parent is not None:  # it may know more of them
            classes, numbers = parent.classes_, parent.numbers(labels)
            counts = np.bincount(numbers, minlength=len(classes))
        weights = weights * class_weights(self.class_weight, classes, counts)[numbers]
        targets = (weights[:, None] * np.eye(len(classes))[numbers]).astype(np.float32)

        kept = draw_classes(numbers, self.validation_fraction, run.seed)
        if not kept.any():
            raise DataError("X: no class has two sequences, so that none is left to validate with; give more")
        if rescale and isinstance(sequences[0], str):
            raise ArgumentError("rescale=True: texts have no scaling that could be learnt anew; leave it out")
        if parent is not None and not rescale:
            preparation = parent._model.preparation
        else:
            preparation = learn_preparation(sequences, ~kept, self.tokens, self.vocabulary_size)
        encoded = encode(sequences, preparation)
        training, validation = (
            Sequences([encoded[row] for row in np.flatnonzero(part)], targets[part], batch_size=size)
            for part, size in ((~kept, self.batch_size), (kept, _BATCH))
        )
        network = run.start(lambda: self._new_network(preparation, len(classes)))
        self._train(
            run,
            network,
            cross_entropy,
            training,
            validation,
            identity=self._identity([targets, *encoded]),
            facts={"sequences": len(sequences)},
        )
        self.columns_ = None
        self.classes_ = classes
        self.class_counts_ = counts
        logits = ClassifierModel(network, preparation, 1.0).logits(validation.sequences)
        temperature = fit_temperature(logits, numbers[kept], weights[kept])
        self._set_network(network)
        self._set_model(ClassifierModel(network, preparation, temperature))
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each sequence.

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            (N,) labels.

        Raises:
            DataError: sequences that cannot be used.
        """
        probabilities = self.predict_proba(X)
        found: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the calibrated probability of each class.

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            (N, K), in the order of ``classes_``.

        Raises:
            DataError: sequences that cannot be used.
        """
        check_is_fitted(self)
        return self._model.probabilities(self._model.read(X, self.unknown))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy, of labels in every form that ``fit`` takes.

        Args:
            X: sequences, as for ``fit``.
            y: N labels.
            sample_weight: (N,) what each sequence weighs.

        Returns:
            The weighted fraction of sequences whose class is predicted.

        Raises:
            DataError: sequences or labels that cannot be used.
        """
        predicted = self.predict(X)
        right = read_labels(y, len(predicted)) == predicted
        return float(np.average(right, weights=read_weights(sample_weight, len(predicted))))

    def evaluate(self, X: Any, y: Any) -> list[dict[str, Any]]:
        """Measure the model, and what always says how frequent the classes of the fit were.

        Args:
            X: N sequences that were not in the fit.
            y: N labels.

        Returns:
            A row of the model (named as its cell) and one of "majority class", with name, accuracy, balanced_accuracy,
            macro_f1, log_loss (nats) and calibration_error.

        Raises:
            DataError: sequences or labels that cannot be used.
        """
        check_is_fitted(self)
        sequences = self._model.read(X, self.unknown)
        truth = self.numbers(read_labels(y, len(sequences)))
        return [
            score_row(self.cell, truth, self._model.probabilities(sequences)),
            majority_row(truth, self.class_counts_),
        ]

    def attention(self, X: Any) -> list[Attention]:
        """Where the network looks: the weight of each step of each sequence.

        A high weight says that the state of the network at this step went into the decision. That state has read the
        steps around it too, so the weight is no proof that this step alone decided (Jain and Wallace 2019).

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            For each its weights (T,), which sum to 1, and of a text the tokens that they belong to.

        Raises:
            DataError: sequences that cannot be used.
        """
        check_is_fitted(self)
        return self._model.attention(self._model.read(X, self.unknown))

    def numbers(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Return the place of each label in ``classes_``.

        Raises:
            DataError: labels that the fit has not seen.
        """
        return as_numbers(self.classes_, labels.tolist())

    def _new_network(self, preparation: SequencePreparation, classes: int) -> ClassifierEnsemble:
        if isinstance(preparation, Vocabulary):
            tokens, channels = len(preparation), self.embedding_size
        else:
            tokens, channels = None, preparation.width
        members = [
            SequenceNetwork(
                self.cell,
                tokens,
                channels,
                classes,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                bidirectional=self.bidirectional,
                dropout=self.dropout,
            )
            for _ in range(self.ensemble_size)
        ]
        return ClassifierEnsemble(members)

    def _state(self) -> tuple[Arrays, Document]:
        arrays, preprocessing = preparation_state(self._model.preparation)
        return self._network_arrays() | arrays, {
            "preprocessing": preprocessing,
            "temperature": self._model.temperature,
            "classes": self.classes_.tolist(),
            "class_counts": self.class_counts_.tolist(),
            "columns": None if self.columns_ is None else asdict(self.columns_),
            "no_graph": "attention over the steps is no operation of a graph",
        }

    def _restore(self, arrays: Arrays, document: Document) -> None:
        preparation = restored_preparation(arrays, document["preprocessing"])
        columns = document["columns"]
        self.columns_ = columns and ClassColumns(**{**columns, "values": tuple(columns["values"])})
        self.classes_ = np.array(document["classes"])
        self.class_counts_ = np.array(document["class_counts"])
        network = self._new_network(preparation, len(self.classes_))
        self._set_network(network, arrays)
        self._set_model(ClassifierModel(network, preparation, float(document["temperature"])))

    def _set_model(self, model: ClassifierModel) -> None:
        """Take over the parts of a fitted model."""
        self._model = model
        self.temperature_ = model.temperature
        self.vocabulary_ = model.preparation.tokens if isinstance(model.preparation, Vocabulary) else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
