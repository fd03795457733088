"""A language of beeps that a small transcriber learns in seconds: each letter is a tone, a space is noise."""

from __future__ import annotations

import numpy as np

RATE = 8000
TONES = {"a": 300, "b": 600, "c": 1100, "d": 2000}


def beep(text: str, random: np.random.Generator, rate: int = RATE) -> np.ndarray:
    """Sound out a text: 60 to 100 ms for each character, with 40 ms of near silence after it."""
    pieces = [np.zeros(int(0.03 * rate))]
    for character in text:
        t = np.arange(int(random.uniform(0.06, 0.1) * rate)) / rate
        tone = random.normal(0, 0.2, len(t)) if character == " " else 0.3 * np.sin(2 * np.pi * TONES[character] * t)
        pieces += [tone, np.zeros(int(0.04 * rate))]
    sound = np.concatenate(pieces)
    return (sound + random.normal(0, 0.003, len(sound))).astype(np.float32)


def spoken(count: int, seed: int = 0, rate: int = RATE) -> tuple[list[np.ndarray], list[str]]:
    """Recordings and their texts: one to three words of one to four letters."""
    random = np.random.default_rng(seed)
    texts = [
        " ".join("".join(random.choice(list(TONES), random.integers(1, 5))) for _ in range(random.integers(1, 4)))
        for _ in range(count)
    ]
    return [beep(text, random, rate) for text in texts], texts


SMALL = {
    "hidden_size": 24,
    "num_layers": 1,
    "n_mels": 16,
    "subsampling": 2,
    "dropout": 0.0,
    "time_stretch": 0.1,
    "consistency": 0.0,
    "batch_size": 8,
    "max_epochs": 12,
    "learning_rate": 0.02,
    "random_state": 0,
}
