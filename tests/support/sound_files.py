"""Two hundred files with nothing wrong with them, in every format of files, as frameworks draw and train weights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from planted_faults import random_gru

from gruvy import formats
from gruvy.spec import GRUWeights, LayerWeights

SIZES = [(1, 1), (3, 1), (1, 2), (4, 4), (12, 4), (7, 24)]
Array = np.ndarray


def as_torch_draws(rng: np.random.Generator, I: int, H: int) -> LayerWeights:
    return random_gru(I, H, seed=int(rng.integers(1 << 30))).layers[0][0]


def as_keras_draws(rng: np.random.Generator, I: int, H: int) -> LayerWeights:
    """Glorot's uniform distribution, orthogonal rows over all gates, biases of zero."""
    limit = np.sqrt(6 / (I + 3 * H))
    orthogonal, _ = np.linalg.qr(rng.standard_normal((3 * H, H)))
    zero = np.zeros(3 * H)
    return LayerWeights(rng.uniform(-limit, limit, (3 * H, I)), orthogonal, zero, zero)


def as_after_training(rng: np.random.Generator, I: int, H: int) -> LayerWeights:
    """Larger weights, and update gates that remember."""
    bias = rng.standard_normal(3 * H) + np.repeat([0, 2, 0], H)
    return LayerWeights(2 * rng.standard_t(4, (3 * H, I)), rng.standard_normal((3 * H, H)) * 1.5, bias, 0.3 * bias)


def without_biases(rng: np.random.Generator, I: int, H: int) -> LayerWeights:
    return LayerWeights(rng.standard_normal((3 * H, I)), rng.standard_normal((3 * H, H)))


def symmetric(rng: np.random.Generator, I: int, H: int) -> LayerWeights:
    """The same block for every gate, symmetric, with equal biases: every explanation fits."""
    block = np.eye(H) + 0.1
    return LayerWeights(np.full((3 * H, I), 0.5), np.concatenate([block] * 3), np.ones(3 * H), np.ones(3 * H))


KINDS: list[Callable[..., LayerWeights]] = [
    as_torch_draws,
    as_keras_draws,
    as_after_training,
    without_biases,
    symmetric,
]


def gru(kind: Callable[..., LayerWeights], I: int, H: int, layers: int, directions: int, seed: int) -> GRUWeights:
    rng = np.random.default_rng(seed)
    widths = [I, *[directions * H] * (layers - 1)]
    found = tuple(tuple(kind(rng, width, H) for _ in range(directions)) for width in widths)
    return GRUWeights(found, reset_after=True).astype(np.float32)


def trained(seed: int) -> GRUWeights:
    """A layer that has learnt to add up its inputs."""
    torch.manual_seed(seed)
    layer, head = torch.nn.GRU(2, 12, batch_first=True), torch.nn.Linear(12, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.01)
    for _ in range(60):
        x = torch.randn(32, 12, 2)
        loss = (head(layer(x)[0])[..., 0] - x.sum(2).cumsum(1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return formats.read(layer)


def all_sound() -> list[GRUWeights]:
    shapes = itertools.product(SIZES, ((1, 1), (2, 2)))
    drawn = [
        gru(kind, I, H, *shape, seed) for seed, (((I, H), shape), kind) in enumerate(itertools.product(shapes, KINDS))
    ]
    return [*drawn, *(trained(seed) for seed in range(4))]


def sound_files(folder: Path) -> Iterator[tuple[Path, GRUWeights]]:
    """Yield files and what was written to them: each GRU as ONNX, and as one more of the other formats in turn."""
    suffixes = itertools.cycle((".npz", ".pt", ".safetensors", ".gruvy", ".keras"))
    for number, weights in enumerate(all_sound()):
        for suffix in (".onnx", next(suffixes)):
            yield formats.write(weights, folder / f"{number}{suffix}"), weights
    # Three precisions and both forms, in the formats that keep them.
    for seed in range(40):
        weights = random_gru(3, 5, 1 + seed % 2, seed=seed, after=seed % 3 > 0)
        weights = weights.astype(("f2", "f4", "f8")[seed % 3])
        for suffix in (".onnx", ".npz"):
            yield formats.write(weights, folder / f"other-{seed}{suffix}"), weights
