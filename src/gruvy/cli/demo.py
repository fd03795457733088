"""``gruvy demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gruvy.cli.output import Training, class_scores, comparison, print_json, stderr, working

app = typer.Typer(no_args_is_help=True, help="See a complete run on real data.")


Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the report, the models and the figures.")]
Quick = Annotated[bool, typer.Option("--quick", help="A minute at most: fewer epochs, and the models less good.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


@app.callback()
def _demo() -> None:
    """Keep each demo a command of its own."""


@app.command()
def weather(out: Out = Path("gruvy-demo"), json: Json = False) -> None:
    """Forecast JFK's temperature 24 hours ahead with a GRU, an LSTM and a tanh network of equal size.

    Trains on the hourly weather of 2013 that comes with gruvy, measures all three and three baselines on the last
    20% of the year, and writes a report. Takes about three minutes on two cores.

    Example: `gruvy demo weather --out gruvy-demo`
    """
    with working("loading", quiet=json):
        from gruvy.demos.weather import run
        from gruvy.report import text

    if not json:
        stderr.print("JFK temperature, 24 hours ahead: a GRU, an LSTM and a tanh network of equal size.")
    demo = run(out, training=lambda name: Training(name, quiet=json))
    if json:
        print_json(demo.results)
        return
    console = Console(highlight=False)
    console.print(comparison(demo.report.rows, demo.report.unit, demo.report.step))
    console.print(text.headline(demo.report))
    console.print(f"Report: {demo.report_path.resolve()}", soft_wrap=True)


@app.command()
def sentiment(out: Out = Path("gruvy-demo"), quick: Quick = False, json: Json = False) -> None:
    """Tell positive snippets of movie reviews from negative ones, and show the words that the GRU looked at.

    Trains on four fifths of 10,568 snippets that come with gruvy, and measures on the others, against VADER's lexicon,
    a linear model of words and pairs of words, and the more frequent class.

    Example: `gruvy demo sentiment --out gruvy-demo`
    """
    with working("loading", quiet=json):
        from gruvy.demos.sentiment import run

    if not json:
        stderr.print("Movie reviews, positive or negative: a GRU that reads both ways, with attention.")
        _source("sentiment")
    limits: dict[str, Any] = {"max_epochs": 3} if quick else {}
    demo = run(out, training=lambda name: Training(name, quiet=json), **limits)
    if json:
        print_json(demo.results)
        return
    console = Console(highlight=False)
    console.print(class_scores(demo.results["rows"]))
    console.print(demo.results["headline"])
    console.print(f"Report: {demo.report_path.resolve()}", soft_wrap=True)


def _source(name: str) -> None:
    from gruvy.datasets import card

    about = card(name)
    stderr.print(f"Data: {about.title}.\nFrom: {about.source}; {about.licence}.", soft_wrap=True)
