"""Telephone prompts, written down: a bidirectional GRU with CTC, and what it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from gruvy.datasets import card, load_sentiment, load_speech
from gruvy.datasets.speech import spoken
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, kept, write_results
from gruvy.report import write_report
from gruvy.tasks import LanguageModel, Transcriber
from gruvy.tasks.transcription.audio import audio_library, read_recordings
from gruvy.tasks.transcription.baselines import NearestRecording
from gruvy.tasks.transcription.report import transcription_report
from gruvy.tasks.transcription.scores import score_row

# The networks to train: name -> how they differ from the Transcriber's defaults.
NETWORKS: dict[Budget, Mapping[str, Mapping[str, Any]]] = {
    "quick": {"GRU": {"hidden_size": 96, "num_layers": 2}},
    "default": {"GRU": {}},
    "full": {
        "GRU": {"hidden_size": 160},
        # Of about as many parameters.
        "GRU, one direction": {"bidirectional": False, "hidden_size": 258, "max_epochs": 40},
    },
}
# How all of them are trained, and how many seconds the longest recording has that is learnt from (None for any).
BUDGETS: dict[Budget, tuple[dict[str, Any], float | None]] = {
    "quick": ({"learning_rate": 6e-3, "consistency": 0.0, "max_epochs": 16}, 1.5),
    "default": ({"max_epochs": 40}, None),
    "full": ({"max_epochs": 80, "patience": 40}, None),
}
# The language model of the search. The training prompts are too few to teach it English, so it reads the snippets of
# movie reviews too, and the prompts so many times; that many of them choose its best epoch.
LANGUAGE: dict[str, Any] = {"dropout": 0.2, "max_epochs": 4}
_REPEATED = 5
_CHOOSING = 40
SEARCH: dict[str, Any] = {"beam_width": 16, "language_weight": 1.0, "length_bonus": 1.5}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train transcribers on the training part, measure them and two baselines on the test part, write a report.

    Args:
        folder: where ``speech.html``, ``speech.json`` and the models go, ``speech.gruvy`` first; it is made if need be.
        budget: what to train, and how long; see `gruvy.demos.outcome.Budget`.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Transcriber that differ from the budget's.

    Returns:
        What the command shows.

    Raises:
        DataError: the Debian packages with the prompts are not installed.
        MissingExtraError: the extra ``speech`` is missing.
    """
    frame = load_speech()
    audio_library("jiwer")  # measures what is trained: say now if it is missing
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    train, test = (frame[frame["split"] == part].reset_index(drop=True) for part in ("train", "test"))
    recordings, rate = read_recordings(train["path"].tolist(), None)
    of_budget, longest = BUDGETS[budget]
    learnt = [row for row, samples in enumerate(recordings) if longest is None or len(samples) <= longest * rate]

    models: dict[str, Transcriber] = {}
    for name, network in NETWORKS[budget].items():
        model = Transcriber(**{"random_state": 0, **of_budget, **network, **params})
        with training(name) as progress:
            sounds, texts = [recordings[row] for row in learnt], [train["text"][row] for row in learnt]
            model.fit(sounds, texts, sample_rate=rate, progress=progress, **kept(folder, "speech", budget, name))
        model.save(folder / ("speech.gruvy" if name == "GRU" else f"speech-{name.split()[-1].lower()}.gruvy"))
        models[name] = model
    others = [_nearest(recordings, rate, train, test)]
    if budget != "quick":
        others.insert(0, _searched(models["GRU"], train, test, training))

    report = transcription_report(
        models,
        test["path"].tolist(),
        test["text"].tolist(),
        others,
        title="Telephone prompts, written down",
        description=(
            "Prompts of the Asterisk telephone exchange, all spoken by Allison Smith. The test prompts are others, but "
            "the voice, the microphone and most of the words are those of the training: other speakers would be "
            f"understood far worse. {card('speech').split}"
        ),
        command=command("speech", budget),
    )
    report_path = write_report(report, folder / "speech.html")
    results: dict[str, Any] = {
        "headline": report.headline,
        "report": str(report_path),
        "rows": report.comparison.records(),
        "by_length": [vars(group) for group in report.by_length],
        "history": {name: model.history_ for name, model in models.items()},
        "provenance": models["GRU"].provenance_,
    }
    write_results(results, folder / "speech.json", budget)
    characters, words = (report.comparison.values(name) for name in ("cer", "wer"))
    figures = [
        Figure("character error rate", characters.pop("GRU"), characters, "empty transcript", style=".1%"),
        # No trivial one: characters come first, and a model that learns can have every word wrong for long.
        Figure("word error rate", words.pop("GRU"), words, None, style=".1%"),
    ]
    return Outcome(report.headline, [report.comparison], figures, results, report_path, folder / "speech.gruvy")


def _nearest(recordings: list[Any], rate: int, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    nearest = NearestRecording(rate).fit(recordings, train["text"].tolist())
    found = nearest.predict(read_recordings(test["path"].tolist(), None)[0])
    return score_row(nearest.name, test["text"].tolist(), found)


def _searched(model: Transcriber, train: pd.DataFrame, test: pd.DataFrame, training: Training) -> dict[str, Any]:
    """The GRU again, with a beam search and a language model of the training prompts and of the sentiment snippets."""
    prompts = train["text"].sample(frac=1, random_state=0).tolist()
    chosen_by, prompts = prompts[:_CHOOSING], prompts[_CHOOSING:]
    snippets = [text for text in map(spoken, load_sentiment()["text"]) if text]
    texts = pd.Series([*prompts * _REPEATED, *snippets]).sample(frac=1, random_state=0).tolist()
    language = LanguageModel(**LANGUAGE, random_state=0)
    with training("language model") as progress:
        language.fit(texts, validation=chosen_by, test=chosen_by, progress=progress)
    found = model.predict(test["path"].tolist(), language_model=language, **SEARCH)
    return {**score_row("GRU + language model", test["text"].tolist(), found), "kind": "model"}
