"""A label for every step of a sequence: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import nn

from gruvy.errors import DataError
from gruvy.tasks.labels.calibration import fit_temperature
from gruvy.tasks.labels.reading import class_weights
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_rows
from gruvy.tasks.shared.sequences import SequenceScaling
from gruvy.tasks.tagging.batches import TaggedSequences
from gruvy.tasks.tagging.columns import TagColumns
from gruvy.tasks.tagging.data import Preparation, class_counts, numbers_of, read_labels, read_steps
from gruvy.tasks.tagging.model import TaggerModel
from gruvy.tasks.tagging.network import StepCrossEntropy, TaggerNetwork
from gruvy.tasks.tagging.spans import step_row
from gruvy.tasks.tagging.words import WordFeatures, WordReader
from gruvy.training import Progress

# Sequences in a batch of the validation part.
_BATCH = 128


class SequenceTagger(Estimator):
    """Labels every step of strings, of lists of words, of numeric sequences, or of both at once, with calibrated
    probabilities.

    Stacked recurrent layers read the sequence from both ends, and a linear layer reads them at every step; see
    `gruvy.tasks.tagging.network.TaggerNetwork`. A part of the sequences chooses the best epoch and calibrates the
    probabilities; the rest is learnt from.

    Args:
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer and direction.
        num_layers: recurrent layers.
        bidirectional: whether the layers read the sequence from both ends.
        dropout: fraction of the units dropped in training.
        class_weight: how much the steps of each class count in training, as class -> weight (1 for the others);
            "balanced" makes all classes count alike; None counts each step once. The probabilities are then those of a
            world in which the classes are so frequent.
        validation_fraction: fraction of the sequences that chooses the best epoch and calibrates.
        batch_size: sequences in a training step.
        max_epochs: the most passes over the training sequences.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        embedding_size: numbers that stand for a word, for its beginnings, its ends and its shape.
        unknown: characters that the fit has not seen: "refuse" them, as None does for those of strings; "replace" them
            by none of the known ones, as None does for those of words; or "skip" them: the network does not read them,
            and their label is that of the step before. What was found is counted and said.

    Attributes:
        classes_: the labels, sorted.
        class_counts_: how many steps of each class the fit was given.
        text_labels_: whether the labels of a sequence are one string.
        alphabet_: the characters known, sorted; "" of words and numeric sequences.
        temperature_: by which the logits are divided; above 1 the network had been too sure.
        history_: one row per epoch: epoch, train_loss, validation_loss (cross-entropy of a step, nats), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        columns_: what the columns of the table were, if `gruvy.tasks.tagging.table.fit_table` read one.
        provenance_: versions, machine, threads, seed, sequences, steps, date.

    Example:
        >>> words = ["abab", "bbab", "aaab", "baaa"] * 10
        >>> after_a = ["".join("10"[x != "a"] for x in " " + word[:-1]) for word in words]
        >>> model = SequenceTagger(hidden_size=8, max_epochs=30, learning_rate=0.03, random_state=0)
        >>> model.fit(words, after_a).predict(["bab", "aaab"])
        ['001', '0111']
    """

    columns_: TagColumns | None
    classes_: NDArray[Any]
    _model: TaggerModel

    TASK = "tag"
    _free = ("unknown",)
    _fitted = (*Estimator._fitted, "text_labels_")
    _shaping = ("cell", "hidden_size", "num_layers", "bidirectional")

    def __init__(
        self,
        *,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 2,
        bidirectional: bool = True,
        dropout: float = 0.3,
        class_weight: str | Mapping[Any, float] | None = None,
        validation_fraction: float = 0.1,
        batch_size: int = 16,
        max_epochs: int = 10,
        patience: int = 3,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
        embedding_size: int = 64,
        unknown: str | None = None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.embedding_size = embedding_size
        self.unknown = unknown

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        rescale: bool = False,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on sequences with a label at every step, choose the best epoch, calibrate the probabilities.

        Args:
            X: N sequences of any lengths: strings, whose characters are the steps; or lists of words; or arrays (T, C)
                or (T,); or tuples of a string or a list of words and an array (T, C).
            y: for each sequence T labels: a string, or a list or an array; two classes or more in all.
            validation: sequences and labels that choose the epoch and calibrate, instead of a fraction of X: give them
                where sequences are related, so that a random share would not be independent.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its classes, alphabet and scaling are kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: sequences or labels that cannot be used.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        sequences = read_steps(X)
        labels = read_labels(y, sequences)
        if len(labels.classes) < 2:
            raise DataError(
                f"y: expected at least two classes, got one class, {labels.classes.tolist()[0]!r}; "
                "add sequences with another"
            )
        parent, classes, numbers = run.parent, labels.classes, labels.numbers
        preparation = Preparation.of(sequences)
        if parent is not None:
            classes, numbers = parent.classes_, numbers_of(parent.classes_, labels)
            preparation = parent._model.preparation.inherited(preparation, rescale=rescale)
        encoded = preparation.encode(sequences, self.unknown)
        if validation is None:
            if len(sequences) < 2:
                raise DataError(
                    "X: expected at least two sequences, one to learn from and one to validate with, got one"
                )
            kept = draw_rows(len(sequences), self.validation_fraction, run.seed)
        else:
            more = read_steps(validation[0])
            encoded += preparation.encode(more, self.unknown)
            numbers = numbers + numbers_of(classes, read_labels(validation[1], more))
            kept = np.arange(len(encoded)) >= len(sequences)
        numbers = [one.read(given) for one, given in zip(encoded, numbers, strict=True)]
        counts = class_counts(numbers, len(classes))
        weights = class_weights(self.class_weight, classes, counts)

        training, validating = (
            TaggedSequences(
                [encoded[row] for row in np.flatnonzero(part)],
                [numbers[row] for row in np.flatnonzero(part)],
                len(preparation.alphabet),
                batch_size=size,
            )
            for part, size in ((~kept, self.batch_size), (kept, _BATCH))
        )
        network = run.start(lambda: self._new_network(preparation, len(classes)))
        self._train(
            run,
            network,
            StepCrossEntropy(torch.tensor(weights, dtype=torch.float32)),
            training,
            validating,
            identity=self._identity([kept, *numbers, *(part for one in encoded for part in one.arrays())]),
            facts={"sequences": len(encoded), "steps": int(counts.sum())},
        )
        self.columns_ = None
        self.classes_ = classes
        self.class_counts_ = counts
        self.text_labels_ = labels.text
        logits = TaggerModel(network, preparation, 1.0).logits(validating.sequences)  # type: ignore[arg-type]
        truth = np.concatenate(validating.labels)
        temperature = fit_temperature(np.concatenate(logits), truth, weights[truth])
        self._set_network(network)
        self._set_model(TaggerModel(network, preparation, temperature))
        return self

    def predict(self, X: Any) -> list[Any]:
        """Return the most probable label of every step.

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            For each sequence T labels: a string if the fit was given strings, otherwise an array.

        Raises:
            DataError: sequences that cannot be used.
        """
        found = [self.classes_[one.argmax(axis=1)] for one in self.predict_proba(X)]
        return ["".join(labels) for labels in found] if self.text_labels_ else found

    def predict_proba(self, X: Any) -> list[NDArray[np.float64]]:
        """Return the calibrated probability of each class at every step.

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            For each sequence (T, K), in the order of ``classes_``.

        Raises:
            DataError: sequences that cannot be used.
        """
        check_is_fitted(self)
        return self._model.probabilities(read_steps(X), self.unknown)

    def score(self, X: Any, y: Any) -> float:
        """Return the fraction of all steps that are labelled correctly.

        Args:
            X: N sequences of the kind of the fit.
            y: their labels.

        Raises:
            DataError: sequences or labels that cannot be used.
        """
        probabilities = np.concatenate(self.predict_proba(X))
        return float((probabilities.argmax(axis=1) == np.concatenate(self.numbers(X, y))).mean())

    def evaluate(self, X: Any, y: Any) -> list[dict[str, Any]]:
        """Measure the model, and what always says how frequent the classes of the fit were.

        Args:
            X: N sequences that were not in the fit.
            y: their labels.

        Returns:
            A row of the model (named as its cell) and one of "majority class", with name, accuracy, balanced_accuracy,
            macro_f1, log_loss (nats) and calibration_error, all of them over steps. Where the labels are those of spans
            (B-PER, I-PER, O), also span_f1: see `gruvy.tasks.tagging.spans.span_f1`.

        Raises:
            DataError: sequences or labels that cannot be used.
        """
        check_is_fitted(self)
        truth = self.numbers(X, y)
        often = [np.tile(self.class_counts_ / self.class_counts_.sum(), (len(one), 1)) for one in truth]
        return [
            step_row(self.cell, self.classes_, truth, self.predict_proba(X)),
            step_row("majority class", self.classes_, truth, often),
        ]

    def numbers(self, X: Any, y: Any) -> list[NDArray[np.int64]]:
        """Return the labels of each sequence as places in ``classes_``.

        Raises:
            DataError: labels that do not fit the sequences, or that the fit has not seen.
        """
        return numbers_of(self.classes_, read_labels(y, read_steps(X)))

    def _new_network(self, preparation: Preparation, classes: int) -> nn.Module:
        words = preparation.words
        if words is None:
            return self._step_network(preparation.channels, classes)
        inner = self._step_network(self.embedding_size + preparation.channels, classes)
        return WordReader(len(words.names), self.embedding_size, inner, self.dropout)

    def _step_network(self, channels: int, classes: int) -> nn.Module:
        return TaggerNetwork(
            self.cell,
            channels,
            classes,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )

    def _state(self) -> tuple[Arrays, Document]:
        arrays, preparation = self._network_arrays(), self._model.preparation
        scaling, words = preparation.scaling, preparation.words
        if scaling is not None:
            arrays |= {"scaling/mean": scaling.mean, "scaling/std": scaling.std}
        return arrays, {
            "preprocessing": {"alphabet": preparation.alphabet, "words": None if words is None else words.document()},
            "temperature": self._model.temperature,
            "classes": self.classes_.tolist(),
            "class_counts": self.class_counts_.tolist(),
            "columns": None if self.columns_ is None else asdict(self.columns_),
            "no_graph": "a SequenceTagger runs with torch only",
        }

    def _restore(self, arrays: Arrays, document: Document) -> None:
        scaled = "scaling/mean" in arrays
        scaling = SequenceScaling(arrays["scaling/mean"], arrays["scaling/std"]) if scaled else None
        words = document["preprocessing"].get("words")
        features = None if words is None else WordFeatures.of_document(words)
        preparation = Preparation(document["preprocessing"]["alphabet"], scaling, features)
        columns = document["columns"]
        self.columns_ = columns and TagColumns(
            **{**columns, "values": tuple(columns["values"]), "conll": columns.get("conll") and tuple(columns["conll"])}
        )
        self.classes_ = np.array(document["classes"])
        self.class_counts_ = np.array(document["class_counts"])
        network = self._new_network(preparation, len(self.classes_))
        self._set_network(network, arrays)
        self._set_model(TaggerModel(network, preparation, float(document["temperature"])))

    def _set_model(self, model: TaggerModel) -> None:
        """Take over the parts of a fitted model."""
        self._model = model
        self.temperature_ = model.temperature
        self.alphabet_ = model.preparation.alphabet
