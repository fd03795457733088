"""The examples in the docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import gruvy

NAMES = {"np": np, "pd": pd, "torch": torch}


LEFT_OUT = {"gruvy._engine", "gruvy.__main__", "gruvy.keras.on_tensorflow", "gruvy.keras.on_jax"}
SOURCE = Path(gruvy.__file__).parent
# By their files: to walk through packages would import them all.
FILES = {
    ".".join(["gruvy", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
# A line of an example that is run.
EXAMPLE = re.compile(r"^ *>>> (?!.*doctest: \+SKIP)", re.MULTILINE)
WITH_EXAMPLES = [
    name for name, path in FILES.items() if name not in LEFT_OUT and EXAMPLE.search(path.read_text("utf-8"))
]

# Keras' variables have no `copy` in __array__.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def test_the_modules_are_found():
    assert {"gruvy.timeseries.scaling", "gruvy.nn.gru", "gruvy.tasks.forecasting.forecaster"} <= set(WITH_EXAMPLES)


def test_every_module_can_be_imported():
    for name in sorted(FILES.keys() - LEFT_OUT - set(WITH_EXAMPLES)):
        importlib.import_module(name)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name):
    module = importlib.import_module(name)
    failed, tried = doctest.testmod(module, extraglobs=NAMES)
    assert failed == 0
    assert tried > 0
