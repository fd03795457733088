"""A short run of the fuzzer, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_history_of_parameters_ends_the_process_or_differs_from_torch():
    program = Path(__file__).parents[1] / "support" / "parameter_fuzz.py"
    done = subprocess.run([sys.executable, program, "25"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
