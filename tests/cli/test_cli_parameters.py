"""Every parameter of every estimator's constructor is an option of its ``gruvy fit``."""

from __future__ import annotations

import inspect

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from gruvy.cli.fit_command import fit_command
from gruvy.cli.options import RunOptions
from gruvy.cli.parameters import parameters_of
from gruvy.tasks.catalogue import TASKS

REQUIRED = {
    "forecast": ["DATA", "--target", "y", "--time", "t"],
    "classify": ["DATA", "--label", "y"],
    "regress": ["DATA", "--target", "y"],
    "transcribe": ["DATA", "--audio", "a", "--text", "t"],
}
# Parameters of which a command makes another kind of option.
OWN = {
    "class_weight": (["--balanced"], "balanced"),
    ("translate", "attention"): (["--no-attention"], None),
    ("transcribe", "bidirectional"): (["--streaming"], False),
    "unknown": (["--unknown", "skip"], "skip"),
}
WORDS = {"cell": "lstm", "split": "series", "likelihood": "count", "tokens": "subword", "normalize": "none"}


@pytest.mark.parametrize("task", TASKS)
def test_parameters_are_those_of_the_class(task):
    signature = inspect.signature(TASKS[task].load())
    found = parameters_of(TASKS[task])
    assert {one.name: one.default for one in found} == {
        name: parameter.default for name, parameter in signature.parameters.items()
    }
    assert [one.name for one in found if not one.help] == []


@pytest.mark.parametrize("task", TASKS)
def test_the_help_has_an_option_for_each(task):
    shown = CliRunner().invoke(fit_command(task), ["--help"], env={"COLUMNS": "200"}).output
    own = [parameter.name for parameter in get_command(fit_command(task)).params]
    for one in parameters_of(TASKS[task]):
        assert f"--{one.option(own).replace('_', '-')} " in shown, one.name
    headings = [shown.index(f"─ {heading} ─") for heading in ("Data", "Model", "Training", "Output")]
    assert headings == sorted(headings)


def other(parameter):
    """What is written to give a parameter another value, and the value."""
    option = f"--{parameter.option().replace('_', '-')}"
    if parameter.name in WORDS:
        return [option, WORDS[parameter.name]], WORDS[parameter.name]
    if parameter.name == "quantiles":
        return [option, "0.2,0.5"], (0.2, 0.5)
    if parameter.name in ("lower", "upper"):
        return [option, "a=1"], {"a": 1.0}
    if "bool" in parameter.types:
        return [option.replace("--", "--no-", 1) if parameter.default else option], not parameter.default
    number = 3 if "int" in parameter.types else 0.375
    return [option, str(number)], number


@pytest.mark.parametrize("task", TASKS)
def test_each_option_sets_its_parameter(task):
    command = get_command(fit_command(task))
    arguments, wanted = [*REQUIRED.get(task, ["DATA"])], {}
    for one in parameters_of(TASKS[task]):
        given, wanted[one.name] = OWN.get((task, one.name)) or OWN.get(one.name) or other(one)
        arguments += given
    context = command.make_context("fit", arguments)
    own = {name: value for name, value in wanted.items() if name in OWN or (task, name) in OWN}
    model = RunOptions(context).estimator(TASKS[task].load(), **own)
    assert model.get_params() == wanted
