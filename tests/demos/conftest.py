"""How every demo's test runs it."""

from __future__ import annotations

import contextlib
import json
import warnings

import pytest
import torch

import gruvy
from gruvy.cli.demo import _show
from gruvy.demos.catalogue import runner
from gruvy.errors import InputNote


@pytest.fixture(scope="session")
def run_demo(tmp_path_factory):
    """Run a demo in a new folder and check what all leave: the files, and that they agree.

    Returns:
        The folder and the Outcome.
    """

    def run(name, *, trained, **params):
        names = []

        @contextlib.contextmanager
        def training(model):
            names.append(model)
            yield lambda event: None

        threads = torch.get_num_threads()
        folder = tmp_path_factory.mktemp(name) / "new" / "folder"
        with warnings.catch_warnings():
            # The command prints what is to be said of real data: unknown characters, seasons that drift.
            warnings.simplefilter("ignore", InputNote)
            outcome = runner(name)(folder, training=training, **params)
        assert torch.get_num_threads() == threads
        assert names == trained
        assert json.loads((folder / f"{name}.json").read_text("utf-8")) == json.loads(json.dumps(outcome.results))
        assert outcome.report_path == folder / f"{name}.html"
        assert outcome.model_path == folder / f"{name}.gruvy"
        assert gruvy.load(outcome.model_path).n_parameters_ > 0
        for figure in outcome.figures:
            assert figure.trivial is None or figure.trivial in figure.others
            assert format(figure.gru, figure.style)
        _show(outcome)  # as the command does
        return folder, outcome

    return run
