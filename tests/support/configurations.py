"""The one table of GRU configurations that drives the tests of every backend, and inputs for them."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gruvy import equations

Array32 = NDArray[np.float32]


@dataclass(frozen=True)
class Configuration:
    inputs: int
    hidden: int
    batch: int
    steps: int
    reset_after: bool = True
    bias: bool = True
    given_h_0: bool = True
    reverse: bool = False
    lengths: bool = False
    resets: bool = False
    mask: bool = False
    dropout: str = ""  # "sequence" or "step"
    zoneout: str = ""  # "mask" or "share"
    layer_norm: bool = False
    initial_state: bool = False  # new segments begin with a state that is given

    def __str__(self) -> str:
        flags = [name for name in ("bias", "given_h_0", "reverse", "lengths", "resets", "mask") if getattr(self, name)]
        flags += [f"dropout_{self.dropout}"] * bool(self.dropout) + [f"zoneout_{self.zoneout}"] * bool(self.zoneout)
        flags += ["layer_norm"] * self.layer_norm + ["initial_state"] * self.initial_state
        form = "after" if self.reset_after else "before"
        return f"I{self.inputs}-H{self.hidden}-N{self.batch}-T{self.steps}-{form}-{'-'.join(flags)}"


# Sizes on both sides of every width that the kernels know: vectors of 4, 8 and 16 units, blocks of 4 and 8 rows,
# several panels at once for few rows; and sizes of 1 and 0.
SIZES = [
    (1, 1, 1, 1),
    (3, 4, 2, 5),
    (2, 7, 3, 9),
    (5, 8, 4, 6),
    (16, 15, 5, 7),
    (8, 16, 8, 4),
    (9, 17, 9, 3),
    (4, 31, 1, 12),
    (7, 33, 6, 5),
    (1, 64, 1, 20),
    (20, 70, 13, 4),
    (3, 100, 17, 3),
    (12, 130, 7, 3),
    (3, 5, 2, 0),
    (3, 5, 0, 4),
    (6, 24, 40, 30),
]
FLAGS = list(itertools.product((True, False), repeat=6))
FEATURES = [
    {"mask": mask, "dropout": dropout, "zoneout": zoneout, "layer_norm": norm, "initial_state": mask != norm}
    for mask, dropout, zoneout, norm in itertools.product(
        (True, False), ("", "sequence", "step"), ("", "mask", "share"), (True, False)
    )
][:-1]

# Layer norm takes the size out of its input: of one number nothing is left to hold a result against.
NORMED_SIZES = [(max(2, inputs), max(4, hidden), *rest) for inputs, hidden, *rest in SIZES]

CONFIGURATIONS = [
    # Every size in both forms with everything on; and each combination of flags at sizes taken in turn.
    *(Configuration(*size, reset_after=form, lengths=True, resets=True) for size in SIZES for form in (True, False)),
    *(Configuration(*SIZES[1 + i % 12], *flags) for i, flags in enumerate(FLAGS)),
    # Each combination of features, with the flags in turn; and all features at every size in both forms.
    *(
        Configuration(*NORMED_SIZES[1 + i % 12], *FLAGS[(7 * i) % 64], **features)
        for i, features in enumerate(FEATURES)
    ),
    *(
        Configuration(*size, reset_after=form, mask=True, dropout="step", zoneout="mask", layer_norm=True)
        for size in NORMED_SIZES
        for form in (True, False)
    ),
]


def drawn(least: int = 0, **fixed: st.SearchStrategy) -> st.SearchStrategy[Configuration]:
    """Configurations for hypothesis: anything on or off, at least so many steps and rows, and what is fixed."""
    flags = ("reset_after", "bias", "given_h_0", "reverse", "lengths", "resets", "mask", "initial_state", "layer_norm")
    parts = {
        "inputs": st.integers(1, 40),
        "hidden": st.integers(1, 80),
        "batch": st.integers(least, 20),
        "steps": st.integers(least, 12),
        "dropout": st.sampled_from(["", "sequence", "step"]),
        "zoneout": st.sampled_from(["", "mask", "share"]),
        **dict.fromkeys(flags, st.booleans()),
    }
    # Of few numbers layer norm leaves nothing to hold a result against, see NORMED_SIZES.
    return st.builds(Configuration, **{**parts, **fixed}).filter(
        lambda c: not c.layer_norm or (c.inputs >= 2 and c.hidden >= 8)
    )


@dataclass(frozen=True)
class Sample:
    """Inputs, gradients to start from and weights (order r, z, n), float32."""

    configuration: Configuration
    x: Array32
    h_0: Array32 | None
    initial_state: Array32 | None
    lengths: NDArray[np.int64] | None
    resets: NDArray[np.bool_] | None
    mask: NDArray[np.bool_] | None
    dropout: Array32 | None
    zoneout: NDArray[np.bool_] | float
    weight_ih: Array32
    weight_hh: Array32
    bias_ih: Array32 | None
    bias_hh: Array32 | None
    gain_ih: Array32 | None
    gain_hh: Array32 | None
    dout: Array32
    dh_n: Array32

    @property
    def weights(self) -> tuple[Array32 | None, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, self.gain_ih, self.gain_hh

    @property
    def rows(self) -> dict[str, object]:
        """What the rows do, as the engine takes it."""
        names = ("h_0", "initial_state", "lengths", "resets", "mask", "dropout", "zoneout")
        return {name: getattr(self, name) for name in names}

    @property
    def options(self) -> dict[str, object]:
        c = self.configuration
        return {**self.rows, "reset_after": c.reset_after, "reverse": c.reverse}

    @property
    def reference_weights(self) -> equations.Weights:
        zero = np.zeros(3 * self.configuration.hidden)
        *given, g, f = self.weights
        return equations.Weights(
            *(zero.copy() if w is None else w.astype(np.float64) for w in given),
            *(None if w is None else w.astype(np.float64) for w in (g, f)),
        )


def draw(c: Configuration, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> Array32:
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    return Sample(
        c,
        x=normal(c.steps, c.batch, c.inputs),
        h_0=normal(c.batch, c.hidden) if c.given_h_0 else None,
        initial_state=normal(c.hidden) if c.initial_state else None,
        lengths=rng.integers(0, c.steps + 1, c.batch) if c.lengths else None,
        resets=rng.random((c.steps, c.batch)) < 0.25 if c.resets else None,
        mask=rng.random((c.steps, c.batch)) < 0.7 if c.mask else None,
        dropout=draw_dropout(rng, c),
        zoneout=rng.random((c.steps, c.batch, c.hidden)) < 0.3 if c.zoneout == "mask" else 0.3 * bool(c.zoneout),
        weight_ih=normal(3 * c.hidden, c.inputs, scale=c.inputs**-0.5),
        weight_hh=normal(3 * c.hidden, c.hidden, scale=c.hidden**-0.5),
        bias_ih=normal(3 * c.hidden) if c.bias else None,
        bias_hh=normal(3 * c.hidden) if c.bias else None,
        gain_ih=1 + normal(3 * c.hidden, scale=0.2) if c.layer_norm else None,
        gain_hh=1 + normal(3 * c.hidden, scale=0.2) if c.layer_norm else None,
        dout=normal(c.steps, c.batch, c.hidden),
        dh_n=normal(c.batch, c.hidden),
    )


def draw_dropout(rng: np.random.Generator, c: Configuration) -> Array32 | None:
    if not c.dropout:
        return None
    return ((rng.random((1 if c.dropout == "sequence" else c.steps, c.batch, c.hidden)) < 0.8) / 0.8).astype(np.float32)


@dataclass(frozen=True)
class Expected:
    """What `equations` gives for a sample, in float64."""

    out: equations.Array
    h_n: equations.Array
    dx: equations.Array
    dh_0: equations.Array
    dinitial_state: equations.Array
    weights: equations.Weights


def expected(sample: Sample) -> Expected:
    """Run `equations` segment by segment, so that lengths, resets, mask and direction need no code in the reference."""
    c, weights = sample.configuration, sample.reference_weights
    out, dx = np.zeros((c.steps, c.batch, c.hidden)), np.zeros((c.steps, c.batch, c.inputs))
    h_n, dh_0, dinitial_state = np.zeros((3, c.batch, c.hidden))
    initial_state = (
        np.zeros((1, c.hidden)) if sample.initial_state is None else sample.initial_state[None].astype(np.float64)
    )
    gradient = equations.Weights(*(None if w is None else np.zeros_like(w) for w in weights))
    dropout = np.ones(out.shape) if sample.dropout is None else np.broadcast_to(sample.dropout, out.shape)
    zoneout = np.broadcast_to(sample.zoneout, out.shape)
    for n in range(c.batch):
        state = np.zeros((1, c.hidden)) if sample.h_0 is None else sample.h_0[n : n + 1].astype(np.float64)
        runs = []
        for order, begins in segments(sample, n):
            state = initial_state if begins else state
            taken = np.ones(len(order), bool) if sample.mask is None else sample.mask[order, n]
            steps_taken = order[taken]
            x = sample.x[steps_taken, n : n + 1].astype(np.float64)
            masks = {"dropout": dropout[steps_taken, n : n + 1], "zoneout": zoneout[steps_taken, n : n + 1]}
            states, steps = equations.forward(x, state, weights, reset_after=c.reset_after, **masks)
            # The state after each step: that of the last one taken, number 0 being the one before all.
            number = np.cumsum(taken)
            states = np.concatenate([state[None], states])
            out[order, n], state = states[number, 0], states[-1]
            runs.append((order, number, begins, steps, steps_taken))
        h_n[n] = state[0]
        dh = sample.dh_n[n : n + 1].astype(np.float64)
        for order, number, begins, steps, steps_taken in reversed(runs):
            dout = np.zeros((len(steps) + 1, 1, c.hidden))
            np.add.at(dout, number, sample.dout[order, n : n + 1].astype(np.float64))
            part_dx, dh, part = equations.backward(dout[1:], dh, steps, weights, reset_after=c.reset_after)
            dx[steps_taken, n] = part_dx[:, 0]
            dh = dh + dout[0]
            if begins:
                dinitial_state[n] += dh[0]
                dh = np.zeros_like(dh)
            for total, addition in zip(gradient, part, strict=True):
                if total is not None:
                    total += addition
        dh_0[n] = dh[0]
    return Expected(out, h_n, dx, dh_0, dinitial_state, gradient)


@functools.cache
def expected_of(c: Configuration) -> Expected:
    """What `equations` gives for what is drawn for a configuration, computed once for all tests of it."""
    return expected(draw(c))


def segments(sample: Sample, n: int) -> list[tuple[NDArray[np.int64], bool]]:
    """Steps of each segment of a row in the order in which they run, and whether a reset begins it."""
    c = sample.configuration
    length = c.steps if sample.lengths is None else int(sample.lengths[n])
    cuts = [] if sample.resets is None else [t for t in range(length) if sample.resets[t, n]]
    parts = [part for part in np.split(np.arange(length), cuts) if len(part)]
    if c.reverse:
        return [(part[::-1], number > 0) for number, part in enumerate(reversed(parts))]
    return [(part, number > 0 or 0 in cuts) for number, part in enumerate(parts)]


def relative_error(found: object, wanted: object) -> float:
    """Largest difference over the largest value, or over 0.1 where that is less, for sums that cancel out."""
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.shape == wanted.shape, f"{found.shape} is not {wanted.shape}"
    if not wanted.size:
        return 0.0
    difference = np.abs(found - wanted).max()
    return float(difference / max(np.abs(wanted).max(), 0.1)) if np.isfinite(difference) else float("inf")
