"""``gruvy generate``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gruvy.cli.arguments import check_model
from gruvy.cli.options import Json, TextOptions
from gruvy.cli.output import print_json, working
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.language import Characters
    from gruvy.tasks import LanguageModel


def generate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file of gruvy fit language.")],
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="Text to continue.")] = "",
    length: Annotated[int, typer.Option(metavar="N", help="Number of characters to write.")] = 500,
    temperature: Annotated[
        float,
        typer.Option(metavar="X", help="Below 1 more predictable, above 1 more varied; 0 always takes the likeliest."),
    ] = 0.7,
    top_k: Annotated[int | None, typer.Option(metavar="K", help="Draw only from the K likeliest characters.")] = None,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="Only the likeliest characters whose probabilities add up to P.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed writes the same text.")] = None,
    stop: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Stop after this text; may be repeated.")
    ] = None,
    json: Json = False,
    *,
    texts: TextOptions,
) -> None:
    """Write text with a language model, character by character as it is drawn.

    Example: `gruvy generate austen.gruvy --prompt "It was " --length 1000 --seed 1`
    """
    check_model(model)
    with working("loading", quiet=json):
        from gruvy.text import check_rule

        check_rule(texts.unknown)
        characters = _model(model, texts.unknown).stream(
            prompt, length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, stop=stop or ()
        )
    if json:
        print_json({"model": model, "prompt": prompt, "text": "".join(characters)})
        return
    sys.stdout.write(prompt)
    for character in characters:
        sys.stdout.write(character)
        sys.stdout.flush()
    sys.stdout.write("\n")


def _model(path: Path, unknown: str | None) -> Characters | LanguageModel:
    """Load the model, without torch if it can be: the first character is then there in a moment."""
    from gruvy import files, runtime
    from gruvy.cli.tasks import ModelFile
    from gruvy.language import Characters

    file = ModelFile(path, *files.read(path))
    if file.document.get("task") != runtime.LANGUAGE:
        raise ArgumentError(
            f"{path}: expected a language model, got a file for {file.document.get('task')!r}; gruvy fit language "
            "makes one"
        )
    if file.light:
        light = runtime.of_file(path, file.arrays, file.document)
        assert isinstance(light, Characters)
        return light if unknown is None else replace(light, unknown=unknown)
    model: LanguageModel = file.load()
    model.unknown = unknown or model.unknown
    return model
