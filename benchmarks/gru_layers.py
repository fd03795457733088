"""Time gruvy.nn.GRU beside torch.nn.GRU and torch.nn.LSTM, inference and training, one thread and two.

    python benchmarks/gru_layers.py [--rounds 9] [--threads 1,2] [--shapes 64,64,1,100 ...] [--no-save]

Every contender does the same work on the same numbers. They take turns within a round, so that a change of the
machine's speed meets all of them, and the figure is the median over the rounds. One turn repeats the call for at
least 20 ms. Training is forward and backward with the gradients of the input, of the initial state and of all
weights. The result, with the machine's description, goes to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from machine import describe_machine
from torch import Tensor

from gruvy import engine, nn

GRID = [
    (1, 32, 32, 64),
    (64, 128, 32, 100),
    (128, 256, 64, 100),
    (256, 512, 32, 100),
    (64, 64, 1, 100),
    (128, 256, 1, 100),
    (512, 512, 1, 100),
]
CONTENDERS: dict[str, Callable[[int, int], torch.nn.Module]] = {
    "gruvy": nn.GRU,
    "gruvy, reset before": lambda inputs, hidden: nn.GRU(inputs, hidden, reset_after=False),
    "torch GRU": torch.nn.GRU,
    "torch LSTM": torch.nn.LSTM,
}
TURN_SECONDS = 0.02


def main() -> int:
    options = parse()
    engine.instruction_set()
    rows = []
    for threads in options.threads:
        torch.set_num_threads(threads)
        for shape in options.shapes:
            for work in ("inference", "training"):
                milliseconds = measure(shape, work, options.rounds)
                rows.append({"shape": shape, "work": work, "threads": threads, "milliseconds": milliseconds})
                print_row(rows[-1], first=len(rows) == 1)
    bars = judge(rows)
    for bar in bars:
        print(("pass  " if bar["pass"] else "FAIL  ") + bar["text"])
    if options.save:
        save(rows, bars, options.rounds)
    return 0 if all(bar["pass"] for bar in bars) else 1


def measure(shape: tuple[int, int, int, int], work: str, rounds: int) -> dict[str, float]:
    calls = {name: build(make, shape, work) for name, make in CONTENDERS.items()}
    repeats = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, math.ceil(TURN_SECONDS / (time.perf_counter() - start)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            seconds[name].append((time.perf_counter() - start) / repeats[name])
    gc.enable()
    return {name: 1e3 * statistics.median(values) for name, values in seconds.items()}


def build(
    make: Callable[[int, int], torch.nn.Module], shape: tuple[int, int, int, int], work: str
) -> Callable[[], None]:
    inputs, hidden, batch, steps = shape
    torch.manual_seed(0)
    module = make(inputs, hidden)
    x = torch.randn(steps, batch, inputs)
    h_0: Any = torch.randn(1, batch, hidden)
    if isinstance(module, torch.nn.LSTM):
        h_0 = (h_0, torch.randn(1, batch, hidden))

    def infer() -> None:
        with torch.inference_mode():
            module(x, h_0)

    states = h_0 if isinstance(h_0, tuple) else (h_0,)
    leaves: list[Tensor] = [x, *states, *module.parameters()]
    dout = torch.randn(steps, batch, hidden)

    def train() -> None:
        for leaf in leaves:
            leaf.grad = None
        output, _ = module(x, h_0)
        output.backward(dout)

    if work == "inference":
        return infer
    for leaf in leaves:
        leaf.requires_grad_()
    return train


def print_row(row: dict[str, Any], first: bool) -> None:
    if first:
        print(f"{'I,H,B,T':>16} {'work':>10} {'threads':>7}" + "".join(f"{name:>21}" for name in CONTENDERS))
    shape = ",".join(map(str, row["shape"]))
    own = row["milliseconds"]["gruvy"]
    cells = "".join(f"{ms:>13.3f} ({ms / own:4.1f}x)" for ms in row["milliseconds"].values())
    print(f"{shape:>16} {row['work']:>10} {row['threads']:>7}{cells}", flush=True)


def judge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold the figures against what gruvy promises."""
    worst = min(rows, key=lambda row: row["milliseconds"]["torch GRU"] / row["milliseconds"]["gruvy"])
    ratio = worst["milliseconds"]["torch GRU"] / worst["milliseconds"]["gruvy"]
    bars = [
        {
            "text": f"never slower than torch.nn.GRU: at worst {ratio:.2f} times as fast, at {worst['shape']}, "
            f"{worst['work']}, {worst['threads']} threads",
            "pass": ratio >= 1,
        }
    ]
    for row in rows:
        if tuple(row["shape"]) == (64, 64, 1, 100) and row["work"] == "training":
            ratio = row["milliseconds"]["torch GRU"] / row["milliseconds"]["gruvy"]
            text = f"training at (64,64,1,100), {row['threads']} threads: {ratio:.1f} times torch.nn.GRU, 10 wanted"
            bars.append({"text": text, "pass": ratio >= 10})
    for work in ("inference", "training"):
        for peer in ("torch GRU", "torch LSTM"):
            ratios = [r["milliseconds"][peer] / r["milliseconds"]["gruvy"] for r in rows if r["work"] == work]
            if ratios:
                mean = statistics.geometric_mean(ratios)
                bars.append({"text": f"{work}: {mean:.2f} times {peer} in the geometric mean", "pass": mean >= 1})
    return bars


def save(rows: list[dict[str, Any]], bars: list[dict[str, Any]], rounds: int) -> None:
    machine = describe_machine()
    name = f"gru_layers-{engine.instruction_set()}.json"
    path = Path(__file__).parent / "results" / name
    path.parent.mkdir(exist_ok=True)
    result = {
        "what": "milliseconds, median of alternating rounds; shape is inputs, hidden, batch, steps",
        "date": datetime.date.today().isoformat(),
        "rounds": rounds,
        "machine": machine,
        "bars": bars,
        "rows": rows,
    }
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"written to {path}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="at least 7")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--shapes", nargs="+", type=lambda text: tuple(map(int, text.split(","))), default=GRID)
    parser.add_argument("--no-save", dest="save", action="store_false")
    options = parser.parse_args()
    if options.rounds < 7:
        parser.error("--rounds: at least 7, for a median that holds on a shared machine")
    return options


if __name__ == "__main__":
    sys.exit(main())
