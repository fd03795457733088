"""The emitted C, compiled on this machine: how large it is, and what it computes."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import GruvyError
from gruvy.export.c.program import Program

Array = NDArray[Any]
FLAGS = ("-std=c99", "-O2")


def compiler() -> str | None:
    """Return the C compiler of this machine, ``$CC`` or cc, gcc or clang, or None."""
    named = os.environ.get("CC", "")
    return next((path for name in (named, "cc", "gcc", "clang") if name and (path := shutil.which(name))), None)


def code_size(command: str, source: Path, flags: Sequence[str] = FLAGS) -> int | None:
    """Compile a source to an object; return the bytes of its code and constants, or None without binutils' size.

    Raises:
        GruvyError: it does not compile.
    """
    size = shutil.which(command.removesuffix("gcc") + "size" if command.endswith("gcc") else "size")
    if size is None:
        return None
    compiled = source.with_suffix(".o")
    call(command, *flags, "-c", str(source), "-o", str(compiled))
    text, data, *_ = call(size, str(compiled)).splitlines()[1].split()
    return int(text) + int(data)


class Compiled:
    """The emitted C as a shared library of this process.

    Args:
        program: what was emitted.
        name: the prefix of its functions.
        source: NAME.c, beside NAME.h; the library is made there too.
        command: the compiler.

    Raises:
        GruvyError: it does not compile.
    """

    def __init__(self, program: Program, name: str, source: Path, command: str, flags: Sequence[str] = FLAGS):
        library = source.with_suffix(".so")
        call(command, *flags, "-shared", "-fPIC", str(source), "-o", str(library), "-lm")
        self._program = program
        loaded = ctypes.CDLL(str(library))
        kind = "step" if program.streams else "predict"
        self._compute: Any = getattr(loaded, f"{name}_{kind}")
        self._init: Any = getattr(loaded, f"{name}_init") if program.streams else None
        self.state = np.empty(state_floats(program), np.float32)

    def run(self, inputs: Mapping[str, Array], state: Array | None = None) -> dict[str, Array]:
        """Run one row, with arrays as `Graph.run` takes and returns them for N = 1.

        A stream goes on from ``state``, all numbers of NAME_state, or starts anew where it is None; ``self.state`` is
        where it ends. What has no time axis there is the same at every step, and comes out as of the last one.
        """
        graph, program = self._program.graph, self._program
        ready = {
            given: np.ascontiguousarray(inputs[given][..., 0, :], np.int32 if value.whole else np.float32)
            for given, value in graph.inputs.items()
        }
        T = next((len(ready[given]) for given, value in graph.inputs.items() if value.steps == "T"), 1)
        outputs = {}
        for given in graph.outputs:
            value = graph.values[given]
            steps = () if value.steps is None else (T if value.steps == "T" else value.steps,)
            outputs[given] = np.full((*steps, value.features), np.nan, np.float32)
        if state is not None:
            self.state[:] = state
        elif program.streams:
            self._init(_address(self.state))
        if not program.streams:
            timed = any(value.steps == "T" for value in graph.inputs.values())
            self._compute(*([T] if timed else []), *map(_address, [*ready.values(), *outputs.values()]))
        for t in range(T if program.streams else 0):
            x = [array[t] if graph.inputs[given].steps == "T" else array for given, array in ready.items()]
            y = [array[t] if graph.values[given].steps == "T" else array for given, array in outputs.items()]
            self._compute(*map(_address, [self.state, *x, *y]))
        return {given: array[..., None, :] for given, array in outputs.items()}


def state_floats(program: Program) -> int:
    """Return the numbers in NAME_state."""
    return sum(layers * H for layers, H in program.graph.states.values()) if program.streams else 0


def call(*command: str) -> str:
    """Run a tool and return what it prints.

    Raises:
        GruvyError: it fails; the message has its own first complaint.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        reason = next((line for line in said if "error" in line.lower()), said[-1])
        raise GruvyError(f"{Path(command[0]).name} failed with code {done.returncode}: {reason}")
    return done.stdout


def _address(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
