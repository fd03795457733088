"""How much the resident memory grows in training, gruvy's layer beside torch.nn.GRU, each in a fresh process.

    python benchmarks/training_memory.py gruvy 128,256,64,100    # one figure, in bytes

The peak is the kernel's own (VmHWM), set back before the steps that are measured; Linux only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from bar import Bar, at_most, not_measured

from gruvy.bench import Case, Shape, parse_shape
from gruvy.bench.peers.torch_layers import Gruvy, TorchGRU

SHAPES = (Shape(64, 128, 32, 100), Shape(128, 256, 64, 100), Shape(64, 64, 1, 1000))
LAYERS = {peer.name: peer for peer in (Gruvy(), TorchGRU())}
PROMISE = "training: at most half of torch GRU's peak memory"


def judge() -> tuple[list[dict[str, Any]], list[Bar]]:
    """Return the rows (shape, megabytes of each layer) and the bar."""
    if not Path("/proc/self/clear_refs").exists():
        return [], [not_measured(PROMISE, "this system does not tell a process' peak (Linux does)")]
    rows: list[dict[str, Any]] = [
        {"shape": list(shape), "megabytes": {name: measured(name, shape) / 1e6 for name in LAYERS}} for shape in SHAPES
    ]
    shares = []
    for row, shape in zip(rows, SHAPES, strict=True):
        own, torch = (row["megabytes"][name] for name in LAYERS)
        shares.append((100 * own / torch, f"{shape} ({own:.1f} of {torch:.1f} MB)"))
    return rows, [at_most(PROMISE, 50.0, shares, "%")]


def measured(layer: str, shape: Shape) -> int:
    """Return the growth in bytes, found by a process of its own."""
    done = subprocess.run([sys.executable, __file__, layer, str(shape)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def growth(layer: str, shape: Shape) -> int:
    """Return the bytes by which this process grew at its peak in three steps, after a small one to load the code."""
    LAYERS[layer].prepare(Case(Shape(2, 4, 2, 3), "training", 1)).run()
    ready = LAYERS[layer].prepare(Case(shape, "training", 1))
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    for _ in range(3):
        ready.run()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    print(growth(sys.argv[1], parse_shape(sys.argv[2])))
