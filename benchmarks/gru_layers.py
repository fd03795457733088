"""Time gruvy.nn.GRU beside every peer that is installed, and hold the figures against what gruvy promises.

    python benchmarks/gru_layers.py [--all] [--isa avx2] [--rounds 7] [--threads 1,2] [--shapes I,H,N,T ...] [--no-save]

Without --all: whole layers on the grid of seven shapes. With it: odd shapes too, streaming, memory, long sequences,
features and low precision; about 25 minutes on two cores. --isa holds everything to an instruction set that is smaller
than the processor's. The tables come first, then every bar with its figure; the result, with the machine's
description, goes to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import layer_bars
import programs
from bar import Bar

from gruvy import bench, engine
from gruvy.bench import GRID, PEERS, WORKS, Row, Shape

# No multiple of any vector's width, and batches just beside one: 64 inputs, 100 steps.
ODD = tuple(Shape(64, hidden, batch, 100) for hidden in (96, 200, 300, 384) for batch in (1, 8, 17, 128))
PARTS = ("streaming_steps", "training_memory", "long_sequences", "features", "low_precision")

# What holds gruvy, torch, MKL, oneDNN (also the one in OpenVINO and TensorFlow) and XLA to an instruction set.
HELD = {
    "avx2": {
        "GRUVY_ISA": "avx2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    }
}
NOT_HELD = ("ONNX Runtime",)  # it asks the processor itself


def main() -> int:
    options = parse()
    os.environ.update(HELD.get(options.isa, {}))
    excused = NOT_HELD if options.isa else ()
    peers = []
    for peer in PEERS:
        missing = f"{peer.name} cannot be held to {options.isa}" if peer.name in excused else peer.missing()
        if missing:
            print(f"left out: {missing}")
        else:
            peers.append(peer)
    peaks = fma_peaks(options.threads)
    shapes = options.shapes or (*GRID, *(ODD if options.all else ()))
    contest = bench.run(shapes, WORKS, options.threads, peers, rounds=options.rounds, progress=show, log=print)
    print("\n" + bench.render(contest.rows) + "\n")

    result = bench.document(contest, options.rounds)
    result["peak GFLOP/s by threads"] = peaks
    bars: list[Bar] = []
    told(layer_bars.judge(contest.rows, peaks, excused), bars)
    for part in PARTS if options.all else ():
        if options.save:
            save(result, bars)  # a quarter of an hour's work, should a part fail
        result[part.replace("_", " ")], more = importlib.import_module(part).judge()
        told(more, bars)
    if options.save:
        print(f"written to {save(result, bars)}")
    return 0 if all(bar.passed for bar in bars) else 1


def fma_peaks(threads: list[int]) -> Mapping[int, float] | str:
    try:
        return {count: programs.run("peak", count)[0] for count in threads}
    except programs.ProgramError as error:
        return str(error)


def show(row: Row) -> None:
    fastest = min(row.milliseconds, key=row.milliseconds.__getitem__)
    print(
        f"{row.shape!s:>16} {row.work:9} {row.threads} thread(s): gruvy {row.milliseconds['gruvy']:.4g} ms, "
        f"fastest {fastest} {row.milliseconds[fastest]:.4g} ms",
        flush=True,
    )


def told(more: Sequence[Bar], bars: list[Bar]) -> None:
    """Print bars and add them to those that there are."""
    for bar in more:
        print(bar, flush=True)
    bars += more


def save(result: dict[str, Any], bars: Sequence[Bar]) -> Path:
    path = Path(__file__).parent / "results" / f"gru_layers-{engine.instruction_set()}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**result, "bars": [vars(bar) for bar in bars]}, indent=1) + "\n")
    return path


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="odd shapes and every bar")
    parser.add_argument("--isa", choices=HELD, help="hold everything to this instruction set")
    parser.add_argument("--rounds", type=int, default=7, help="at least 7")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--shapes", nargs="+", type=bench.parse_shape)
    parser.add_argument("--no-save", dest="save", action="store_false")
    options = parser.parse_args()
    if options.rounds < 7:
        parser.error("--rounds: at least 7, for a median that holds on a shared machine")
    return options


if __name__ == "__main__":
    sys.exit(main())
