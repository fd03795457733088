"""The tree of commands. A command's module is imported when it is used."""

from __future__ import annotations

from typing import Annotated

import typer

from gruvy import __version__
from gruvy.cli.lazy import SETTINGS, command, group, module

app = typer.Typer(
    name="gruvy",
    cls=group(
        {
            "fit": module("fit"),
            **{name: command(name) for name in ("predict", "generate", "compose", "evaluate", "export")},
            "demo": module("demo"),
            **{name: command(name) for name in ("bench", "formats", "doctor")},
        }
    ),
    no_args_is_help=True,
    **SETTINGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gruvy {__version__}")
        raise typer.Exit


@app.callback()
def _gruvy(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Gated Recurrent Units, from a table of numbers or a text to an honest model.

    Train with **gruvy fit**, use the model with **gruvy predict**, **gruvy generate** (text) or **gruvy compose**
    (music), measure it with **gruvy evaluate**, take it elsewhere with **gruvy export**. **gruvy demo** shows all of it
    on real data; **gruvy bench** times the layer. **gruvy formats** says which frameworks' weights convert exactly, and
    **gruvy doctor** why two models differ.
    """
