"""Networks for the tests of the C export, and the C that they become, compiled."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from gruvy.errors import TensorError
from gruvy.export.c.compiled import Compiled
from gruvy.export.c.names import Names
from gruvy.export.c.program import Program
from gruvy.export.c.text import header_text, source_text
from gruvy.graph import Builder, Graph
from gruvy.spec import GRUWeights, LayerWeights


def gru(
    inputs: int,
    hidden: int,
    *,
    layers: int = 1,
    reset_after: bool = True,
    bias: bool = True,
    norm: bool = False,
    start: bool = False,
    zoneout: float = 0.0,
    seed: int = 0,
) -> GRUWeights:
    """A GRU with the weights that PyTorch starts from, uniform in +-1 / sqrt(H), twice as large."""
    draw = np.random.default_rng(seed)
    limit = 2 / np.sqrt(hidden)

    def array(*shape: int, there: bool = True) -> np.ndarray | None:
        return draw.uniform(-limit, limit, shape).astype("f4") if there else None

    def layer(I: int) -> LayerWeights:
        H = hidden
        vectors = [array(3 * H, there=there) for there in (bias, bias, norm, norm)]
        return LayerWeights(array(3 * H, I), array(3 * H, H), *vectors, array(H, there=start))

    return GRUWeights(
        tuple((layer(hidden if number else inputs),) for number in range(layers)), reset_after, zoneout=zoneout
    )


def alone(weights: GRUWeights) -> Graph:
    """A GRU and nothing else."""
    build = Builder()
    return build.graph(build.gru("gru", build.input("x", weights.input_size), weights))


def emit(graph: Graph, folder: Path, name: str = "net", dtype: str = "float32") -> tuple[Program, Path]:
    """Write NAME.h and NAME.c without any check; return the source's path."""
    program = Program(graph, dtype, Names())
    (folder / f"{name}.h").write_text(header_text(name, program, "a test"))
    path = folder / f"{name}.c"
    path.write_text(source_text(name, program, "a test"))
    return program, path


def compiled(graph: Graph, folder: Path, dtype: str = "float32", command: str = "cc") -> Compiled:
    """Emit and load the C of a graph."""
    program, path = emit(graph, folder, dtype=dtype)
    return Compiled(program, "net", path, command, ("-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"))


ONE = ("relu", "sigmoid", "softplus", "tanh", "softmax", "last")
TWO = ("add", "subtract", "multiply", "concat")


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Any graph of up to ten operations that C can have, whatever sense it makes."""
    build = Builder()
    values = [build.input("x", draw(st.integers(1, 9)))]
    if draw(st.booleans()):
        values.append(build.input("known", draw(st.integers(1, 4)), draw(st.sampled_from(["T", 3, None]))))
    seed = draw(st.integers(0, 99))
    if draw(st.booleans()):
        word = build.input("word", draw(st.integers(1, 2)), draw(st.sampled_from(["T", None])), whole=True)
        values.append(build.embedding("looked up", word, _normal(seed, 5, draw(st.integers(1, 4)))))
    for number in range(draw(st.integers(1, 10))):
        x = draw(st.sampled_from(values))
        features = build.graph(x).values[x].features
        name = f"value {number}"
        kind = draw(st.sampled_from(["dense", "gru", "one", "two", "take", "unfold"]))
        trial = copy.deepcopy(build)
        if kind == "dense":
            bias = _normal(seed, draw(st.integers(1, 6)))
            trial.dense(name, x, _normal(number, len(bias), features), draw(st.sampled_from([bias, None])))
        elif kind == "gru":
            flags = {flag: draw(st.booleans()) for flag in ("reset_after", "bias", "start", "norm")}
            hidden = draw(st.integers(4, 9))  # of fewer, layer norm leaves nothing to hold a result against
            zoneout = draw(st.sampled_from([0.0, 0.25]))
            trial.gru(
                name, x, gru(features, hidden, layers=draw(st.integers(1, 2)), zoneout=zoneout, seed=seed, **flags)
            )
        elif kind == "one":
            trial.add(draw(st.sampled_from(ONE)), x, name=name)
        elif kind == "two":
            trial.add(draw(st.sampled_from(TWO)), x, draw(st.sampled_from(values)), name=name)
        elif kind == "take":
            wanted = draw(st.lists(st.integers(0, features - 1), min_size=1, max_size=4))
            trial.add("take", x, name=name, features=wanted)
        else:
            trial.add("unfold", x, name=name, steps=draw(st.sampled_from([1, 2, 3])))
        try:
            trial.graph(name)
        except TensorError:
            continue  # these do not fit together
        build = trial
        values.append(name)
    outputs = draw(st.lists(st.sampled_from(values[::-1]), min_size=1, max_size=3, unique=True))
    return build.graph(*outputs)


def _normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.6, shape).astype("f4")
