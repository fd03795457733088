"""``gruvy formats``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gruvy.cli.arguments import check_target
from gruvy.cli.options import Json
from gruvy.cli.output import print_json, say, working
from gruvy.cli.weights import WeightsOptions
from gruvy.errors import ArgumentError, GruvyError


def formats(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="List the GRUs in a file or folder of any framework.")
    ] = None,
    weights: WeightsOptions = WeightsOptions(),  # noqa: B008 - frozen
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Write FILE's GRU there, in the format that the name says.")
    ] = None,
    merge_biases: Annotated[
        bool, typer.Option("--merge-biases", help="With --out: add biases that the format lacks to others, rounded.")
    ] = False,
    json: Json = False,
) -> None:
    """Print which framework's GRU can be converted to which, or the GRUs in FILE, or convert FILE.

    Example: `gruvy formats`

    Example: `gruvy formats checkpoint.pt`

    Example: `gruvy formats checkpoint.pt --at encoder.gru --out encoder.onnx`
    """
    options = weights.as_arguments()
    if file is None:
        if options or out is not None:
            raise ArgumentError("name the file: gruvy formats FILE ...")
        _print_matrix(json=json)
        return
    if out is not None:
        _convert(file, out, options, merge_biases=merge_biases, json=json)
        return
    _list(file, options, json=json)


def _convert(file: Path, out: Path, options: dict[str, Any], *, merge_biases: bool, json: bool) -> None:
    check_target(out, "--out")
    if out == file:
        raise ArgumentError(f"--out: {out} would replace the file itself; name another one")
    with working("converting", quiet=json):
        from gruvy import formats

        read = formats.read(file, **options)
        formats.write(read, out, merge_biases=merge_biases)
    if json:
        print_json({"file": file, "out": out, **_facts(read)})
    else:
        say(f"{out}: {_sentence(_facts(read))}", soft_wrap=True)


def _list(file: Path, options: dict[str, Any], *, json: bool) -> None:
    found: list[dict[str, Any]] = []
    with working("looking", quiet=json):
        from gruvy import formats

        at = options.pop("at", None)
        mapped = "map" in options
        places = [at or ""] if at is not None or mapped else formats.places(file, **options) or [""]
        for place in places:
            try:
                chosen = {"at": place} if place or len(places) > 1 else {}
                found.append({"at": place, **_facts(formats.read(file, **{**chosen, **options}))})
            except GruvyError as error:
                if len(places) == 1:
                    raise
                found.append({"at": place, "problem": str(error)})
    if json:
        print_json({"file": file, "grus": found})
        return
    for each in found:
        say(f"{each['at'] or '(the only GRU)'}: {each.get('problem') or _sentence(each)}", soft_wrap=True)


def _facts(weights: Any) -> dict[str, Any]:
    return {
        "inputs": weights.input_size,
        "units": weights.hidden_size,
        "layers": weights.num_layers,
        "directions": len(weights.layers[0]),
        "reset_after": weights.reset_after,
        "functions": [str(function) for function in weights.activations],
        "dtype": weights.dtype.name,
    }


def _sentence(facts: dict[str, Any]) -> str:
    many = {name: f"{facts[name]} {name if facts[name] != 1 else name[:-1]}" for name in ("layers", "directions")}
    form = "after" if facts["reset_after"] else "before"
    return (
        f"{facts['inputs']} inputs, {facts['units']} units, {many['layers']}, {many['directions']}, reset {form} the "
        f"product, {' and '.join(facts['functions'])}, {facts['dtype']}"
    )


def _print_matrix(*, json: bool) -> None:
    from rich import box
    from rich.table import Table

    from gruvy import formats
    from gruvy.formats import matrix

    rows = matrix.rows()
    if json:
        conversions = {name: dict(zip(formats.NAMES, letters, strict=True)) for name, *letters in rows}
        print_json({"conversions": conversions, "legend": matrix.LEGEND})
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("from / to", no_wrap=True)
    for number in range(len(rows)):
        table.add_column(str(number + 1), justify="center", no_wrap=True)
    for number, (name, *cells) in enumerate(rows, 1):
        table.add_row(f"{number:2} {name}", *cells)
    say(table)
    legend = Table.grid(padding=(0, 2))
    for letter, meaning in matrix.LEGEND.items():
        legend.add_row(letter, meaning)
    say(legend)
