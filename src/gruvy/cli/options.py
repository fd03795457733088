"""Options that several commands have, with the same words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from gruvy.cli.arguments import check_target
from gruvy.errors import ArgumentError

Cell = Annotated[str, typer.Option(metavar="CELL", help="gru, lstm or tanh.")]
HiddenSize = Annotated[int, typer.Option(metavar="N", help="Hidden units per layer.")]
NumLayers = Annotated[int, typer.Option(metavar="N", help="Recurrent layers on top of each other.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


@dataclass(frozen=True)
class RunOptions:
    """What every ``gruvy fit`` has besides its own options: see `gruvy.cli.expansion.expanded`."""

    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same model.")] = 0
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes.")] = Path("model.gruvy")
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML report.")] = None
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the state here after every epoch.")
    ] = None
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the state in --checkpoint.")] = False
    json: Json = False

    def check(self) -> None:
        """Fail before the training, not after it, where its results could not be written."""
        check_target(self.out, "--out")
        check_target(self.report, "--report")
        if self.resume and self.checkpoint is None:
            raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")

    @property
    def training(self) -> dict[str, Any]:
        """What an estimator's ``fit`` is given of them."""
        return {"checkpoint": self.checkpoint, "resume": self.resume}


@dataclass(frozen=True)
class _EpochOptions:
    epochs: Annotated[int | None, typer.Option(metavar="N", help="At most so many; early stopping may need fewer.")] = (
        None
    )

    @property
    def limits(self) -> dict[str, Any]:
        """What an estimator is made with of them."""
        return {} if self.epochs is None else {"max_epochs": self.epochs}


@dataclass(frozen=True)
class FitOptions(RunOptions, _EpochOptions):
    """The options of a training in epochs, which all have but that of an agent."""
