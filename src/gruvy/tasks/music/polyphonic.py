"""Sequences of binary vectors, as piano rolls are: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from gruvy import engine
from gruvy.data import Sequences, pad
from gruvy.errors import DataError
from gruvy.music.composer import Composer, sample_roll
from gruvy.tasks.music.baselines import NoteFrequencies, NoteMarkov
from gruvy.tasks.music.data import Rolls, read_rolls
from gruvy.tasks.music.files import MusicFiles
from gruvy.tasks.music.graph import polyphonic_graph
from gruvy.tasks.music.network import FrameLikelihood, PolyphonicNetwork
from gruvy.tasks.music.scores import frame_likelihoods, score_row
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_rows
from gruvy.tasks.shared.params import FLAG, at_least
from gruvy.training import Progress

# Pieces in a batch where nothing is learnt.
_BATCH = 64


class PolyphonicModel(Estimator):
    """Says how likely each note of the next frame is, given all frames before, and writes music by drawing from that.

    See `gruvy.tasks.music.network.PolyphonicNetwork` for the network. It reads any sequences of binary vectors; of
    width 88 (the keys of a piano) or 128 they can be written to MIDI files.

    Args:
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer.
        num_layers: recurrent layers.
        dropout: fraction of the units dropped in training.
        reset_after: the form of the GRU (see `gruvy.nn.GRU`); False is that of Cho et al. and Chung et al. (2014).
        weight_noise: standard deviation of Gaussian noise on the weights in training (Graves 2011), as in Chung et al.;
            on few pieces it is better against overfitting than dropout.
        validation_fraction: fraction of the pieces that chooses the best epoch, where ``fit`` is given none for that.
        batch_size: pieces in a training step.
        max_epochs: the most passes over the training pieces.
        patience: epochs without a better validation loss after which the training stops.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.

    Attributes:
        n_features_in_: D, notes of a frame.
        history_: one row per epoch: epoch, train_loss, validation_loss (nats a frame), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        files_: how files are read and written; see `gruvy.tasks.music.files.MusicFiles`.
        provenance_: versions, machine, threads, seed, pieces, date.

    Example:
        >>> up = np.eye(4, dtype=int)[np.arange(12) % 4]  # one note after the other, again and again
        >>> model = PolyphonicModel(max_epochs=60, patience=60, random_state=0).fit([up] * 12)
        >>> model.predict_proba([up])[0][3].round().tolist()
        [0.0, 0.0, 0.0, 1.0]
    """

    files_: MusicFiles
    n_features_in_: int
    _network: PolyphonicNetwork

    TASK = "music"
    _rules: ClassVar = {"reset_after": FLAG, "weight_noise": at_least(0)}
    _shaping = ("cell", "hidden_size", "num_layers", "reset_after")

    def __init__(
        self,
        *,
        cell: str = "gru",
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        reset_after: bool = True,
        weight_noise: float = 0.075,
        validation_fraction: float = 0.1,
        batch_size: int = 16,
        max_epochs: int = 100,
        patience: int = 15,
        learning_rate: float = 5e-3,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.reset_after = reset_after
        self.weight_noise = weight_noise
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        validation: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on pieces, keep the best epoch.

        Args:
            X: N pieces: a list of arrays (T, D) of 0 and 1, of any lengths from 2 on, or an array (N, T, D).
            y: ignored; scikit-learn passes it.
            validation: pieces that choose the best epoch; a fraction of X by default.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its notes are kept.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: pieces that cannot be used.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes)
        rolls = read_rolls(X) if run.parent is None else read_rolls(X, run.parent.n_features_in_)
        if validation is None:
            if len(rolls) < 2:
                raise DataError(
                    "X: expected at least 2 pieces, one to learn from and one to validate with, got 1; give more"
                )
            kept = draw_rows(len(rolls), self.validation_fraction, run.seed)
            learnt, judged = ([rolls[row] for row in np.flatnonzero(part)] for part in (~kept, kept))
        else:
            learnt, judged = rolls, read_rolls(validation, rolls[0].shape[1], name="validation")
        frequencies = NoteFrequencies.of(learnt)
        network = run.start(lambda: self._new_network(rolls[0].shape[1]))
        if run.parent is None:
            with torch.no_grad():  # what is left to learn is how the next frame differs from any frame
                network.head.bias.copy_(torch.from_numpy(frequencies.logits))
        self._train(
            run,
            network,
            FrameLikelihood(self.weight_noise),
            _batches(learnt, self.batch_size),
            _batches(judged, _BATCH),
            identity=self._identity([*learnt, *judged], validating=len(judged)),
            facts={"pieces": len(learnt) + len(judged)},
        )
        self.n_features_in_ = rolls[0].shape[1]
        self.files_ = MusicFiles()
        self._set_network(network)
        self._frequencies, self._markov = frequencies, NoteMarkov.of(learnt)
        return self

    def predict_proba(self, X: Any) -> list[NDArray[np.float64]]:
        """Return how likely each note of each frame was, given the frames before it.

        Args:
            X: N pieces of D columns.

        Returns:
            N arrays (T, D).

        Raises:
            DataError: pieces that cannot be used.
        """
        return [expit(logits) for logits in self._logits(self._read(X))]

    def log_likelihood(self, X: Any) -> list[NDArray[np.float64]]:
        """Return the log-likelihood of each frame, given the frames before it.

        Args:
            X: N pieces of D columns.

        Returns:
            N arrays (T,), in nats; the sum of one is the log-likelihood of its piece.

        Raises:
            DataError: pieces that cannot be used.
        """
        rolls = self._read(X)
        return [frame_likelihoods(*one) for one in zip(rolls, self._logits(rolls), strict=True)]

    def score(self, X: Any, y: None = None) -> float:
        """Return the mean log-likelihood of a frame, in nats: more is better.

        Args:
            X: N pieces of D columns.
            y: ignored; scikit-learn passes it.

        Raises:
            DataError: pieces that cannot be used.
        """
        return float(np.concatenate(self.log_likelihood(X)).mean())

    def evaluate(self, X: Any) -> list[dict[str, Any]]:
        """Measure the model, and two baselines that were counted in the fit.

        Args:
            X: N pieces that were not in the fit.

        Returns:
            A row of the model (named as its cell), one of "note by note" (each note depends on itself in the last
            frame) and one of "note frequencies", with name, nll (nats a frame) and frame_accuracy; see
            `gruvy.tasks.music.scores.score_row`.

        Raises:
            DataError: pieces that cannot be used.
        """
        rolls = self._read(X)
        return [
            score_row(self.cell, rolls, self._logits(rolls)),
            score_row("note by note", rolls, [self._markov.predict(roll) for roll in rolls]),
            score_row("note frequencies", rolls, [self._frequencies.predict(roll) for roll in rolls]),
        ]

    def sample(
        self, steps: int, *, primer: ArrayLike | None = None, temperature: float = 1.0, seed: int | None = None
    ) -> NDArray[np.uint8]:
        """Draw a piece, frame by frame, each from the probabilities that the frames before it give.

        Args:
            steps: how many frames to draw.
            primer: (T, D), what the piece begins with; nothing by default.
            temperature: by which the logits are divided: below 1 the likely becomes likelier.
            seed: the same one draws the same piece; None draws another each time.

        Returns:
            (T + steps, D) of 0 and 1, the primer first. `gruvy.music.write_midi` writes it to a file.

        Raises:
            ArgumentError: a number of steps or a temperature that cannot be.
            DataError: a primer that cannot be used.

        Example:
            >>> gruvy.music.write_midi(model.sample(64, seed=0), "tune.mid")  # doctest: +SKIP
        """
        check_is_fitted(self)
        graph = polyphonic_graph(self._network)
        if graph is None or engine.raw is None:
            return sample_roll(self._stepper(), self.n_features_in_, steps, primer, temperature, seed)
        return Composer(graph).sample(steps, primer=primer, temperature=temperature, seed=seed)

    def _stepper(self) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
        """The network at the beginning of a piece, of cells that have no graph."""
        state = None

        def step(frame: NDArray[np.float32]) -> NDArray[Any]:
            nonlocal state
            with torch.inference_mode():
                logits, state = self._network.step(torch.from_numpy(frame), state)
            found: NDArray[Any] = logits.numpy()
            return found

        return step

    def _new_network(self, notes: int) -> PolyphonicNetwork:
        return PolyphonicNetwork(
            self.cell,
            notes,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            dropout=self.dropout,
            reset_after=self.reset_after,
        )

    def _state(self) -> tuple[Arrays, Document]:
        arrays = self._network_arrays() | {
            "baselines/frequencies": self._frequencies.logits,
            "baselines/first": self._markov.first,
            "baselines/after": self._markov.after,
        }
        document: Document = {
            "notes": self.n_features_in_,
            "files": asdict(self.files_),
            "spec": {"cell": self._fitted_params["cell"]},
        }
        graph = polyphonic_graph(self._network)
        return arrays, document if graph is None else document | {"graph": graph.document()}

    def _restore(self, arrays: Arrays, document: Document) -> None:
        self.n_features_in_ = int(document["notes"])
        about = document["files"]
        self.files_ = MusicFiles(**{**about, "notes": tuple(about["notes"])})
        self._set_network(self._new_network(self.n_features_in_), arrays)
        self._frequencies = NoteFrequencies(arrays["baselines/frequencies"])
        self._markov = NoteMarkov(arrays["baselines/first"], arrays["baselines/after"])

    def _read(self, X: Any) -> Rolls:
        check_is_fitted(self)
        return read_rolls(X, self.n_features_in_)

    def _logits(self, rolls: Rolls) -> list[NDArray[np.float64]]:
        """(T, D) of each piece, pieces of like length computed together."""
        order = np.argsort([len(roll) for roll in rolls], kind="stable")
        found: dict[int, NDArray[np.float64]] = {}
        for rows in np.split(order, range(_BATCH, len(order), _BATCH)):
            with torch.inference_mode():
                logits = self._network(pad([rolls[row] for row in rows]).inputs).double().numpy()
            found |= {int(row): logits[: len(rolls[row]), place] for place, row in enumerate(rows)}
        return [found[row] for row in range(len(rolls))]


def _batches(rolls: Rolls, size: int) -> Sequences:
    return Sequences(rolls, np.zeros(len(rolls), np.int64), batch_size=size)
