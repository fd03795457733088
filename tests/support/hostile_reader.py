"""``python hostile_reader.py FOLDER`` reads every hostile file in a folder and writes what happened as JSON.

Memory is limited to what sound files need, of which the folder ``sound`` in it has one of every format, and a little.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from pathlib import Path

import hostile_onnx  # noqa: F401
from hostile import MAKERS


def _attempt(path: Path) -> dict[str, object]:
    from gruvy import formats
    from gruvy.cli import main

    started = time.perf_counter()
    try:
        formats.read(path)
        error = "read without an error"
    except BaseException as caught:  # whatever it is, it is looked at
        bases = [each.__name__ for each in type(caught).__mro__]
        error, message = ("" if "GruvyError" in bases else repr(bases)), str(caught)
    else:
        message = ""
    seconds = time.perf_counter() - started
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["gruvy", "doctor", str(path)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as exit:
            code = exit.code
        except BaseException as caught:
            code = repr(caught)
    return {
        "error": error,
        "message": message,
        "seconds": seconds,
        "code": code,
        "out": out.getvalue(),
        "err": err.getvalue(),
    }


def _read_all(folder: Path) -> None:
    # What is needed to read is loaded before memory is measured and limited.
    import h5py  # noqa: F401
    import onnx  # noqa: F401
    import torch  # noqa: F401

    import gruvy.cli.app  # noqa: F401
    from gruvy import formats

    for path in (folder / "sound").iterdir():
        formats.read(path)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (512 << 20),) * 2)
    found = {}
    for name in MAKERS:
        Path("/proc/self/clear_refs").write_text("5")  # the peak of resident memory starts again from here
        before = _resident("VmRSS")
        found[name] = _attempt(folder / name)
        found[name]["kilobytes"] = _resident("VmHWM") - before
    print(json.dumps(found))


def _resident(name: str) -> int:
    """Kilobytes of memory that are or were resident."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    _read_all(Path(sys.argv[1]))
