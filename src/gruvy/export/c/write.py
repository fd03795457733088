"""Writes the C of a network: NAME.h, NAME.c and a README.md, after the C has computed what gruvy does."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.export.c import int8
from gruvy.export.c.compiled import FLAGS, Compiled, code_size, compiler, state_floats
from gruvy.export.c.constants import Dtype
from gruvy.export.c.names import Names, check_name
from gruvy.export.c.program import Program
from gruvy.export.c.readme import Facts, readme
from gruvy.export.c.text import FUNCTIONS, header_text, source_text
from gruvy.export.proof import MULTIPLE, Proof, Run, prove
from gruvy.export.source import graph_of
from gruvy.files import replace_file
from gruvy.graph import Graph

Array = NDArray[Any]
# Runs of so many steps are compared with float64, and those count in which float32 itself still tells something. The
# README's figures are of the longest of them.
STEPS = (1, 2, 4, 8, 24, 100, 300)
INT8_MULTIPLE = 2.0  # of what int8 loses; it may round a byte the other way, but that is no loss of another size
CORTEX = "arm-none-eabi-gcc"
CORTEX_M4F = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")


@dataclass(frozen=True)
class Written:
    """What an export to C has written, and how it was checked.

    Attributes:
        folder: with NAME.h, NAME.c and README.md.
        program: what they were made from; it tells what the graph's names became in C.
        facts: sizes, and differences from gruvy.
    """

    folder: Path
    program: Program
    facts: Facts


def write(
    source: Any,
    folder: str | os.PathLike[str],
    *,
    name: str = "gru",
    dtype: Dtype = "float32",
    overwrite: bool = False,
    **options: Any,
) -> Written:
    """Write a network as C99: one header and one source that need nothing but libm, and allocate nothing.

    What needs nothing that comes later becomes ``NAME_init``, ``NAME_reset`` and ``NAME_step``, which takes one step
    of a stream whose state the caller owns. What reads the end of a sequence at its beginning, as a forecaster does,
    becomes ``NAME_predict``, which takes a whole window. Inputs and outputs are the graph's, by their names.

    float32 agrees with gruvy to 1e-6. With int8 the matrices of GRUs and dense layers, and embeddings, are bytes with
    a scale for each row; the arithmetic is that of ``StreamingGRU(dtype="int8")``. Where this machine has a C compiler
    the C is compiled and compared with gruvy before it is kept.

    Args:
        source: what `gruvy.export.source.graph_of` takes: a graph, GRU weights, a module, or a file's path.
        folder: where the three files go; it is made if it is not there.
        name: what the files are called, and what all names for the linker begin with.
        dtype: of the weight matrices, "float32" or "int8".
        overwrite: whether files that are there already may be replaced.
        **options: as for `gruvy.export.source.graph_of`: which GRU of a file, and what the file does not say.

    Raises:
        ArgumentError: a name that C does not allow, an unknown dtype, files that are there already, or a network that
            cannot be had in C; the message says why.
        GruvyError: the C does not compile, or is farther from float64 than gruvy's own arithmetic explains, see
            `gruvy.export.proof`; nothing is written then.

    Example:
        >>> from gruvy.nn import GRU
        >>> import tempfile
        >>> written = write(GRU(3, 8), tempfile.mkdtemp(), name="tiny")
        >>> sorted(file.name for file in written.folder.iterdir())
        ['README.md', 'tiny.c', 'tiny.h']
    """
    check_name(name)
    if dtype not in get_args(Dtype):
        raise ArgumentError(f"dtype is {dtype!r}; expected one of {', '.join(map(repr, get_args(Dtype)))}")
    folder = Path(folder)
    files = {ending: folder / f"{name}.{ending}" for ending in ("h", "c")} | {"md": folder / "README.md"}
    there = [str(file) for file in files.values() if file.exists()]
    if there and not overwrite:
        raise ArgumentError(
            f"{', '.join(there)}: there already; choose another folder or name, or overwrite=True (--overwrite)"
        )
    graph = replace(graph_of(source, **options), batch_first=False)  # there is one row
    program = Program(graph, dtype, Names({name, *(f"{name}_{function}" for function in FUNCTIONS)}))
    origin = Path(source).name if isinstance(source, str | os.PathLike) else f"a {type(source).__name__}"
    texts = {"h": header_text(name, program, origin), "c": source_text(name, program, origin)}
    facts = _facts(name, program, texts)
    texts["md"] = readme(name, program, origin, facts)
    for ending, file in files.items():
        replace_file(file, texts[ending].encode())
    return Written(folder, program, facts)


def samples(graph: Graph, steps: int, seed: int = 0) -> dict[str, Array]:
    """Draw inputs of one row: normal numbers, and whole ones that their embeddings have."""
    draw = np.random.default_rng(seed)
    tables: dict[str, list[int]] = {name: [] for name in graph.inputs}
    for node in graph.nodes:
        if node.op == "embedding" and node.inputs[0] in tables:
            tables[node.inputs[0]].append(len(graph.arrays[node.weights["weight"]]))
    inputs: dict[str, Array] = {}
    for name, value in graph.inputs.items():
        lead = () if value.steps is None else (steps if value.steps == "T" else value.steps,)
        shape = (*lead, 1, value.features)
        whole = draw.integers(0, min(tables[name], default=1), shape)
        inputs[name] = whole if value.whole else draw.standard_normal(shape, np.float32)
    return inputs


def difference(ours: Mapping[str, Array], theirs: Mapping[str, Array]) -> float:
    """Return the largest, as a share of the largest number where that exceeds 1; NaN where one is NaN."""
    return max(
        float(np.abs(ours[name] - theirs[name]).max() / max(1.0, float(np.abs(theirs[name]).max()))) for name in theirs
    )


def _facts(name: str, program: Program, texts: Mapping[str, str]) -> Facts:
    """Compile and compare, where there is a compiler."""
    command, flash = compiler(), {}
    proof = None
    with tempfile.TemporaryDirectory() as temporary:
        for ending in ("h", "c"):
            (Path(temporary) / f"{name}.{ending}").write_text(texts[ending], "utf-8")
        path = Path(temporary) / f"{name}.c"
        if command:
            proof = _proof(program, Compiled(program, name, path, command))
            flash[f"{Path(command).name} {' '.join(FLAGS)}, for this machine"] = code_size(command, path)
        if shutil.which(CORTEX):
            flash[f"{CORTEX} {' '.join((*FLAGS, *CORTEX_M4F))}"] = code_size(CORTEX, path, (*FLAGS, *CORTEX_M4F))
    return Facts(
        weights=program.constants.nbytes,
        flash={how: size for how, size in flash.items() if size is not None},
        state=4 * state_floats(program),
        stack=program.stack,
        macs=program.macs,
        macs_once=program.macs_once,
        steps=STEPS[proof.runs[-1]] if proof else 0,
        cut=proof is not None and STEPS[-1] != STEPS[proof.runs[-1]],
        compiler=Path(command).name if command else None,
        agreement=proof.difference if proof else None,
        error=proof.error if proof else None,
        own=proof.own if proof else None,
        loss=proof.own if proof and program.dtype == "int8" else None,
    )


def _proof(program: Program, compiled: Compiled) -> Proof:
    """Run the C beside gruvy and float64."""

    def ours(graph: Graph, run: Run) -> Mapping[str, Array]:
        return int8.run(graph, run.inputs) if program.dtype == "int8" else graph.run(run.inputs)[0]

    return prove(
        program.graph,
        [Run(samples(program.graph, steps)) for steps in STEPS],
        lambda run: compiled.run(run.inputs),
        ours,
        title="the C",
        multiple=INT8_MULTIPLE if program.dtype == "int8" else MULTIPLE,
    )
