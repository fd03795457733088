from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from typing import Any

import pytest
import torch

# Where Keras is imported within the tests' own process, it is not to bring TensorFlow; it chooses once for a process.
os.environ.setdefault("KERAS_BACKEND", "torch")

# Files of few tests that take long: with --dist loadfile a worker begins with one of these, not ends.
LONGEST_FIRST = (
    "keras/test_keras_backends.py",
    "demos/test_agent_demo.py",
    "demos/test_genes_demo.py",
    "bench/test_bench_contest.py",
    "formats/test_agreement.py",
    "demos/",
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell starts what it runs in the background; tests of Ctrl-C need what Python does otherwise.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores; PyTorch's threads would spin while they wait for each other.
    torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None):
        # Workers, which start after this, share the cores: a thread of BLAS and of OpenMP in each.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return next((i for i, part in enumerate(LONGEST_FIRST) if f"tests/{part}" in path), len(LONGEST_FIRST))

    items.sort(key=place)  # the others stay as they are


@pytest.fixture(autouse=True, scope="module")
def _collector_looks_at_what_is_new() -> None:
    """Spare the garbage collector what was there before a file's tests: every fit runs all of it, to measure memory."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was skipped, and what to install for it."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    if reasons:
        told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"{sum(reasons.values())} skipped, which need more than this machine has: {told}")
