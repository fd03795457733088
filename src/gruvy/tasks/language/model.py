"""Language models over characters or sub-words: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from gruvy.data import Streams
from gruvy.errors import ArgumentError, DataError
from gruvy.language import Alphabet, Characters, Subwords, read_pieces
from gruvy.tasks.language.baselines import compressors, ngram, score_row, xz_after
from gruvy.tasks.language.network import CarriedLoss, LanguageNetwork, fastest, language_graph
from gruvy.tasks.language.parts import TOKENS, check_parts, joined, split_text
from gruvy.tasks.language.subwords import learn_subwords
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.params import check_sum, integer, one_of
from gruvy.timeseries import Problems
from gruvy.training import Progress

# Streams side by side where nothing is learnt: more of them are faster, and each begins with nothing remembered.
_VALIDATION_STREAMS = 64


class LanguageModel(Estimator):
    """Learns from a text which character or sub-word follows, and goes on with texts of its own.

    Trained by truncated backpropagation through time: the text is read as ``batch_size`` parallel streams, whose states
    go on from one batch of ``context_length`` characters to the next. The best epoch is chosen on the validation part;
    the test part only serves to score the model, an n-gram model and two compressors. See
    `gruvy.tasks.language.network.LanguageNetwork` for the network.

    Args:
        hidden_size: H, units of each layer.
        num_layers: recurrent layers.
        cell: "gru", "lstm" or "tanh".
        tokens: "character", or "subword": pieces of words that are learnt from the training part (byte-pair encoding,
            by the tokenizers library of the extra "text"); a text has fewer of them, and memory reaches further back.
        vocabulary_size: the most sub-words; all single characters are among them, even if there are more.
        embedding_size: E, numbers that stand for a character or sub-word.
        dropout: fraction of the units dropped in training, between layers and before the output.
        context_length: T, characters or sub-words through which gradients go back; what is remembered goes further.
        batch_size: N, streams; fewer where the text is too short for so many.
        validation_fraction: fraction of the text, just before the test part, that chooses the best epoch.
        test_fraction: fraction of the text, its end, held out for the scores.
        max_epochs: the most passes over the training part.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        unknown: characters that no part of the text of the fit had: "refuse" them, as None does, for their probability
            would be 0; "replace" them by known ones that look like them; or "skip" them. What was found is said.

    Attributes:
        scores_: rows of `evaluate` for the test part, the n-gram model and xz after the training text among them.
        history_: one row per epoch: epoch, train_loss, validation_loss (bits per character), seconds.
        best_epoch_: whose weights are in use.
        alphabet_: the characters of all parts, in their order.
        pieces_: what the network's numbers stand for: these characters, or sub-words.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        provenance_: versions, machine, threads, seed, characters of each part, date.

    Example:
        >>> model = LanguageModel(hidden_size=8, max_epochs=1, context_length=20, random_state=0)
        >>> len(model.fit("Tyger Tyger, burning bright, " * 50).generate("Tyger ", length=10, seed=0))
        10
    """

    _network: LanguageNetwork

    TASK = "language"
    _rules: ClassVar = {"tokens": one_of(TOKENS), "vocabulary_size": integer(1), "context_length": integer(1)}
    _free = ("unknown",)
    _fitted = (*Estimator._fitted, "scores_")
    _shaping = ("cell", "hidden_size", "num_layers", "tokens", "vocabulary_size", "embedding_size")

    def __init__(
        self,
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        cell: str = "gru",
        tokens: str = "character",
        vocabulary_size: int = 1000,
        embedding_size: int = 64,
        dropout: float = 0.1,
        context_length: int = 100,
        batch_size: int = 32,
        validation_fraction: float = 0.1,
        test_fraction: float = 0.1,
        max_epochs: int = 10,
        patience: int = 2,
        learning_rate: float = 4e-3,
        random_state: int | np.random.RandomState | None = None,
        unknown: str | None = None,
    ):
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cell = cell
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.context_length = context_length
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.test_fraction = test_fraction
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.unknown = unknown

    def fit(
        self,
        text: str | Sequence[str],
        y: None = None,
        *,
        validation: str | Sequence[str] | None = None,
        test: str | Sequence[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on a text, choose the best epoch, score it and the baselines on the test part.

        Args:
            text: one text, or several, which are read with a line break between them.
            y: not used; scikit-learn passes it.
            validation: text that chooses the best epoch, and ``test``, text for the scores: both, and ``text`` is all
                learnt from; or neither, and ``validation_fraction`` and ``test_fraction`` cut them from its end.
            test: see ``validation``.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its characters or sub-words are kept.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: no text, or a part that is too short.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes)
        parts = self._parts(text, validation, test)
        characters = Alphabet.of("".join(parts.values()))
        alphabet: Alphabet | Subwords = characters
        if run.parent is not None:
            alphabet = run.parent._characters.alphabet
        elif self.tokens == "subword":
            alphabet = learn_subwords(parts["training"], characters.characters, self.vocabulary_size)
        training, judged = (torch.from_numpy(alphabet.encode(parts[name])) for name in ("training", "validation"))

        network = run.start(lambda: self._new_network(alphabet))
        self._train(
            run,
            network,
            CarriedLoss(torch.tensor([len(piece) for piece in alphabet.pieces])),
            Streams(training, alphabet.start, streams=self.batch_size, context=self.context_length),
            Streams(judged, alphabet.start, streams=_VALIDATION_STREAMS, context=self.context_length),
            identity=self._identity(parts.values()),
            facts={"characters": {name: len(part) for name, part in parts.items()}},
        )
        self._set_model(network, alphabet)
        own, *packed = self.evaluate(parts["test"])
        self.scores_ = [
            own,
            *ngram(parts["training"], parts["validation"], parts["test"], characters),
            xz_after(parts["training"], parts["test"]),
            *packed,
        ]
        return self

    def generate(
        self,
        prompt: str = "",
        length: int = 500,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
    ) -> str:
        """Return text that goes on from a prompt, ``length`` characters or until a ``stop``.

        Args:
            prompt, length, temperature, top_k, top_p, seed, stop: as for `stream`.

        Returns:
            The text, without the prompt.

        Raises:
            ArgumentError: values that cannot work.
            DataError: the prompt has characters that the model does not know.
        """
        how = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed, "stop": stop}
        return "".join(self.stream(prompt, length, **how))

    def stream(self, prompt: str = "", length: int | None = None, **how: Any) -> Iterator[str]:
        """Draw characters or sub-words one after another; each is there as soon as it is drawn.

        Args:
            prompt: what the text begins with; it is not returned. Without one a new line begins.
            length: characters to draw; None for no end.
            how: temperature, top_k, top_p, seed and stop, see `gruvy.language.Characters.stream`.

        Returns:
            An iterator over what is drawn.

        Raises:
            ArgumentError: values that cannot work.
            DataError: the prompt has characters that the model does not know.
        """
        check_is_fitted(self)
        return self._reader.stream(prompt, length, **how)

    def surprise(self, text: str) -> NDArray[np.float64]:
        """Return the bits of each character (T,): -log2 of the probability that it got, given all before it.

        The bits of a sub-word are shared out evenly among its characters.

        Raises:
            DataError: the text has characters that the model does not know.
        """
        check_is_fitted(self)
        return self._reader.surprise(text)

    def evaluate(self, text: str | Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Bits per character of the model, and of compressors that see this text alone.

        Args:
            text: one text, or several; None for the test part of the fit, with the baselines that learnt from its
                training part.

        Returns:
            One row each for the model (the cell's name), "bzip2" and "xz", with name, bits_per_character, characters.

        Raises:
            DataError: the text is empty, or has characters that the model does not know.
        """
        check_is_fitted(self)
        if text is None:
            return self.scores_
        whole = joined(text)
        if not whole:
            raise DataError("the text: expected at least one character, got none; give a text to measure")
        read = self._reader.read(whole).text
        if not read:
            raise DataError("the text: none of its characters is known to the model; give a text to measure")
        return [score_row(self.cell, self.surprise(read).mean(), read), *compressors(read)]

    def score(self, text: str | Sequence[str], y: None = None) -> float:
        """Minus the bits per character: as scikit-learn expects, more is better.

        Args:
            text: one text, or several.
            y: not used; scikit-learn passes it.

        Returns:
            At most 0.

        Raises:
            DataError: the text is empty, or has characters that the model does not know.
        """
        return -float(self.evaluate(text)[0]["bits_per_character"])

    @property
    def characters(self) -> Characters:
        """The fitted model for a program without torch."""
        check_is_fitted(self)
        return self._characters

    @property
    def _reader(self) -> Characters:
        """The fitted model, with the rule for unknown characters as it is now."""
        return replace(self._characters, unknown=self.unknown)

    def _parts(self, text: Any, validation: Any, test: Any) -> dict[str, str]:
        whole = joined(text)
        if (validation is None) != (test is None):
            raise ArgumentError("validation and test: expected both or neither, got one; give the other one too")
        if validation is None:
            cut = split_text(whole, self.validation_fraction, self.test_fraction)
        else:
            cut = (whole, joined(validation, "validation"), joined(test, "test"))
        parts = dict(zip(("training", "validation", "test"), cut, strict=True))
        check_parts(parts, self.context_length)
        return parts

    def _check_together(self, params: Mapping[str, Any], problems: Problems) -> None:
        check_sum(params, problems, "validation_fraction", "test_fraction")

    def _new_network(self, alphabet: Alphabet | Subwords) -> LanguageNetwork:
        return LanguageNetwork(
            self.cell,
            len(alphabet),
            embedding_size=self.embedding_size,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            dropout=self.dropout,
        )

    def _state(self) -> tuple[Arrays, Document]:
        params = self._fitted_params
        document: Document = {
            "spec": {
                "cell": params["cell"],
                "input_size": params["embedding_size"],
                "hidden_size": params["hidden_size"],
                "num_layers": params["num_layers"],
                "reset_after": True if params["cell"] == "gru" else None,
            },
            "alphabet": self._characters.alphabet.document(),
        }
        graph = language_graph(self._network)
        return self._network_arrays(), document if graph is None else document | {"graph": graph.document()}

    def _restore(self, arrays: Arrays, document: Document) -> None:
        alphabet = read_pieces(document["alphabet"])
        self._set_model(self._new_network(alphabet), alphabet, arrays)

    def _set_model(self, network: LanguageNetwork, alphabet: Alphabet | Subwords, arrays: Arrays | None = None) -> None:
        """Take over the parts of a fitted model."""
        self._set_network(network, arrays)
        self._characters = Characters(fastest(network), alphabet)
        self.alphabet_ = alphabet.characters
        self.pieces_ = alphabet.pieces
