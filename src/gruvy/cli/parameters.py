"""The parameters of an estimator's constructor as options, read from its source: its class is not imported for that."""

from __future__ import annotations

import ast
import importlib.util
import re
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from gruvy.cli.arguments import bounds, levels
from gruvy.tasks.catalogue import Task

# Parameter -> its option, where that has another name.
_RENAMED = {
    "context_length": "context",
    "max_epochs": "epochs",
    "random_state": "seed",
    "class_weight": "balanced",
    "ensemble_size": "ensemble",
    "bidirectional": "streaming",
}
# Those of them that a command declares itself, if it has them at all: they are no other word for the parameter.
_OF_COMMANDS = ("balanced", "streaming")
_TRAINING = (
    *("dropout", "weight_noise", "time_stretch", "masking", "consistency", "class_weight", "max_length"),
    *("validation_fraction", "calibration_fraction", "test_fraction", "split"),
    *("batch_size", "max_epochs", "patience", "learning_rate", "random_state"),
    *("num_envs", "num_steps", "num_epochs", "num_minibatches", "anneal", "gamma", "gae_lambda", "clip_range"),
    *("value_clip_range", "value_coef", "entropy_coef", "max_grad_norm"),
)
_HELP = {
    "cell": "Recurrent cell: gru, lstm or tanh.",
    "patience": "Stop after N epochs without a better validation loss.",
    "unknown": "What to do with characters that the fit never saw: refuse, replace or skip.",
    "validation_fraction": "Fraction of the data that selects the best epoch.",
    "calibration_fraction": "Fraction of the rows that sets the threshold.",
    "dropout": "Fraction of the units dropped in training.",
    "split": "What is held out: the end in time (time), or the last series of the table (series).",
    "likelihood": "quantile, or count for integers from 0 on, such as the sales of a day.",
    "learning_rate": "The highest learning rate of the schedule.",
    "num_layers": "Recurrent layers on top of each other.",
    "random_state": "The same seed gives the same model.",
    "quantiles": "Levels between 0 and 1, as 0.1,0.9; the median is always added.",
    "class_weight": "Weight of a class in training, as CLASS=X; repeat it for several.",
    "lower": "No forecast is below it; for one target as load=0.",
    "upper": "No forecast is above it; for one target as load=1.",
}
_METAVARS = {int: "N", float: "X", str: "NAME"}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a constructor.

    Attributes:
        name: of the parameter.
        types: the names of the types that its annotation allows.
        default: of the parameter.
        help: what the docstring says of it.
    """

    name: str
    types: tuple[str, ...]
    default: Any
    help: str

    def option(self, own: Collection[str] = ()) -> str:
        """The name of its option, in a command that declares options of these names itself."""
        renamed = _RENAMED.get(self.name, self.name)
        return self.name if renamed in _OF_COMMANDS and renamed not in own else renamed

    @property
    def panel(self) -> str:
        """Under which heading the option stands in the help."""
        return "Training" if self.name in _TRAINING else "Model"

    def declared(self) -> tuple[Any, Any]:
        """The annotation and the default of the option."""
        option, kind = self.option().replace("_", "-"), str if self._is_levels else self._kind
        names = [f"--{option}/--no-{option}"] if kind is bool else [f"--{option}"]
        metavar = "LEVELS" if self._is_levels else "X" if self._is_mapping else _METAVARS.get(kind)
        info = typer.Option(*names, help=self.help, metavar=metavar, rich_help_panel=self.panel)
        if self._is_mapping:
            return Annotated[list[str] | None, info], None
        if self._is_levels:
            return Annotated[str, info], ",".join(map(str, self.default))
        default = 0 if self.name == "random_state" else self.default
        return Annotated[kind if default is not None else kind | None, info], default

    def value(self, given: Any) -> Any:
        """The parameter of what the option was given."""
        option = "--" + self.option().replace("_", "-")
        if self._is_mapping:
            return "balanced" if given == ["balanced"] else bounds(given, option)
        return tuple(levels(given) or ()) if self._is_levels else given

    @property
    def _is_mapping(self) -> bool:
        return any(one.startswith("Mapping") for one in self.types)

    @property
    def _is_levels(self) -> bool:
        return any(one.startswith("Sequence") for one in self.types)

    @property
    def _kind(self) -> Any:
        return next(kind for kind in (bool, int, float, str) if kind.__name__ in self.types)


@cache
def parameters_of(task: Task) -> tuple[Parameter, ...]:
    """The parameters of the constructor of a task's estimator, in its order."""
    found = _class(task)
    constructor = next(one for one in found.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    arguments = constructor.args
    named = arguments.args[1:] + arguments.kwonlyargs
    positional = [None] * (len(arguments.args) - 1 - len(arguments.defaults)) + arguments.defaults
    helps = _helps(ast.get_docstring(found) or "")
    return tuple(
        Parameter(
            one.arg,
            tuple(ast.unparse(one.annotation).split(" | ")) if one.annotation is not None else (),
            None if default is None else ast.literal_eval(default),
            _HELP.get(one.arg) or helps.get(one.arg, ""),
        )
        for one, default in zip(named, [*positional, *arguments.kw_defaults], strict=True)
    )


def _class(task: Task) -> ast.ClassDef:
    package = _source(task.package)
    module = next(
        one.module
        for one in package.body
        if isinstance(one, ast.ImportFrom) and one.module and task.estimator in [name.name for name in one.names]
    )
    classes = [one for one in _source(module).body if isinstance(one, ast.ClassDef)]
    return next(one for one in classes if one.name == task.estimator)


def _source(module: str) -> ast.Module:
    """The source of a module, which is not run, nor are the packages of its task."""
    parent, _, name = module.rpartition(".")
    if parent != "gruvy.tasks":
        package = importlib.util.find_spec(parent)
        assert package is not None
        assert package.submodule_search_locations is not None
        places = [Path(folder) / f"{name}.py" for folder in package.submodule_search_locations]
    else:
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        places = [Path(spec.origin)]
    return ast.parse(next(place for place in places if place.exists()).read_text(encoding="utf-8"))


def _helps(docstring: str) -> Mapping[str, str]:
    """Parameter -> the first sentence that the section Args has on it."""
    section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", docstring, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\w)", textwrap.dedent(section[1]).strip() if section else ""):
        names, _, text = entry.partition(":")
        for name in names.split(","):
            found[name.strip()] = _sentence(" ".join(text.split()))
    return found


def _sentence(text: str) -> str:
    """What is said first, without the letter that stands for the parameter in equations."""
    text = re.sub(r"^[A-Za-z][,;] ", "", text).replace("; None for ", ", by default ")
    first = re.split(r"; |\. (?=[A-Z])|: (?=[a-z])", text, maxsplit=1)[0].rstrip(".").replace("``", "")
    if first.count("(") > first.count(")"):
        first = first[: first.rindex("(")].rstrip()
    return first[:1].upper() + first[1:] + "."
