"""Options that commands share, and the notes that they print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from gruvy.cli.expansion import expanded


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option(metavar="N", help="How wide.")] = 3
    tall: Annotated[bool, typer.Option("--tall", help="Higher.")] = False


def test_the_fields_of_a_dataclass_are_options_of_the_command():
    seen = []

    def draw(name: Annotated[str, typer.Argument()], size: Size, colour: str = "red") -> None:
        seen.append((name, size, colour))

    app = typer.Typer()
    app.command()(expanded(draw))
    shown = CliRunner().invoke(app, ["--help"])
    assert "--width" in shown.output
    assert "How wide." in shown.output
    assert CliRunner().invoke(app, ["a", "--width", "7", "--tall"]).exit_code == 0
    assert CliRunner().invoke(app, ["b", "--colour", "blue"]).exit_code == 0
    assert seen == [("a", Size(7, True), "red"), ("b", Size(), "blue")]
