"""The README.md beside the C: what it takes, what it costs, and how well it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gruvy import __version__
from gruvy.export.c.program import Program
from gruvy.export.c.text import macro, prototype, told_size


@dataclass(frozen=True)
class Facts:
    """Costs in bytes and multiply-accumulates, and differences from gruvy.

    Attributes:
        weights: bytes of the constants.
        flash: how it was compiled -> bytes of code and constants; empty where there was no compiler.
        state: bytes of one stream's state; 0 where there is none.
        stack: bytes of the arrays in functions, at most.
        macs, macs_once: multiply-accumulates of each step, and those that there are once a window.
        steps: of the longest run that the following are of; 0 where there was no compiler.
        cut: whether longer runs were left out, as float32 itself loses the network's numbers in them.
        compiler: what compiled that run, or None.
        agreement: the largest difference between the C and gruvy, as a share of the largest number where that exceeds
            1; None where there was no compiler.
        error: how far the C is from the network in float64, likewise.
        own: how far gruvy's own arithmetic with these weights is.
        loss: that of int8; None for float32.
    """

    weights: int
    flash: Mapping[str, int]
    state: int
    stack: int
    macs: int
    macs_once: int
    steps: int
    cut: bool
    compiler: str | None
    agreement: float | None
    error: float | None
    own: float | None
    loss: float | None


def readme(name: str, program: Program, origin: str, facts: Facts) -> str:
    """Return the text of README.md."""
    return f"""# {name}

A network of gated recurrent units from {origin}, written by gruvy {__version__} as C99 with {program.dtype} weights.
Add `{name}.c` to your project and link libm; nothing else is needed, and nothing is allocated. `{name}.h` can be
included from C++ too.

## How it is called

```c
{_example(name, program)}```

{_remarks(name, program)}

## What goes in and out

{_values(name, program)}

It is what the network itself reads and gives: scaling and other preparation of the data are not part of it.

## What it costs

{_costs(facts)}

## How well it agrees

{_agreement(program, facts)}

Do not compile with `-ffast-math` or `-Ofast`: sums are then taken in another order, which is harmless, but NaN and
infinity in the inputs no longer show in the outputs.
"""


def _example(name: str, program: Program) -> str:
    lines = []
    graph, streams = program.graph, program.streams
    moving = any(value.steps == "T" for value in graph.inputs.values())
    arguments = ["&state"] if streams else (["steps"] if moving else [])
    if streams:
        lines += [f"static {name}_state state;", f"{name}_init(&state);"]
    for given, parameter in [*program.parameters.items(), *program.outputs.items()]:
        value = graph.values[given]
        times = "steps * " if value.steps == "T" and not streams else ""
        size = f"{times}{macro(name, parameter)}"
        lines.append(f"{'int32_t' if value.whole else 'float'} {parameter}[{size}];")
        arguments.append(parameter)
    call = f"{name}_{'step' if streams else 'predict'}({', '.join(arguments)});"
    lines += ["while (next(...)) {", f"    {call}", "}"] if streams else [call]
    if not streams and moving:
        lines.insert(0, "enum { steps = 24 }; /* as many as there are, at least 1 */")
    return "".join(f"{line}\n" for line in lines)


def _remarks(name: str, program: Program) -> str:
    if not program.streams:
        return (
            "It has no state: every call takes a whole window, because the network reads the end of a window at its\n"
            "beginning. Calls may run at the same time, in threads or interrupts."
        )
    return (
        f"`{name}_reset` starts a new sequence. One `{name}_state` is one stream: have as many as you like, each used\n"
        "by one thread or interrupt at a time. A copy of it is a snapshot."
    )


def _values(name: str, program: Program) -> str:
    rows = ["| argument | type | size | |", "|---|---|---|---|"]
    for names, kind in ((program.parameters, "in"), (program.outputs, "out")):
        for given, parameter in names.items():
            value = program.graph.values[given]
            size = told_size(value, program)
            rows.append(f"| `{parameter}` | `{'int32_t' if value.whole else 'float'}` | {size} | {kind} |")
    return "\n".join(rows) + f"\n\n```c\n{prototype(name, program)};\n```"


def _costs(facts: Facts) -> str:
    rows = ["| | | |", "|---|---|---|", f"| weights, in flash | {facts.weights:,} bytes | counted |"]
    rows += [f"| weights and code, in flash | {size:,} bytes | measured: {how} |" for how, size in facts.flash.items()]
    if not facts.flash:
        rows.append("| code, in flash | about 2,000 bytes | not measured: no compiler was found |")
    if facts.state:
        rows.append(f"| RAM of each stream | {facts.state:,} bytes | counted |")
    rows.append(f"| arrays on the stack, at most | {facts.stack:,} bytes | counted |")
    rows.append(f"| multiply-accumulates a step | {facts.macs:,} | counted |")
    if facts.macs_once:
        rows.append(f"| and once a window | {facts.macs_once:,} | counted |")
    return "\n".join(rows)


def _agreement(program: Program, facts: Facts) -> str:
    if facts.agreement is None:
        return "No C compiler was found when this was written, so the C was not compared with gruvy."
    text = f"""Compiled with {facts.compiler}, the largest difference from gruvy's own {program.dtype} was
{facts.agreement:.1e} in {facts.steps} steps of normally distributed inputs, as a share of the largest number where that
exceeds 1. From the network in float64 the C is at most {facts.error:.1e} away, and gruvy's {program.dtype} at most
{facts.own:.1e}."""
    if facts.cut:
        text += (
            """ In longer runs rounding grows so far, in whatever order it is computed, that float32 tells nothing."""
        )
    if program.dtype == "int8":
        text += """ The bytes are those of gruvy's engine, except where a number lies within rounding of half-way
between two of them."""
    return text
