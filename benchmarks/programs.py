"""Builds and runs the C++ programs in benchmarks/native."""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from gruvy import engine

SOURCE = Path(__file__).parent / "native"
ISA_FLAGS = {
    "avx512vnni": "-mavx512f;-mfma",
    "avx512": "-mavx512f;-mfma",
    "avx2": "-mavx2;-mfma",
    "neon": "",
    "baseline": "",
}


class ProgramError(Exception):
    """A program could not be built or run; the message is the tool's own."""


def run(program: str, *arguments: object) -> list[float]:
    """Run a program and return the numbers that it prints, one a line.

    Raises:
        ProgramError: it cannot be built, or fails.
    """
    return [float(line) for line in call(str(_built(program)), *map(str, arguments)).splitlines()]


@functools.cache
def _built(program: str) -> Path:
    call("cmake", "--build", str(_configured()), "--target", program, "--parallel", "2")
    return _configured() / program


@functools.cache
def _configured() -> Path:
    """Return a build folder that lasts as long as this process."""
    folder = Path(_keep().name)
    call(
        *("cmake", "-S", str(SOURCE), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release"),
        f"-DPython_EXECUTABLE={sys.executable}",
        f"-Dnanobind_DIR={call(sys.executable, '-m', 'nanobind', '--cmake_dir').strip()}",
        f"-DISA_FLAGS={ISA_FLAGS[engine.instruction_set()]}",
    )
    return folder


@functools.cache
def _keep() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def call(*command: str) -> str:
    """Run a command and return what it prints.

    Raises:
        ProgramError: it is not installed, or fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ProgramError(f"{command[0]} is not installed: pip install '.[bench]'") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        error = next((line for line in last if "error" in line.lower()), last[-1])
        raise ProgramError(f"{Path(command[0]).name} failed with code {done.returncode}: {error}")
    return done.stdout
