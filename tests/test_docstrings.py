"""The examples in the docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pandas as pd
import pytest
import torch

import gruvy

NAMES = {"np": np, "pd": pd, "torch": torch}


def modules() -> list[str]:
    found = pkgutil.walk_packages(gruvy.__path__, "gruvy.")
    left_out = {"gruvy._engine", "gruvy.__main__", "gruvy.keras.on_tensorflow", "gruvy.keras.on_jax"}
    return [module.name for module in found if module.name not in left_out]


def test_the_modules_are_found():
    assert {"gruvy.equations", "gruvy.nn.gru", "gruvy.tasks.forecasting.forecaster"} <= set(modules())


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # Keras' own
@pytest.mark.parametrize("name", modules())
def test_examples(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs=NAMES)
    assert failed == 0
