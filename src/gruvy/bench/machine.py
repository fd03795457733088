"""What a benchmark's result says about the machine it was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import gruvy
from gruvy import engine

# What keeps gruvy, torch, MKL, oneDNN (also inside OpenVINO and TensorFlow) and XLA to a smaller instruction set.
LIMITS = ("GRUVY_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "XLA_FLAGS")


def describe_machine() -> dict[str, str | int]:
    """Return the processor, the system, what limits the instruction sets, and the versions of gruvy, NumPy and torch.

    Example:
        >>> sorted(describe_machine())[:3]
        ['gruvy', 'gruvy instruction set', 'limited by']
    """
    return {
        "processor": processor(),
        "processors": os.cpu_count() or 0,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "numpy": _version("numpy"),
        "gruvy": gruvy.__version__,
        "gruvy instruction set": engine.instruction_set(),
        "limited by": ", ".join(f"{name}={os.environ[name]}" for name in LIMITS if name in os.environ) or "nothing",
    }


def processor() -> str:
    """Return the processor's own name for itself, with family and model where Linux tells them."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
    tidy = {key.strip(): value.strip() for key, value in fields.items()}
    return f"{tidy.get('model name', '?')}, family {tidy.get('cpu family', '?')}, model {tidy.get('model', '?')}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
