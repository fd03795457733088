"""From a fitted transcriber and its test part to the values that a report shows."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.report import Comparison
from gruvy.report.transcription import ERROR_COLUMNS, Heard, LengthGroup, Transcript, TranscriptionReport
from gruvy.tasks.shared.reporting import at_ranks, loss_curves, repeatable, table_row
from gruvy.tasks.transcription.audio import audio_library, read_recordings
from gruvy.tasks.transcription.data import read_texts
from gruvy.tasks.transcription.levels import Samples
from gruvy.tasks.transcription.scores import character_errors
from gruvy.tasks.transcription.transcriber import Transcriber

# Bounds of the groups of length, in seconds.
_LENGTHS = (1, 2, 4, 8)
# Transcripts in the lists of the worst and the best.
_LISTED = 6
# Recordings that are drawn are at most so long, in seconds: characters of longer ones lie on top of each other.
_DRAWN = 4.0
# Their places in the order of the CER.
_PLACES = {"A typical recording": 0.5, "One of the hard ones": 0.9}
# A character that is less likely than this at every step is not drawn.
_SEEN = 0.05


def transcription_report(
    models: Mapping[str, Transcriber],
    X: Any,
    y: Any,
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    title: str,
    description: str = "",
    command: str = "",
    sample_rate: int | None = None,
) -> TranscriptionReport:
    """Gather what a report shows of transcribers that were fitted on the same recordings.

    The first model is the one that the report is about; its transcripts are those of the greedy search.

    Args:
        models: fitted estimators by the name that the report gives them.
        X: N recordings, none of them of the fit.
        y: N texts.
        baselines: more rows as those of ``evaluate``; one of a trained network has the kind "model".
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".
        sample_rate: of arrays, in Hz; by default that of the fit.

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: recordings or texts that cannot be used.

    Example:
        >>> report = transcription_report({"GRU": model}, X, y, title="Prompts")  # doctest: +SKIP
    """
    model = next(iter(models.values()))
    recordings, rate = read_recordings(X, sample_rate, model_rate=model.sample_rate_)
    truth = read_texts(y, len(recordings))
    scores = [one.evaluate(recordings, truth) for one in models.values()]
    predicted = model.predict(recordings)
    errors = np.array([character_errors(a, b) for a, b in zip(truth, predicted, strict=True)])
    characters = np.array([len(text) for text in truth])
    seconds = np.array([len(samples) / rate for samples in recordings])
    names = [_name(number, one) for number, one in enumerate(X)]
    compared = [
        Transcript(name, float(count / length), _pieces(a, b))
        for name, a, b, count, length in zip(names, truth, predicted, errors, characters, strict=True)
    ]
    cer = errors / characters
    best, worst = (np.lexsort((-characters, one)) for one in (cer, -cer))  # the longest first among equals
    return TranscriptionReport(
        title=title,
        comparison=Comparison(
            ERROR_COLUMNS,
            [
                *(table_row(name, own, one) for (name, one), (own, _) in zip(models.items(), scores, strict=True)),
                *(table_row(row["name"], row) for row in (*baselines, scores[0][1])),
            ],
        ),
        heard=_heard(model, recordings, truth, predicted, seconds, best, cer),
        worst=[compared[row] for row in worst[:_LISTED]],
        best=[compared[row] for row in best[:_LISTED]],
        by_length=_by_length(seconds, errors, characters),
        losses=loss_curves(models),
        provenance=_provenance(model, len(recordings), seconds.sum(), command),
        description=description,
    )


def _heard(
    model: Transcriber,
    recordings: Sequence[Samples],
    truth: Sequence[str],
    predicted: Sequence[str],
    seconds: np.ndarray,
    order: np.ndarray,
    cer: np.ndarray,
) -> list[Heard]:
    """Recordings of a length that can be drawn, by the rank of their CER: none is picked by eye."""
    can = set(model.alphabet_)
    ranked = [row for row in order if 1 <= seconds[row] <= _DRAWN and set(truth[row]) <= can]
    if not ranked:
        return []
    drawn = []
    for title, row in at_ranks(ranked, _PLACES).items():
        (log_p,) = model.log_probabilities([recordings[row]])
        (places,) = model.align([recordings[row]], [truth[row]])
        features = model._model.features
        frames = features.frames(recordings[row]) * (10 / np.log(10))
        hop = features.hop / features.sample_rate
        probabilities = np.exp(log_p)
        shown = np.flatnonzero(probabilities.max(axis=0) >= _SEEN)
        bands = audio_library("librosa").mel_frequencies(model.n_mels + 2, fmax=features.sample_rate / 2)[1:-1]
        drawn.append(
            Heard(
                title=title,
                truth=truth[row],
                predicted=predicted[row],
                cer=float(cer[row]),
                seconds=np.arange(len(frames)) * hop,
                bands=bands,
                spectrum=frames - frames.max(),
                step_seconds=np.arange(len(log_p)) * hop * model.subsampling,
                classes=[model.alphabet_[number - 1] if number else "" for number in shown],
                probabilities=probabilities[:, shown],
                places=places,
            )
        )
    return drawn


def _pieces(truth: str, predicted: str) -> list[tuple[str, str]]:
    """A transcript beside the truth, cut where they begin or cease to differ."""
    (chunks,) = audio_library("jiwer").process_characters(truth, predicted).alignments
    pieces: list[tuple[str, str]] = []
    for chunk in chunks:
        said = truth[chunk.ref_start_idx : chunk.ref_end_idx]
        written = predicted[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if pieces and chunk.type != "equal" and pieces[-1][0] != pieces[-1][1]:
            before = pieces.pop()
            said, written = before[0] + said, before[1] + written
        pieces.append((said, written))
    return pieces


def _by_length(seconds: np.ndarray, errors: np.ndarray, characters: np.ndarray) -> list[LengthGroup]:
    group = np.searchsorted(_LENGTHS, seconds, side="right")
    names = [
        f"below {_LENGTHS[0]} s",
        *(f"{low} to {high} s" for low, high in itertools.pairwise(_LENGTHS)),
        f"from {_LENGTHS[-1]} s",
    ]
    return [
        LengthGroup(
            name, int((group == number).sum()), float(errors[group == number].sum() / characters[group == number].sum())
        )
        for number, name in enumerate(names)
        if (group == number).any()
    ]


def _name(number: int, recording: Any) -> str:
    return Path(recording).stem if isinstance(recording, (str, os.PathLike)) else f"recording {number}"


def _provenance(model: Transcriber, tested: int, seconds: float, command: str) -> dict[str, str]:
    made = model.provenance_
    about = {
        "Recordings": f"{made['recordings']:,} to learn from and to validate with, {tested:,} to test",
        "Tested on": f"{seconds / 60:.1f} minutes",
        "Sample rate": f"{model.sample_rate_:,} Hz",
    }
    return repeatable(model, about, command)
