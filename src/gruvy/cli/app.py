"""The tree of commands. Nothing here or in the commands' modules imports torch before a command runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gruvy import __version__
from gruvy.cli import bench, compose, demo, doctor, evaluate, export, fit, formats, generate, predict
from gruvy.cli.expansion import expanded


class _Commands(TyperGroup):
    """Lists the commands in the order in which they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return ["fit", "predict", "generate", "compose", "evaluate", "export", "demo", "bench", "formats", "doctor"]


app = typer.Typer(
    name="gruvy",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(fit.app, name="fit")
app.command(name="predict")(expanded(predict.predict))
app.command(name="generate")(expanded(generate.generate))
app.command(name="compose")(expanded(compose.compose))
app.command(name="evaluate")(expanded(evaluate.evaluate))
app.command(name="export")(expanded(export.export))
app.add_typer(demo.app, name="demo")
app.command(name="bench")(expanded(bench.bench))
app.command(name="formats")(expanded(formats.formats))
app.command(name="doctor")(expanded(doctor.doctor))


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
