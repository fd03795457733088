"""``gruvy doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gruvy.cli.arguments import check_target
from gruvy.cli.options import Json
from gruvy.cli.output import print_json, working
from gruvy.cli.weights import WeightsOptions
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.formats.doctor import Difference

FAULT = 1


def doctor(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any file with a GRU that gruvy reads.")],
    against: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="A file known to be right, in any format, to compare with.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="X", help="A .npy file of inputs (T, N, I) or (T, I) to run the GRU on.")
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write a repaired copy of FILE, where --against shows what is wrong."),
    ] = None,
    weights: WeightsOptions = WeightsOptions(),  # noqa: B008 - frozen
    name: Annotated[
        str | None, typer.Option("--name", metavar="PLACE", hidden=True, help="What --at was called before.")
    ] = None,
    other_at: Annotated[
        str | None, typer.Option("--other-at", "--other-name", metavar="PLACE", help="Which GRU of OTHER.")
    ] = None,
    other_reset_after: Annotated[
        bool | None,
        typer.Option("--other-reset-after/--other-reset-before", help="The form of OTHER, where it does not say it."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what FILE is, whether it is sound, and how it differs from OTHER.

    The exit code is 0 for a sound file that computes what OTHER computes, 1 where there is a fault or a difference,
    and 2 for a file that cannot be read.

    Example: `gruvy doctor model.onnx --against model.pt --fix mended.onnx`
    """
    if fix is not None:
        check_target(fix, "--fix")
        if against is None:
            raise ArgumentError("--fix needs --against OTHER, the file that is right")
        if fix.exists():
            raise ArgumentError(f"--fix: {fix} is there already; name a file that is not, or remove it")
    with working("looking", quiet=json):
        from gruvy import formats
        from gruvy.formats.doctor import compare, diagnose

        which = {"at": name} if name is not None else {}
        report = diagnose(file, data, **{**which, **weights.as_arguments()})
        other = WeightsOptions(at=other_at, reset_after=other_reset_after).as_arguments()
        difference = None if against is None else compare(report.weights, formats.read(against, **other), data)
        repaired = None if difference is None else difference.repaired
        written = fix is not None and repaired is not None
        if fix is not None and repaired is not None:
            formats.write(repaired, fix)
    if json:
        document = {"file": file, **report.as_dict()}
        if difference is not None:
            document |= {"against": {"file": against, **difference.as_dict(), "written": fix if written else None}}
        print_json(document)
    else:
        print(report)
        if difference is not None:
            print(f"\nagainst {against}: {difference}")
        if fix is not None:
            print(f"\nwritten: {fix}" if written else f"\nnot written: {fix}, as there is {_why_not(difference)}")
    if not report.sound or (difference is not None and not difference.agrees):
        raise typer.Exit(FAULT)


def _why_not(difference: Difference | None) -> str:
    if difference is None or difference.agrees:
        return "nothing to put right"
    return "no way to make it of FILE's numbers"
