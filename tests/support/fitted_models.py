"""One small fitted model of every estimator, and the call that fits another one like it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from beeps import RATE, spoken

from gruvy import tasks

RANDOM = np.random.default_rng(0)
HOURS = pd.DataFrame(
    {
        "time": pd.date_range("2024-01-01", periods=160, freq="h"),
        "load": 20 + 5 * np.sin(np.arange(160) / 4) + RANDOM.normal(0, 0.5, 160),
        "wind": RANDOM.normal(3, 1, 160),
    }
)
TEXTS = ["".join(RANDOM.choice(list("abcd"), 8)) for _ in range(40)]
LABELS = ["begins with a" if text[0] == "a" else "else" for text in TEXTS]
AFTER_A = ["".join("10"[x != "a"] for x in " " + text[:-1]) for text in TEXTS]
ROLLS = [(RANDOM.random((12, 5)) < 0.3).astype(np.uint8) for _ in range(12)]
WORDS = {"uno": "one", "dos": "two", "tres": "three", "seis": "six"}
SENTENCES = [" ".join(RANDOM.choice(list(WORDS), 3)) for _ in range(40)]
RECORDINGS, SAID = spoken(8)

ONE = {"max_epochs": 2, "random_state": 0}
SMALL = {"hidden_size": 4, **ONE}


@dataclass(frozen=True)
class Kind:
    """An estimator, how a small one is made, and what it is fitted on."""

    estimator: type[Any]
    params: dict[str, Any]
    data: tuple[Any, ...]
    options: dict[str, Any]

    def new(self, **changed: Any) -> Any:
        return self.estimator(**{**self.params, **changed})

    def fit(self, model: Any, **options: Any) -> Any:
        return model.fit(*self.data, **self.options, **options)


KINDS = {
    "forecast": Kind(
        tasks.Forecaster,
        {"horizon": 2, "context_length": 8, **SMALL},
        (HOURS,),
        {"target": "load", "time": "time", "past": ["wind"]},
    ),
    "classify": Kind(
        tasks.SequenceClassifier, {"tokens": "character", "embedding_size": 4, **SMALL}, (TEXTS, LABELS), {}
    ),
    "tag": Kind(tasks.SequenceTagger, SMALL, (TEXTS, AFTER_A), {}),
    "regress": Kind(tasks.SequenceRegressor, SMALL, (ROLLS, [float(roll.sum()) for roll in ROLLS]), {}),
    "language": Kind(
        tasks.LanguageModel,
        {"context_length": 20, "batch_size": 4, **SMALL},
        ("Tyger Tyger, burning bright, " * 20,),
        {},
    ),
    "translate": Kind(
        tasks.Translator,
        {"embedding_size": 4, "beam_size": 1, **SMALL},
        (SENTENCES, [" ".join(WORDS[word] for word in one.split()) for one in SENTENCES]),
        {},
    ),
    "transcribe": Kind(
        tasks.Transcriber,
        {"num_layers": 1, "n_mels": 8, "consistency": 0.0, **SMALL},
        (RECORDINGS, SAID),
        {"sample_rate": RATE},
    ),
    "music": Kind(tasks.PolyphonicModel, SMALL, (ROLLS,), {}),
    "anomaly": Kind(
        tasks.AnomalyDetector,
        {"context_length": 8, "horizon": 2, "false_alarm_rate": 0.05, **SMALL},
        (HOURS,),
        {"time": "time"},
    ),
    "agent": Kind(
        tasks.RecurrentAgent,
        {"hidden_size": 4, "num_envs": 4, "num_steps": 16, "num_minibatches": 2, "num_epochs": 1, "random_state": 0},
        ("agent_environments:Recall-v0",),
        {"total_steps": 128},
    ),
}


@functools.cache
def parent(name: str) -> Any:
    """The fitted model of a kind; it must not be changed."""
    kind = KINDS[name]
    return kind.fit(kind.new())


def stop_after(epochs: int, error: type[BaseException]) -> Callable[[Any], None]:
    """A progress callback that raises at the end of an epoch."""

    def progress(event: Any) -> None:
        if event.epoch == epochs and (event.validation_loss is not None or event.note):
            raise error

    return progress
