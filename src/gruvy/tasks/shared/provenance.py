"""Where a model comes from."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import sklearn
import torch


def provenance() -> dict[str, Any]:
    """Versions, machine, threads and the time now, as plain JSON."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "gruvy": version("gruvy"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "lightning": lightning.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "machine": f"{platform.system()} {platform.machine()}, {_processor()}",
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
