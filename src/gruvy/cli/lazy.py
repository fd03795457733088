"""Commands whose modules are imported when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from gruvy.cli.expansion import expanded


class Commands(Mapping[str, Any]):
    """Name -> command, in the order in which they are listed.

    Args:
        makers: name -> what makes a Typer app of one command, or of a group of them.
    """

    def __init__(self, makers: Mapping[str, Callable[[], typer.Typer]]):
        self._makers = makers
        self._made = cache(self._make)

    def __getitem__(self, name: str) -> Any:
        return self._made(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def _make(self, name: str) -> Any:
        command: Any = typer.main.get_command(self._makers[name]())
        command.name = name
        return command


def group(makers: Mapping[str, Callable[[], typer.Typer]]) -> type[TyperGroup]:
    """Return the class of a group that has these commands; see `Commands`."""

    class Group(TyperGroup):
        def __init__(self, **settings: Any):
            super().__init__(**settings)
            self.commands = Commands(makers)  # type: ignore[assignment]

        def list_commands(self, ctx: Any) -> list[str]:
            return list(self.commands)

    return Group


def command(name: str) -> Callable[[], typer.Typer]:
    """Return what makes the command that the module of this name in ``gruvy.cli`` has: its function of that name."""
    return lambda: single(getattr(importlib.import_module(f"gruvy.cli.{name}"), name))


def single(function: Callable[..., None], **settings: Any) -> typer.Typer:
    """Return an app of one command."""
    app = typer.Typer(**SETTINGS)
    app.command(**settings)(expanded(function))
    return app


def module(name: str) -> Callable[[], typer.Typer]:
    """Return what gives the group ``app`` of a module in ``gruvy.cli``."""

    def made() -> typer.Typer:
        app: typer.Typer = importlib.import_module(f"gruvy.cli.{name}").app
        return app

    return made


SETTINGS: Mapping[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
