"""Speech to text: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_groups
from gruvy.tasks.shared.params import FLAG, at_least, integer, within
from gruvy.tasks.transcription.alignment import align
from gruvy.tasks.transcription.audio import read_recordings
from gruvy.tasks.transcription.data import Augmentation, Utterances, check_steps, read_texts, steps_needed
from gruvy.tasks.transcription.decoding import Greedy, beam_search, check_beam
from gruvy.tasks.transcription.features import LogMel
from gruvy.tasks.transcription.language import character_model
from gruvy.tasks.transcription.levels import Samples
from gruvy.tasks.transcription.model import FrameScaling, TranscriberModel
from gruvy.tasks.transcription.network import SpeechLoss, TranscriberNetwork
from gruvy.tasks.transcription.normalizing import NORMALIZE, normalized
from gruvy.tasks.transcription.scores import score_row
from gruvy.tasks.transcription.stream import Stream
from gruvy.text import Unknown
from gruvy.training import Progress


class Transcriber(Estimator):
    """Writes down what is said: a recurrent network over log-mel frames, trained with CTC.

    It needs recordings and their texts, but not which sound is which character. A part of the recordings,
    ``validation_fraction``, chooses the best epoch; the rest is learnt from. The alphabet is that of the texts. See
    `gruvy.tasks.transcription.network.TranscriberNetwork` for the network, `LogMel` for what it hears.

    Args:
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer and direction.
        num_layers: recurrent layers.
        bidirectional: whether the layers hear the recording from both ends; False for `stream`.
        n_mels: bands of the spectrum.
        subsampling: frames of 10 ms that become one step of the network; fewer steps are faster, and too few cannot
            spell fast speech.
        dropout: fraction of the units dropped in training.
        time_stretch: in training each recording becomes up to this share longer or shorter.
        masking: whether the training blanks out bands and stretches of time (SpecAugment, Park et al. 2019).
        consistency: in training each recording is heard twice, under different masks, and this is the weight of how far
            the two readings are apart (CR-CTC, Yao et al. 2025). It costs twice the work of an epoch; 0 hears it once.
        validation_fraction: fraction of the recordings that chooses the best epoch.
        batch_size: recordings in a training step, fewer where they are long.
        max_epochs: the most passes over the training recordings.
        patience: epochs without a better validation loss after which the training stops. CTC spends its first epochs
            on nothing but the blank.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        normalize: what becomes of the texts before they are learnt from or compared with: "none", or some of "case"
            (texts of both cases become lower case), "punctuation" (left out) and "numbers" (digits become words, in
            English or as in "numbers:de"), with commas between them. What was done is said.
        unknown: characters of texts to compare with or to align that the fit has not seen: "refuse" them, "replace"
            them by known ones that look like them, or "skip" them. None counts them as errors in `evaluate`, and
            refuses them in `align`. What was found is said.

    Attributes:
        alphabet_: the characters that can be written.
        sample_rate_: in Hz; recordings of higher rates are resampled to it.
        history_: one row per epoch: epoch, train_loss, validation_loss (CTC, nats per character), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        columns_: audio and text column of the table, if `gruvy.tasks.transcription.table.fit_table` read one.
        provenance_: versions, machine, threads, seed, recordings, date.

    Example:
        >>> model = Transcriber(random_state=0).fit(["yes.wav", "no.wav"], ["yes", "no"])  # doctest: +SKIP
        >>> model.predict(["yes.wav"])  # doctest: +SKIP
        ['yes']
    """

    columns_: dict[str, str] | None
    _model: TranscriberModel

    TASK = "transcribe"
    _rules: ClassVar = {
        "n_mels": integer(1),
        "subsampling": integer(1),
        "time_stretch": within(0, 0.5),
        "masking": FLAG,
        "consistency": at_least(0),
        "normalize": NORMALIZE,
    }
    _free = ("unknown",)
    _shaping = ("cell", "hidden_size", "num_layers", "bidirectional", "n_mels", "subsampling")

    def __init__(
        self,
        *,
        cell: str = "gru",
        hidden_size: int = 128,
        num_layers: int = 3,
        bidirectional: bool = True,
        n_mels: int = 40,
        subsampling: int = 3,
        dropout: float = 0.1,
        time_stretch: float = 0.15,
        masking: bool = True,
        consistency: float = 0.2,
        validation_fraction: float = 0.1,
        batch_size: int = 8,
        max_epochs: int = 60,
        patience: int = 25,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
        normalize: str = "case",
        unknown: str | None = None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.n_mels = n_mels
        self.subsampling = subsampling
        self.dropout = dropout
        self.time_stretch = time_stretch
        self.masking = masking
        self.consistency = consistency
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.normalize = normalize
        self.unknown = unknown

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_rate: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        rescale: bool = False,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on recordings and what is said in them, and choose the best epoch.

        Args:
            X: N recordings: paths of audio files, or arrays (samples,) or (samples, channels), -1 to 1 or integers; see
                `gruvy.tasks.transcription.audio.read_recordings`.
            y: N texts. Every character in them is one to be learnt; see ``normalize``.
            sample_rate: of the arrays, in Hz; of files, what to resample them to, if their rates differ.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its alphabet, sample rate and scaling are kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: recordings or texts that cannot be used.
            MissingExtraError: the extra ``speech`` is missing.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        parent = run.parent
        recordings, rate = read_recordings(X, sample_rate, model_rate=None if parent is None else parent.sample_rate_)
        of_parent = "" if parent is None else parent.alphabet_
        texts = normalized(read_texts(y, len(recordings)), self.normalize, alphabet=of_parent, told=True)
        if len(set(texts)) < 2:
            raise DataError(
                f"y: expected at least two different texts, to learn and to validate, got {texts[0]!r} alone"
            )
        features = LogMel(rate, self.n_mels)
        frames = [features.frames(samples) for samples in recordings]
        check_steps([len(one) for one in frames], texts, self.subsampling)

        kept = draw_groups(pd.factorize(np.array(texts, object))[0], self.validation_fraction, run.seed)
        if parent is None:
            alphabet = "".join(sorted(set("".join(texts))))
        else:
            alphabet = parent.alphabet_
            texts = Unknown(set(alphabet), self.unknown, stands=False).read_all(texts, "y")
        if parent is not None and run.keeps_scaling:
            scaling = parent._model.scaling
        else:
            scaling = FrameScaling.of([frames[row] for row in np.flatnonzero(~kept)])
        network = run.start(lambda: self._new_network(len(alphabet)))
        model = TranscriberModel(network, features, scaling, alphabet)
        scaled = [scaling.scale(one) for one in frames]
        training, validation = (self._utterances(model, scaled, texts, np.flatnonzero(part)) for part in (~kept, kept))
        self._train(
            run,
            network,
            SpeechLoss(self.consistency),
            training,
            validation,
            identity=self._identity([*texts, *scaled]),
            facts={"recordings": len(recordings)},
        )
        self.columns_ = None
        self._set_network(network)
        self._set_model(model)
        return self

    def predict(
        self,
        X: Any,
        *,
        sample_rate: int | None = None,
        beam_width: int = 1,
        language_model: Any = None,
        language_weight: float = 0.8,
        length_bonus: float = 1.0,
    ) -> list[str]:
        """Write down what is said in each recording.

        Args:
            X: N recordings, as in the fit.
            sample_rate: of arrays, in Hz; by default that of the fit.
            beam_width: 1 takes the likeliest class of each step; more searches for the likeliest text.
            language_model: what texts are like, for the search: a `LanguageModel` fitted on a list of them, or anything
                with the calls of `gruvy.tasks.transcription.decoding.CharacterModel`.
            language_weight: of the language model's log-probability, beside the network's.
            length_bonus: for each character, because a language model likes short texts.

        Returns:
            N texts.

        Raises:
            ArgumentError: a search that cannot work.
            DataError: recordings that cannot be used.
        """
        check_is_fitted(self)
        check_beam(beam_width=beam_width, language_weight=language_weight, length_bonus=length_bonus)
        if language_model is not None and beam_width == 1:
            raise ArgumentError("language_model: needs a search; give a beam_width above 1, such as 16")
        found = self.log_probabilities(X, sample_rate=sample_rate)
        if beam_width == 1:
            return [Greedy(self.alphabet_).push(log_p) for log_p in found]
        asked = None if language_model is None else character_model(language_model, self.alphabet_)
        return [
            beam_search(
                log_p,
                self.alphabet_,
                width=beam_width,
                language_model=asked,
                language_weight=language_weight,
                length_bonus=length_bonus,
            )
            for log_p in found
        ]

    def log_probabilities(self, X: Any, *, sample_rate: int | None = None) -> list[NDArray[np.float32]]:
        """Return what the network makes of each recording.

        Args:
            X: N recordings, as in the fit.
            sample_rate: of arrays, in Hz; by default that of the fit.

        Returns:
            For each log p (J, characters + 1) of its steps of ``subsampling`` frames of 10 ms, the blank first, then
            ``alphabet_``.

        Raises:
            DataError: recordings that cannot be used.
        """
        check_is_fitted(self)
        return self._model.log_probabilities(self._read(X, sample_rate))

    def align(self, X: Any, y: Any, *, sample_rate: int | None = None) -> list[NDArray[np.float64]]:
        """Find where each character of a known text is in its recording, by the likeliest alignment.

        Args:
            X: N recordings, as in the fit.
            y: N texts, of the characters of the fit.
            sample_rate: of arrays, in Hz; by default that of the fit.

        Returns:
            For each text, as ``normalize`` and ``unknown`` leave it, the seconds (L,) at which its characters begin, to
            a step of ``subsampling`` frames of 10 ms.

        Raises:
            DataError: recordings or texts that cannot be used.
        """
        found = self.log_probabilities(X, sample_rate=sample_rate)
        texts = Unknown(set(self.alphabet_), self.unknown, stands=False).read_all(self._texts(y, len(found)), "y")
        if not all(texts):
            raise DataError(f"y: text {texts.index('')} has no character that the model knows; leave it out")
        check_steps([len(log_p) * self.subsampling for log_p in found], texts, self.subsampling)
        seconds = np.float64(self.subsampling * self._model.features.hop / self.sample_rate_)
        return [seconds * align(log_p, self._model.encode(text)) for log_p, text in zip(found, texts, strict=True)]

    def score(self, X: Any, y: Any, *, sample_rate: int | None = None) -> float:
        """Return 1 - CER: one minus the fraction of wrong characters; below 0 where more is wrong than there is.

        Args:
            X: N recordings.
            y: N texts.
            sample_rate: of arrays, in Hz; by default that of the fit.

        Raises:
            DataError: recordings or texts that cannot be used.
        """
        return 1 - float(self.evaluate(X, y, sample_rate=sample_rate)[0]["cer"])

    def evaluate(self, X: Any, y: Any, **how: Any) -> list[dict[str, Any]]:
        """Measure the model, and what writes nothing.

        Args:
            X: N recordings that were not in the fit.
            y: N texts.
            how: as for `predict`.

        Returns:
            A row of the model (named as its cell) and one of "empty transcript", with name, cer, wer and exact; see
            `gruvy.tasks.transcription.scores.score_row`.

        Raises:
            DataError: recordings or texts that cannot be used.
        """
        found = self.predict(X, **how)
        unknown = Unknown(set(self.alphabet_), self.unknown, usual="replace", stands=self.unknown is None)
        truth = unknown.read_all(self._texts(y, len(found)), "y")
        return [score_row(self.cell, truth, found), score_row("empty transcript", truth, [""] * len(truth))]

    def stream(self) -> Stream:
        """Return a `Stream` that transcribes one recording as it arrives, at ``sample_rate_``.

        Raises:
            ArgumentError: the model is bidirectional, so that nothing is certain before the recording's end.
        """
        check_is_fitted(self)
        if self.bidirectional:
            raise ArgumentError("a stream needs a model of one direction; fit with bidirectional=False")
        return Stream(self._model)

    def _texts(self, y: Any, recordings: int) -> list[str]:
        """Transcripts as those of the fit."""
        return normalized(read_texts(y, recordings), self.normalize, alphabet=self.alphabet_)

    def _read(self, X: Any, sample_rate: int | None) -> list[Samples]:
        return read_recordings(X, sample_rate, model_rate=self.sample_rate_)[0]

    def _utterances(
        self, model: TranscriberModel, frames: Sequence[NDArray[Any]], texts: Sequence[str], rows: NDArray[np.int64]
    ) -> Utterances:
        return Utterances(
            [frames[row] for row in rows],
            [model.encode(texts[row]) for row in rows],
            [(steps_needed(texts[row]) - 1) * self.subsampling + 1 for row in rows],
            batch_size=self.batch_size,
            augmentation=Augmentation(self.time_stretch, self.masking, 2 if self.consistency else 1),
        )

    def _new_network(self, characters: int) -> TranscriberNetwork:
        return TranscriberNetwork(
            self.cell,
            self.n_mels,
            characters,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            subsampling=self.subsampling,
            dropout=self.dropout,
        )

    def _state(self) -> tuple[Arrays, Document]:
        scaling = self._model.scaling
        return self._network_arrays() | {"scaling/mean": scaling.mean, "scaling/std": scaling.std}, {
            "preprocessing": {"sample_rate": self.sample_rate_, "alphabet": self.alphabet_},
            "columns": self.columns_,
            "no_graph": "its log-mel frames are no operation of a graph",
        }

    def _restore(self, arrays: Arrays, document: Document) -> None:
        if "normalize" not in document["params"]:  # a file from before there was a choice
            self.normalize = "none"
        about = document["preprocessing"]
        self.columns_ = document["columns"]
        network = self._new_network(len(about["alphabet"]))
        self._set_network(network, arrays)
        features = LogMel(about["sample_rate"], self.n_mels)
        scaling = FrameScaling(arrays["scaling/mean"], arrays["scaling/std"])
        self._set_model(TranscriberModel(network, features, scaling, about["alphabet"]))

    def _set_model(self, model: TranscriberModel) -> None:
        """Take over the parts of a fitted model."""
        self._model = model
        self.alphabet_ = model.alphabet
        self.sample_rate_ = model.features.sample_rate
