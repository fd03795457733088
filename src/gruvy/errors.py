"""Every exception and warning that gruvy raises on purpose.

The rule for a new class: add one only where a caller would want to catch it and do something else than for
its neighbours. Otherwise raise the nearest class here with a better message. A message names the thing, says
what was expected and what was given, and ends with the cure. All problems of one call are raised together.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class GruvyError(Exception):
    """Base of all errors below; the command line turns it into one line and exit code 2."""


class ArgumentError(GruvyError, ValueError):
    """An argument has a value that cannot work."""


class TensorError(ArgumentError, RuntimeError):
    """A tensor or array has a shape, dtype, device or layout that does not fit.

    It is a ``RuntimeError`` too, because that is what ``torch.nn.GRU`` raises: code that swaps the layer keeps
    its ``except`` clauses.
    """


class DataError(GruvyError, ValueError):
    """A table, file or column of the user's data cannot be used as it is."""


class FileFormatError(GruvyError, ValueError):
    """A file is not what its name or the caller says it is, or is damaged."""


class MissingExtraError(GruvyError, ImportError):
    """A feature needs a package that is not installed; the message names the extra that brings it."""

    def __init__(self, feature: str, extra: str, missing: str | None = None):
        lacking = f" ({missing} is missing)" if missing else ""
        super().__init__(f"{feature} needs the extra '{extra}'{lacking}: pip install 'gruvy[{extra}]'")


class InputNote(UserWarning):
    """Input was read otherwise than a machine would take it, or only in part; the line says how, and what changes that.

    The command line prints it on stderr as ``gruvy: note: ...``; ``warnings.filterwarnings`` silences it or makes it an
    error, as for any other category.
    """


_at_command_line: ContextVar[bool] = ContextVar("gruvy_at_command_line", default=False)


@contextmanager
def at_command_line() -> Iterator[None]:
    """Have `option` name options as the command line has them within a block."""
    token = _at_command_line.set(True)
    try:
        yield
    finally:
        _at_command_line.reset(token)


def option(name: str) -> str:
    """Return how whoever reads a message gives an option: ``name=`` in Python, ``--name`` at the command line."""
    return f"--{name.replace('_', '-')}" if _at_command_line.get() else f"{name}="


def note(message: str) -> None:
    """Say in one line how an input was read, where more than one reading was possible or something was left out."""
    warnings.warn(message, InputNote, stacklevel=3)
