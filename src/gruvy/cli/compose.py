"""``gruvy compose``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.arguments import check_data, check_model, check_target
from gruvy.cli.options import Json
from gruvy.cli.output import print_json, print_status, working
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.music import Composer
    from gruvy.tasks import PolyphonicModel


def compose(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file of gruvy fit music.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The MIDI file to write.")] = Path("tune.mid"),
    steps: Annotated[int, typer.Option(metavar="N", help="Number of steps to write.")] = 64,
    primer: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A MIDI, MusicXML, .krn or .abc file to continue."),
    ] = None,
    temperature: Annotated[
        float, typer.Option(metavar="X", help="Below 1 more predictable, above 1 more varied.")
    ] = 1.0,
    tempo: Annotated[float, typer.Option(metavar="BPM", help="Quarter notes per minute.")] = 80.0,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed writes the same music.")] = None,
    json: Json = False,
) -> None:
    """Write a piece of music drawn from a model, step by step, to a MIDI file.

    Example: `gruvy compose model.gruvy --out tune.mid --steps 128 --seed 1`
    """
    check_target(out, "--out")
    if out.suffix.lower() not in (".mid", ".midi"):
        raise ArgumentError(f"--out: expected a name that ends in .mid or .midi, got {out}")
    if not (math.isfinite(tempo) and 4 <= tempo <= 1000):  # a MIDI file has 24 bits for a quarter note's microseconds
        raise ArgumentError(f"--tempo: expected 4 to 1000 quarter notes per minute, got {tempo}")
    if seed is not None and seed < 0:
        raise ArgumentError(f"--seed: expected an integer of at least 0, got {seed}")
    check_model(model)
    if primer is not None:
        check_data(primer)
    with working("composing", quiet=json):
        from gruvy.music import write_midi

        fitted, step, begun = _model(model, primer)
        roll = fitted.sample(steps, primer=begun, temperature=temperature, seed=seed)
        write_midi(roll, out, step=step, tempo=tempo)
    if json:
        print_json({"model": model, "out": out, "steps": len(roll), "notes_per_step": roll.sum(axis=1).mean()})
    else:
        print_status(f"Music: {out} ({len(roll)} steps)")


def _model(path: Path, primer: Path | None) -> tuple[Composer | PolyphonicModel, float, Any]:
    """The model, without torch if it can be, the length of a step in quarter notes, and what the music begins with."""
    from gruvy import runtime
    from gruvy.cli.tasks import ModelFile
    from gruvy.music import LOWEST
    from gruvy.music.composer import TASK, Composer

    file = ModelFile.read(path)
    if file.task.name != TASK:
        raise ArgumentError(f"{path}: expected a model of gruvy fit music, got a {file.task.estimator}")
    notes = int(file.document["notes"])
    if notes not in LOWEST:
        raise ArgumentError(f"{path}: the model has {notes} columns; only 88 (the keys of a piano) or 128 are pitches")
    if file.light and primer is None:
        composer = runtime.of_file(path, file.arrays, file.document)
        assert isinstance(composer, Composer)
        return composer, composer.step, None
    model = file.load()
    return model, model.files_.step, None if primer is None else model.files_.read(primer, least=1)[1][0]
