from __future__ import annotations

import os
from collections import Counter
from typing import Any

import torch

# Where Keras is imported within the tests' own process, it is not to bring TensorFlow; it chooses once for a process.
os.environ.setdefault("KERAS_BACKEND", "torch")

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores; PyTorch's threads would spin while they wait for each other.
    torch.set_num_threads(1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was skipped, and what to install for it."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    if reasons:
        told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"{sum(reasons.values())} skipped, which need more than this machine has: {told}")
