"""Options of the commands that read GRU weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from gruvy.errors import ArgumentError


@dataclass(frozen=True)
class WeightsOptions:
    """What every command has that reads GRU weights: which GRU of a file is meant, and what the file does not say."""

    at: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Which GRU, where the file holds several; as encoder.gru."),
    ] = None
    reset_after: Annotated[
        bool | None,
        typer.Option(
            "--reset-after/--reset-before",
            help="The form, where the file does not say it: the reset gate after the recurrent product, as in PyTorch.",
        ),
    ] = None
    map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=NAME",
            help="What arrays with names of their own are: W=enc_w_ih, U=enc_w_hh, b=..., d=..., W_r=...; repeat it "
            "or put commas between.",
        ),
    ] = None
    gates: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="With --map: the gates in the arrays' order, as update,reset,candidate."),
    ] = None

    def as_arguments(self) -> dict[str, Any]:
        """Return what `gruvy.formats.read` takes of them."""
        given: dict[str, Any] = {"at": self.at, "reset_after": self.reset_after, "gates": self.gates}
        if self.map:
            pairs = [pair.partition("=") for value in self.map for pair in value.split(",")]
            if wrong := [role or name for role, sign, name in pairs if not (role and sign and name)]:
                raise ArgumentError(f"--map: expected ROLE=NAME, as W=enc_w_ih; got {', '.join(map(repr, wrong))}")
            given["map"] = {role.strip(): name.strip() for role, _, name in pairs}
        return {name: value for name, value in given.items() if value is not None}
