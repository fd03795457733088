"""Compilers that the emitted C has to please, and a program that runs it without Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from gruvy.export.c.program import Program

EXAMPLES = Path(__file__).parents[2] / "examples"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow", "-Wcast-qual")
M4F = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
M0 = ("-mcpu=cortex-m0plus", "-mthumb")
PACKAGES = {
    "clang": "clang",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "wasm-ld": "lld wasi-libc libclang-rt-dev-wasm32",
}


def need(*tools: str) -> None:
    """Skip a test whose tools are not installed; fail in CI, where they are."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        why = f"not installed: apt-get install {' '.join(PACKAGES.get(tool, tool) for tool in missing)}"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


def call(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def main_of(program: Program, inputs: Mapping[str, np.ndarray], name: str = "net", function: str = "main") -> str:
    """C that runs a stream over inputs, or a window of them, and prints the bits of what comes out, one a line.

    The first line is the size of the state. Bits, because printing numbers takes much memory on a microcontroller.
    """
    graph = program.graph
    T = next((len(inputs[given]) for given, value in graph.inputs.items() if value.steps == "T"), 1)
    arrays, arguments, prints = "", [], ""
    for given, parameter in program.parameters.items():
        value, array = graph.inputs[given], inputs[given][..., 0, :]
        kind, numbers = ("int32_t", array) if value.whole else ("float", array.astype("f4"))
        words = ", ".join(str(v) if value.whole else f"{float(v).hex()}f" for v in numbers.ravel())
        arrays += f"static const {kind} given_{parameter}[] = {{{words}}};\n"
        step = f" + {value.features} * t" if program.streams and value.steps == "T" else ""
        arguments.append(f"given_{parameter}{step}")
    for given, parameter in program.outputs.items():
        value = graph.values[given]
        steps = T if value.steps == "T" and not program.streams else value.steps if type(value.steps) is int else 1
        arrays += f"static float found_{parameter}[{steps * value.features}];\n"
        arguments.append(f"found_{parameter}")
        prints += f"        show(found_{parameter}, {steps * value.features});\n"
    if program.streams:
        start = f"    static {name}_state state;\n    {name}_init(&state);\n"
        start += f'    printf("%u\\n", (unsigned)sizeof state);\n    for (int t = 0; t < {T}; ++t) {{\n'
        compute = f"{name}_step(&state, {', '.join(arguments)});"
    else:
        moving = any(value.steps == "T" for value in graph.inputs.values())
        start = '    printf("0\\n");\n    {\n'
        compute = f"{name}_predict({f'{T}, ' if moving else ''}{', '.join(arguments)});"
    return (
        f'#include "{name}.h"\n#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n\n{arrays}\n'
        "static void show(const float *numbers, int count) {\n    for (int i = 0; i < count; ++i) {\n"
        "        uint32_t bits;\n        memcpy(&bits, numbers + i, sizeof bits);\n"
        '        printf("%08lx\\n", (unsigned long)bits);\n    }\n}\n\n'
        f"int {function}(void) {{\n{start}        {compute}\n{prints}    }}\n    return 0;\n}}\n"
    )


def numbers_of(printed: str) -> tuple[int, np.ndarray]:
    """What `main_of` printed: the size of the state, and numbers."""
    size, *bits = printed.split()
    return int(size), np.array([int(word, 16) for word in bits], np.uint32).view(np.float32)


def in_order(program: Program, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """What Python computed in the order in which `main_of` prints."""
    arrays = [outputs[given] for given in program.outputs]
    if program.streams:
        return np.concatenate([array[:, 0] for array in arrays], axis=1).ravel()
    return np.concatenate([array.ravel() for array in arrays])
