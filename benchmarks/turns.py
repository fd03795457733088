"""Times calls within this process, taking turns, for what only gruvy can be compared with: gruvy."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping

TURN_SECONDS = 0.02


def medians(calls: Mapping[str, Callable[[], object]], rounds: int = 9) -> dict[str, float]:
    """Return the seconds of each call: the median of turns of at least 20 ms, one in every round."""
    repeats = {}
    for name, call in calls.items():
        call()
        began = time.perf_counter()
        call()
        repeats[name] = max(1, math.ceil(TURN_SECONDS / (time.perf_counter() - began)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            seconds[name].append((time.perf_counter() - began) / repeats[name])
    gc.enable()
    return {name: statistics.median(values) for name, values in seconds.items()}
