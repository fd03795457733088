"""gruvy.keras on every backend of Keras. Keras has one for a whole process, so each has its own here."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
# Keras' variables have no `copy` in __array__.
FILTER = "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"

OPEN_WITHOUT_GRUVY = """
import sys
sys.modules["gruvy"] = None  # importing it fails
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
assert [type(layer) for layer in model._flatten_layers()].count(keras.layers.GRU) == 3
saved = np.load(sys.argv[2])
print(np.abs(model.predict(saved["x"], verbose=0) - saved["y"]).max())
"""


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "jax"])
def test_backend(backend, tmp_path, capsys):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = run(
        *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", FILTER),
        *(str(SUPPORT / f"keras_checks_{name}.py") for name in ("gru", backend)),
        KERAS_BACKEND=backend,
        GRUVY_RESULTS=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    with capsys.disabled():
        print(f"\ngruvy.keras on {backend}: {(tmp_path / 'differences').read_text()}")
    if backend == "tensorflow":  # files do not depend on it, and starting a process takes seconds
        opened = run("-c", OPEN_WITHOUT_GRUVY, str(tmp_path / "saved.keras"), str(tmp_path / "saved.npz"))
        assert opened.returncode == 0, opened.stderr[-2000:]
        assert float(opened.stdout) < 1e-6


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python, with JAX's backend on one processor, where callbacks have been seen to wait for themselves."""
    path = os.pathsep.join([str(SUPPORT), *filter(None, sys.path)])
    quick = {"OMP_NUM_THREADS": "1", "GRUVY_NUM_THREADS": "1", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, *arguments]
    if environment.get("KERAS_BACKEND") == "jax" and hasattr(os, "sched_setaffinity"):
        one = max(os.sched_getaffinity(0))
        pin = f"import os, sys; os.sched_setaffinity(0, {{{one}}}); os.execv(sys.executable, sys.argv[1:])"
        command = [sys.executable, "-c", pin, *command]
    # TensorFlow 2.21 chooses its float16 product by the processor alone; held down, oneDNN then crashes in it.
    usual = {name: value for name, value in os.environ.items() if name != "ONEDNN_MAX_CPU_ISA"}
    return subprocess.run(
        command,
        env={**usual, **quick, **quiet, "KERAS_BACKEND": "torch", "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=400,
        cwd=SUPPORT.parents[1],
    )
