"""Options that several commands have, with the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_target
from gruvy.errors import ArgumentError

Cell = Annotated[str, typer.Option(metavar="CELL", help="gru, lstm or tanh.")]
HiddenSize = Annotated[int, typer.Option(metavar="N", help="Hidden units per layer.")]
NumLayers = Annotated[int, typer.Option(metavar="N", help="Recurrent layers on top of each other.")]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="At most so many; early stopping may need fewer.")]
Seed = Annotated[int, typer.Option(metavar="N", help="The same seed gives the same model.")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes.")]
Report = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML report.")]
Checkpoint = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Keep the state here after every epoch.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the state in --checkpoint.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]

MODEL = Path("model.gruvy")


def check_fit(out: Path, report: Path | None, checkpoint: Path | None, resume: bool) -> None:
    """Fail before the training, not after it, where its results could not be written."""
    check_target(out, "--out")
    check_target(report, "--report")
    if resume and checkpoint is None:
        raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")
