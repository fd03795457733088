"""Translation: the estimator."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from gruvy.data.codec import END, SubwordCodec
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_groups
from gruvy.tasks.shared.params import Rule, at_least, integer
from gruvy.tasks.translation.batches import Pairs
from gruvy.tasks.translation.columns import PairColumns
from gruvy.tasks.translation.data import read_pairs, read_texts
from gruvy.tasks.translation.model import Attention, TranslatorModel
from gruvy.tasks.translation.network import TranslatorNetwork, translation_loss
from gruvy.tasks.translation.scores import bleu, frequencies, score_row
from gruvy.training import Progress


class Translator(Estimator):
    """Translates sentences by a GRU encoder-decoder, with attention or with one vector between the two.

    See `gruvy.tasks.translation.network.TranslatorNetwork` for the equations. Both languages are read as sub-words
    (byte-pair encoding), upper and lower case apart; translations are found by beam search.

    Args:
        attention: "additive" lets the decoder look at all states of the encoder (Bahdanau et al. 2015); None hands it
            one summary of the sentence (Cho et al. 2014), which long sentences do not fit into.
        vocabulary_size: the most sub-words of each language.
        embedding_size: numbers that stand for a sub-word.
        hidden_size: H, units of each layer and direction.
        num_layers: of the encoder, which is bidirectional; the decoder has two.
        dropout: fraction of the units dropped in training.
        max_length: pairs with more sub-words on one side are not learnt from.
        validation_fraction: fraction of the pairs that chooses the best epoch, where ``fit`` is given no other.
        batch_size: pairs in a training step.
        max_epochs: the most passes over the training pairs.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        beam_size: K, beginnings that the search keeps; 1 is greedy.
        length_normalization: a; of a translation of T sub-words the score is its log-probability over T^a.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        unknown: characters of sentences that the fit has not seen: "refuse" them, "skip" them, or "replace" them by the
            sub-word for what is not known, as None does. What was found is counted and said.

    Attributes:
        history_: one row per epoch: epoch, train_loss (labels smoothed by 0.1), validation_loss (nats per sub-word),
            seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        columns_: what the languages are called in tables, if `gruvy.tasks.translation.table.fit_pairs` fitted it.
        provenance_: versions, machine, threads, seed, pairs, date.

    Example:
        >>> words = {"uno": "one", "dos": "two", "tres": "three"}
        >>> source = [f"{a} {b}" for a in words for b in words] * 12
        >>> target = [" ".join(words[word] for word in text.split()) for text in source]
        >>> small = {"embedding_size": 16, "hidden_size": 16, "dropout": 0.0, "batch_size": 4, "learning_rate": 0.01}
        >>> model = Translator(**small, max_epochs=6, random_state=0).fit(source, target)
        >>> model.predict(["dos uno"])
        ['two one']
    """

    columns_: PairColumns | None
    _model: TranslatorModel

    TASK = "translate"
    _rules: ClassVar = {
        "attention": Rule("'additive' or None", lambda value: value in ("additive", None)),
        "vocabulary_size": integer(10),
        "max_length": integer(1),
        "beam_size": integer(1),
        "length_normalization": at_least(0),
    }
    _free = ("beam_size", "length_normalization", "unknown")  # how translations are searched for, and sentences read
    _shaping = ("attention", "vocabulary_size", "embedding_size", "hidden_size", "num_layers")

    def __init__(
        self,
        *,
        attention: str | None = "additive",
        vocabulary_size: int = 4000,
        embedding_size: int = 128,
        hidden_size: int = 192,
        num_layers: int = 1,
        dropout: float = 0.2,
        max_length: int = 80,
        validation_fraction: float = 0.05,
        batch_size: int = 32,
        max_epochs: int = 10,
        patience: int = 3,
        learning_rate: float = 2e-3,
        beam_size: int = 5,
        length_normalization: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
        unknown: str | None = None,
    ):
        self.attention = attention
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.max_length = max_length
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.beam_size = beam_size
        self.length_normalization = length_normalization
        self.random_state = random_state
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
        max_minutes: float | None = None,
    ) -> Self:
        """Train on pairs of sentences and choose the best epoch.

        Args:
            X: N sentences.
            y: N translations, one for each.
            validation: sentences and translations that choose the best epoch; by default a part of X and y.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its sub-words are kept.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: sentences that cannot be used.
            MissingExtraError: without the tokenizers library.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes)
        source, target = read_pairs(X, y)
        if validation is None:
            source, target, *kept = _split(source, target, self.validation_fraction, run.seed)
        else:
            kept = list(read_pairs(*validation, names=("validation[0]", "validation[1]")))

        if run.parent is None:
            subwords = [SubwordCodec.of(texts, self.vocabulary_size) for texts in (source, target)]
        else:
            subwords = [run.parent._model.source, run.parent._model.target]
        network = run.start(lambda: self._new_network(*subwords))
        model = TranslatorModel(network, *subwords)
        learnt = [pair for pair in model.encode_pairs(source, target) if max(map(len, pair)) <= self.max_length]
        if not learnt:
            raise DataError(f"X: all sentences have more sub-words than max_length={self.max_length}; raise it")
        judged = sorted(model.encode_pairs(*kept), key=lambda pair: len(pair[1]))
        self._train(
            run,
            network,
            translation_loss,
            Pairs(learnt, batch_size=self.batch_size, seed=run.seed),
            Pairs(judged, batch_size=self.batch_size),
            identity=self._identity(
                (side for pair in (*learnt, *judged) for side in pair),
                validating=len(judged),
            ),
            facts={"pairs": len(learnt), "validated": len(judged)},
        )
        self.columns_ = None
        self._set_network(network)
        self._model, self._frequencies = model, frequencies((pair[1] for pair in learnt), len(model.target))
        return self

    def predict(self, X: Any) -> list[str]:
        """Translate sentences.

        Args:
            X: N sentences.

        Returns:
            N translations.

        Raises:
            DataError: sentences that cannot be used.
        """
        check_is_fitted(self)
        return [self._model.target.decode(found) for found in self._search(self._read(X))]

    def score(self, X: Any, y: Any) -> float:
        """Return the BLEU of the translations, from 0 to 100, as sacrebleu defines it.

        Raises:
            DataError: sentences that cannot be used.
            MissingExtraError: without sacrebleu.
        """
        source, references = read_pairs(X, y)
        return bleu(self.predict(source), references)

    def evaluate(self, X: Any, y: Any, *, translations: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Measure the model, and two baselines that need no network.

        Args:
            X: N sentences that were not in the fit.
            y: N translations by people.
            translations: what `predict` gave for X, to save its time; by default it is called.

        Returns:
            Rows with name, bleu, chrf and perplexity (per sub-word of y): of the model; of the source itself, copied;
            of the sub-words by their frequency alone. What does not apply is None.

        Raises:
            DataError: sentences that cannot be used.
            MissingExtraError: without sacrebleu.
        """
        check_is_fitted(self)
        source, references = read_pairs(X, y)
        admitted = self._model.source.admit(source, self.unknown, "X")
        if translations is None:
            translations = [self._model.target.decode(found) for found in self._search(admitted)]
        pairs = self._model.encode_pairs(admitted, references)
        total, count = self._model.cross_entropy(pairs)
        by_frequency = -sum(float(self._frequencies[[*target, END]].sum()) for _, target in pairs)
        return [
            score_row("gru", translations, references, total / count),
            score_row("the source, copied", source, references),
            {"name": "sub-word frequencies", "bleu": None, "chrf": None, "perplexity": math.exp(by_frequency / count)},
        ]

    def attention_maps(self, X: Any) -> list[Attention]:
        """Where the decoder looks while it writes its translations.

        Args:
            X: N sentences.

        Returns:
            For each the sub-words of the source (J) and of the translation (T), and the weights (T, J).

        Raises:
            ArgumentError: the model has no attention.
            DataError: sentences that cannot be used.
        """
        check_is_fitted(self)
        if self.attention is None:
            raise ArgumentError("attention_maps: the model has none; fit one with attention='additive'")
        texts = self._read(X)
        return self._model.attention(texts, self._search(texts))

    def _read(self, X: Any) -> list[str]:
        return self._model.source.admit(read_texts(X, "X"), self.unknown, "X")

    def _search(self, texts: list[str]) -> list[list[int]]:
        return self._model.translate(texts, self.beam_size, self.length_normalization)

    def _new_network(self, source: SubwordCodec, target: SubwordCodec) -> TranslatorNetwork:
        return TranslatorNetwork(
            len(source),
            len(target),
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            attention=self.attention is not None,
            dropout=self.dropout,
        )

    def _state(self) -> tuple[Arrays, Document]:
        return self._network_arrays() | {"frequencies": self._frequencies}, {
            "subwords": {"source": self._model.source.document, "target": self._model.target.document},
            "columns": None if self.columns_ is None else asdict(self.columns_),
            "no_graph": "beam search is no operation of a graph",
        }

    def _restore(self, arrays: Arrays, document: Document) -> None:
        source, target = (SubwordCodec(document["subwords"][side]) for side in ("source", "target"))
        columns = document["columns"]
        self.columns_ = columns and PairColumns(**columns)
        network = self._new_network(source, target)
        self._set_network(network, arrays)
        self._model, self._frequencies = TranslatorModel(network, source, target), arrays["frequencies"]


def _split(
    source: list[str], target: list[str], fraction: float, seed: int
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Sources and targets to learn from, and to validate with."""
    if len(set(source)) < 2:
        raise DataError("X: expected at least two different sentences, one to validate with, got one")
    kept = draw_groups(np.unique(np.array(source, object), return_inverse=True)[1], fraction, seed)
    parts = [[side[row] for row in np.flatnonzero(part)] for part in (~kept, kept) for side in (source, target)]
    return parts[0], parts[1], parts[2], parts[3]
