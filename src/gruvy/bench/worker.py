"""One contender in a process of its own: `python -m gruvy.bench.worker MODULE:CLASS THREADS`.

It is told on stdin, one JSON document a line, and answers on stdout likewise: "version", "prepare" a case, take a
"turn", "drop" the case. It answers when its threads are asleep again, so that the next contender has the processor
to itself. It is pinned to as many processors as it may have threads.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import sys
import time
import traceback
from typing import Any

import numpy as np

from gruvy.bench.case import Array, Case, Shape
from gruvy.bench.peers.peer import Peer, Ready

GRADIENT = 10.0  # times the tolerance of the output: sums over all steps and rows
SETTLED = 0.1  # of one processor's time
PATIENCE = 1.0  # seconds


def main() -> int:
    """Answer until stdin ends."""
    module, _, class_name = sys.argv[1].partition(":")
    threads = int(sys.argv[2])
    pin(threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not pass for an answer
    worker = _Worker(getattr(importlib.import_module(module), class_name)(), threads)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        settle()
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def pin(threads: int) -> None:
    """Keep this process to its processors, where the system can; libraries count them to choose their threads."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def settle() -> None:
    """Wait until this process' threads have stopped spinning."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        busy, began = time.process_time(), time.perf_counter()
        time.sleep(0.002)
        if time.process_time() - busy < SETTLED * (time.perf_counter() - began):
            return


class _Worker:
    def __init__(self, peer: Peer, threads: int):
        self.peer, self.threads = peer, threads
        self.ready: Ready | None = None
        self.repeats = 1

    def version(self) -> dict[str, Any]:
        return {"version": self.peer.version()}

    def prepare(self, shape: list[int], work: Any, references: dict[str, str], turn_seconds: float) -> dict[str, Any]:
        """Compare what is computed with the reference of the same form, or write that where there is none."""
        case = Case(Shape(*shape), work, self.threads)
        self.ready = self.peer.prepare(case)
        self.ready.run()
        if self.peer.form is not None:
            path = references[self.peer.form]
            results = self.ready.results()
            if os.path.exists(path):
                with np.load(path) as reference:
                    problems = differences(results, dict(reference), self.peer.tolerance)
                if problems:
                    return {"differs": problems}
            else:
                np.savez(path, **results)  # type: ignore[arg-type]
        began = time.perf_counter()
        self.ready.run()
        seconds = time.perf_counter() - began
        self.repeats = max(1, math.ceil(turn_seconds / seconds))
        return {"seconds": seconds}

    def turn(self) -> dict[str, Any]:
        """Take a turn: one call to wake the threads and fill the caches, then as many as make up a turn."""
        assert self.ready is not None
        gc.disable()
        self.ready.run()
        began = time.perf_counter()
        for _ in range(self.repeats):
            self.ready.run()
        seconds = (time.perf_counter() - began) / self.repeats
        gc.enable()
        return {"seconds": seconds}

    def drop(self) -> dict[str, Any]:
        self.ready = None
        gc.collect()
        return {}


def differences(results: dict[str, Array], reference: dict[str, Array], tolerance: float) -> str:
    """Say which results are not those of the reference, and by how much of its largest value; "" where all are."""
    problems = []
    for name, array in results.items():
        expected = reference[name]
        allowed = tolerance if name == "out" else GRADIENT * tolerance
        if array.shape != expected.shape:
            problems.append(f"{name} has the shape {array.shape}; expected {expected.shape}")
            continue
        error = float(np.abs(array - expected).max() / np.abs(expected).max())
        if not error <= allowed:
            problems.append(f"{name} is off by {error:.1e} of its largest value; at most {allowed:.0e} wanted")
    return "; ".join(problems)


if __name__ == "__main__":
    sys.exit(main())
