"""Where a model comes from."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import sklearn
import torch

import gruvy

# What a report calls a package; others have their own name.
_PACKAGES = {"python": "Python", "torch": "PyTorch", "numpy": "NumPy", "lightning": "Lightning"}


def provenance() -> dict[str, Any]:
    """Versions, machine, threads and the time now, as plain JSON."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "gruvy": gruvy.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "lightning": lightning.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}",
        "threads": torch.get_num_threads(),
    }


def repeatable(made: Mapping[str, Any], about: Mapping[str, str], command: str) -> dict[str, str]:
    """What a reader of a report needs to repeat a fit.

    Args:
        made: the estimator's ``provenance_``.
        about: what else to say, of the data above all.
        command: what repeats the run, or "".

    Returns:
        From what is told to what it is, as texts.
    """
    facts = {_PACKAGES.get(package, package): version for package, version in made["versions"].items()}
    facts |= {
        "Machine": made["machine"],
        "Threads": str(made["threads"]),
        "Seed": str(made["seed"]),
        **about,
        "Trained": f"{made['date'][:16].replace('T', ' ')} UTC",
    }
    return facts | ({"Command": command} if command else {})


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
