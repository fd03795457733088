"""Options that several commands have, with the same words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gruvy.cli.arguments import check_data, check_target
from gruvy.cli.parameters import parameters_of
from gruvy.errors import ArgumentError
from gruvy.tasks.catalogue import TASKS

if TYPE_CHECKING:
    from gruvy.tasks.shared.estimator import Estimator

    Fitted = TypeVar("Fitted", bound=Estimator)

TABLE_FILES = "CSV, TSV, .xlsx, .ods, JSON Lines, Parquet"  # what read_table reads, for help texts
TestFraction = Annotated[float, typer.Option(metavar="FRACTION", help="Of the data, held out to test.")]
Balanced = Annotated[bool, typer.Option("--balanced", help="Let all classes count alike in training.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


Rescale = Annotated[
    bool, typer.Option("--rescale", help="With --from: take the scaling from DATA instead of from that model.")
]

# How tables are read where no option of `TableOptions` is given.
# What columns are called in Python -> the option that names them.
_SINGULAR = {"targets": "target"}
AS_FOUND: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class TextOptions:
    """How every model of text, residues or speech reads what its fit never saw."""

    unknown: Annotated[
        str | None,
        typer.Option(
            metavar="RULE", help="What to do with characters that the fit never saw: refuse, replace or skip."
        ),
    ] = None

    def apply(self, model: Any) -> None:
        """Let a fitted model of text follow the rule, if one is given."""
        if self.unknown is not None:
            model.unknown = self.unknown


@dataclass(frozen=True)
class TableOptions:
    """How the table of a file is written, where that cannot be seen; what `gruvy.data.read_table` takes."""

    delimiter: Annotated[
        str | None,
        typer.Option(metavar="CHARACTER", help="Between the fields of a text file: comma, semicolon, tab ..."),
    ] = None
    decimal: Annotated[str | None, typer.Option(metavar="MARK", help="Decimal separator: . or ,")] = None
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Encoding of a text file that is not UTF-8.")] = (
        None
    )
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help="How to read dates such as 01/02/2024.")
    ] = None
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="Sheet of a spreadsheet, by name or number.")] = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that were given."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class TimeOptions:
    """How the times of a table are to be read, where that cannot be seen; what ``fit`` takes."""

    step: Annotated[
        str | None,
        typer.Option(metavar="OFFSET", help="Step between rows, as a pandas offset: h, B, W-FRI, MS, bh ..."),
    ] = None
    calendar: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of the opening times or days, including those ahead.")
    ] = None
    timezone: Annotated[
        str | None, typer.Option(metavar="NAME", help="Time zone of the times, such as Europe/Berlin.")
    ] = None
    time_format: Annotated[
        str | None,
        typer.Option(metavar="FORM", help="A format such as %d.%m.%Y %H:%M; or index, year, yyyymm, s, ms, excel ..."),
    ] = None

    def given(self, time: str | None) -> dict[str, Any]:
        """What an estimator's ``fit`` is given of them."""
        found = {name: value for name, value in vars(self).items() if value is not None}
        if not found:
            return {}
        if time is None:
            raise ArgumentError(f"--{next(iter(found)).replace('_', '-')}: needs --time, the column of times")
        if self.calendar is not None:
            from gruvy.data import read_table

            found["calendar"] = read_table(self.calendar)
        return found


@dataclass(frozen=True)
class RunOptions:
    """What every ``gruvy fit`` has besides its own options: see `gruvy.cli.expansion.expanded`."""

    command: typer.Context
    minutes: Annotated[
        float | None, typer.Option(metavar="N", help="End the training within N minutes, with as many epochs as fit.")
    ] = None
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Continue from this .gruvy file, on data of the same form; other options keep their values.",
        ),
    ] = None
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file for the model.")] = Path("model.gruvy")
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an HTML report to FILE.")] = None
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Save the training state in this folder after every epoch.")
    ] = None
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the state in --checkpoint.")] = False
    json: Json = False

    def check(self) -> None:
        """Fail before the training, not after it, where its results could not be written, or limits make no sense."""
        for argument in self.command.command.params:
            value = self.command.params.get(argument.name) if argument.param_type_name == "argument" else None
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, Path):
                    check_data(path)
        check_target(self.out, "--out")
        check_target(self.report, "--report")
        if self.resume and self.checkpoint is None:
            raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            raise ArgumentError(f"--minutes: expected a number above 0, got {self.minutes:g}")
        fraction = self.command.params.get("test_fraction")
        if fraction is not None and not 0 < fraction < 1:
            raise ArgumentError(f"--test-fraction: expected a number between 0 and 1, got {fraction}")
        rescale = self.command.params.get("rescale")
        if rescale and self.from_ is None:
            raise ArgumentError("--rescale: needs --from, the model whose scaling would be kept")

    def estimator(self, kind: type[Fitted], **own: Any) -> Fitted:
        """Make the estimator of a command: of its options, or with --from of the parameters that the model there has,
        except for the options that were given.

        Args:
            kind: its class.
            own: the parameters that the command has made of options of its own.

        Raises:
            ArgumentError: the model there is of another kind, or an option does not fit its weights.
            FileFormatError: there is no model.
        """
        options = self.command.params
        named = {one.name: one.option(options) for one in parameters_of(TASKS[kind.TASK])}
        params = own | {
            one.name: one.value(options[named[one.name]])
            for one in parameters_of(TASKS[kind.TASK])
            if one.name not in own and named[one.name] in options
        }
        if self.from_ is None:
            return kind(**params)
        from sklearn.base import clone

        from gruvy.tasks.shared.run import check_shapes, parent_of

        parent = parent_of(kind, self._parent, what="--from")
        made: Fitted = clone(parent)
        made.set_params(**{name: value for name, value in params.items() if self._was_given(named[name])})
        check_shapes(made, parent, what="--from", named=lambda name: "--" + named[name].replace("_", "-"))
        return made

    @property
    def training(self) -> dict[str, Any]:
        """What an estimator's ``fit`` is given of them."""
        options = self.command.params
        return {
            "checkpoint": self.checkpoint,
            "resume": self.resume,
            "warm_start": self._parent,
            "max_minutes": self.minutes,
            **({"rescale": options["rescale"]} if "rescale" in options else {}),
        }

    def columns(self, kind: type[Any], options: Collection[str]) -> dict[str, Any]:
        """The columns of the table with whose model --from goes on, for the options that were not given.

        Args:
            kind: the class of the estimator.
            options: what the command has.

        Raises:
            ArgumentError: the model there is of another kind.
            FileFormatError: there is no model.
        """
        if self.from_ is None:
            return {}
        from gruvy.tasks.shared.run import parent_of

        parent = parent_of(kind, self._parent, what="--from")
        about = getattr(parent, "columns_", None) or getattr(parent, "files_", None)
        if about is None:
            known = {"time": getattr(parent, "time_", None)}
        elif isinstance(about, Mapping):
            known = dict(about)
        else:
            known = {one.name: getattr(about, one.name) for one in fields(about)}
        if known.get("name") is not None:  # sequences of a file that has no columns, such as FASTA
            return {}
        known = {_SINGULAR.get(name, name): value for name, value in known.items()}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in known.items()
            if name in options and value not in (None, ()) and not self._was_given(name)
        }

    def _was_given(self, option: str) -> bool:
        """Whether an option was written, and is not its default."""
        source = self.command.get_parameter_source(option)
        return source is not None and source.name != "DEFAULT"

    @cached_property
    def _parent(self) -> Any:
        if self.from_ is None:
            return None
        from gruvy.tasks import load

        return load(self.from_)
