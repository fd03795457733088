"""Programs that tests run in an interpreter of their own."""

from __future__ import annotations

import os
import subprocess
import sys


def run_python(code: str, told: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    support = os.path.dirname(__file__)
    path = os.pathsep.join([support, os.path.dirname(support), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        input=told,
        capture_output=True,
        text=True,
        timeout=120,
    )
