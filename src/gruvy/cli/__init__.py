"""The command line: ``gruvy`` and ``python -m gruvy``."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import Any

from gruvy.errors import GruvyError, InputNote, MissingExtraError, at_command_line

_INTERRUPTED = 130  # as shells count it: 128 + SIGINT, and what Typer returns after Ctrl-C


def main() -> None:
    """Run the command that the arguments name; every mistake of the user ends in one line and exit code 2."""
    try:
        with at_command_line(), warnings.catch_warnings():
            _print_notes()
            # Whoever ends a job (kill, a batch system, a container) ends it as Ctrl-C does.
            signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
            sys.exit(_run())
    except KeyboardInterrupt:
        _complain("stopped")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone (gruvy ... | head); nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except GruvyError as error:
        _complain(f"error: {error}")
        sys.exit(2)
    except OSError as error:
        # A folder without permission, a full disk: the user's to mend.
        _complain(f"error: {error.filename or 'the system'}: {error.strerror or error}")
        sys.exit(2)


def _run() -> int:
    try:
        from gruvy.cli.app import app
    except ModuleNotFoundError as error:
        raise _extra(error) from error
    try:
        code = app(prog_name="gruvy", standalone_mode=False)
    except ModuleNotFoundError as error:
        raise _extra(error) from error
    except Exception as error:
        # Typer's errors of usage; the module of their class differs from version to version.
        if not hasattr(error, "format_message"):
            raise
        if message := error.format_message():  # without one, Typer has just shown the help
            context = getattr(error, "ctx", None)
            _complain(f"error: {message} (see '{context.command_path if context else 'gruvy'} --help')")
        return 2
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _extra(error: ModuleNotFoundError) -> Exception:
    """Turn a package that is not installed into the extra that brings it; a missing file of ours stays a bug."""
    if (error.name or "gruvy").partition(".")[0] == "gruvy":
        return error
    return MissingExtraError("the command line", "train", error.name)


def _print_notes() -> None:
    """Have each note on the input printed once, as a line of its own; other warnings are shown as Python does it."""
    warnings.simplefilter("always", InputNote)
    show, printed = warnings.showwarning, set[str]()

    def show_note(message: Warning | str, category: type[Warning], *where: Any, **how: Any) -> None:
        if not issubclass(category, InputNote):
            show(message, category, *where, **how)
        elif str(message) not in printed:
            printed.add(str(message))
            print(f"gruvy: note: {message}", file=sys.stderr)

    warnings.showwarning = show_note


def _complain(message: str) -> None:
    """Write one line; several problems, which come one a line, are strung together."""
    first, *others = (line.strip() for line in message.splitlines())
    print(f"gruvy: {first}{': ' if others else ''}{'; '.join(others)}", file=sys.stderr)
