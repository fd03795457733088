"""``gruvy export``."""

from __future__ import annotations

import re
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gruvy.cli.arguments import check_target
from gruvy.cli.options import Json
from gruvy.cli.output import print_json, print_status, working
from gruvy.cli.weights import WeightsOptions
from gruvy.errors import ArgumentError


class Target(StrEnum):
    """What a model can be exported to."""

    onnx = "onnx"
    c = "c"


class Dtype(StrEnum):
    """What the weights in C can be."""

    float32 = "float32"
    int8 = "int8"


def export(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A .gruvy file, or any file of GRU weights that gruvy reads.")
    ],
    to: Annotated[Target, typer.Option("--to", help="The format to write.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The file to write; MODEL with another ending by default. For C the folder; NAME by default.",
        ),
    ] = None,
    dtype: Annotated[Dtype, typer.Option(help="C only: what the weights are.")] = Dtype.float32,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="C only: what files and functions are called; MODEL by default."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="C only: replace files that are there.")] = False,
    weights: WeightsOptions = WeightsOptions(),  # noqa: B008 - frozen
    batch_first: Annotated[
        bool | None,
        typer.Option(
            "--batch-first/--time-first",
            help="ONNX only: whether the input is (N, T, features), where MODEL does not say what its layer takes.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a trained network for where Python is not.

    ONNX: one file with batch and time of any size, and the states as inputs and outputs. It is written only if ONNX
    Runtime is as near to float64 with it as float32 can be.

    C: NAME.h and NAME.c in C99, without allocation or any library but libm, and a README.md with their bytes of flash
    and RAM. Where there is a C compiler they are written only if they compute what gruvy does.

    Example: `gruvy export model.gruvy --to onnx --out model.onnx`

    Example: `gruvy export checkpoint.pt --at encoder.gru --to onnx`

    Example: `gruvy export model.gruvy --to c --dtype int8 --name denoise --out firmware/denoise`
    """
    options = weights.as_arguments()
    if to is Target.c:
        _export_c(model, out, dtype, name, options, overwrite=overwrite, json=json)
        return
    if batch_first is not None:
        options["batch_first"] = batch_first
    if dtype is not Dtype.float32 or name is not None or overwrite:
        raise ArgumentError("--dtype, --name and --overwrite are for --to c; leave them out")
    out = out or model.with_suffix(f".{to}")
    check_target(out, "--out")
    if out == model:
        raise ArgumentError(f"--out: {out} would replace the model itself; name another file")
    with working("exporting", quiet=json):
        from gruvy.export import onnx

        checked = onnx.write(model, out, **options)
    if json:
        print_json(
            {
                "model": model,
                "out": checked.path,
                "opset": onnx.OPSET,
                "largest_difference": checked.difference,
                "error": checked.error,
                "own_error": checked.own,
                "inputs": checked.inputs,
                "runs": len(checked.runs),
            }
        )
        return
    print_status(
        f"ONNX: {checked.path} ({checked.path.stat().st_size} bytes, opset {onnx.OPSET}); "
        f"ONNX Runtime and gruvy differ by at most {checked.difference:.1e} in {len(checked.runs)} runs, and from "
        f"float64 by {checked.error:.1e} and {checked.own:.1e}; inputs: "
        + ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in checked.inputs.items()),
    )


def _export_c(
    model: Path,
    out: Path | None,
    dtype: Dtype,
    name: str | None,
    options: dict[str, Any],
    *,
    overwrite: bool,
    json: bool,
) -> None:
    name = re.sub(r"\W+|__+", "_", model.stem).strip("_") if name is None else name
    folder = out or Path(name)
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"--out: {folder} is a file; for C name a folder")
    with working("exporting", quiet=json):
        from gruvy.export import c

        facts = c.write(model, folder, name=name, dtype=dtype.value, overwrite=overwrite, **options).facts
    if json:
        print_json({"model": model, "out": folder, "name": name, "dtype": dtype, **asdict(facts)})
        return
    compared = "there is no C compiler to compare it with gruvy"
    if facts.agreement is not None:
        compared = (
            f"it and gruvy differ by at most {facts.agreement:.1e} in {facts.steps} steps, and from float64 by "
            f"{facts.error:.1e} and {facts.own:.1e}{', before rounding has grown too far to tell' * facts.cut}"
        )
    print_status(
        f"C: {folder / name}.c and .h with {facts.weights} bytes of weights; {compared}; "
        f"{folder / 'README.md'} says how to call it",
    )
