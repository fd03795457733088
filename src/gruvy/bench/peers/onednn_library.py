"""Finds oneDNN, and builds the small library through which Python calls it."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gruvy.errors import GruvyError

SOURCE = Path(__file__).with_name("onednn.cpp")
FLAGS = ("-std=c++20", "-O2", "-shared", "-fPIC")
INSTALL = "pip install onednn-devel (3 or newer; with it, a C++ compiler)"


def why_missing() -> str | None:
    """Say what is not there, or return None."""
    if root() is None:
        return "oneDNN's headers (3 or newer) not installed"
    if compiler() is None:
        return "a C++ compiler not installed (CXX may name one)"
    return None


@functools.cache
def library() -> ctypes.CDLL:
    """Build the library in a temporary folder and load it.

    Raises:
        GruvyError: oneDNN or a compiler is missing, or the compiler refuses.
    """
    folder, cxx = root(), compiler()
    if folder is None or cxx is None:
        raise GruvyError(f"{why_missing()}: {INSTALL}")
    shared = next(_shared(folder))
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "libgruvy_onednn.so"
        built = subprocess.run(
            [
                *(cxx, *FLAGS, str(SOURCE), f"-I{folder / 'include'}", str(shared), "-o", str(target)),
                # The old kind of rpath, which holds for what oneDNN itself is linked with too.
                f"-Wl,--disable-new-dtags,-rpath,{shared.parent}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise GruvyError(f"the program for oneDNN cannot be built: {built.stderr.strip()}")
        # The build of PyPI reaches the processor through OpenCL, whose driver has to be named in a virtual environment.
        if (driver := shared.with_name("libintelocl.so")).exists():
            os.environ.setdefault("OCL_ICD_FILENAMES", str(driver))
        native = ctypes.CDLL(str(target))
    address = ctypes.c_void_p
    native.gruvy_onednn_create.argtypes = [address, address, ctypes.c_bool, ctypes.c_bool]
    native.gruvy_onednn_create_int8.argtypes = [address, address, ctypes.c_float, address]
    native.gruvy_onednn_create.restype = native.gruvy_onednn_create_int8.restype = address
    native.gruvy_onednn_run.argtypes = native.gruvy_onednn_destroy.argtypes = [address]
    native.gruvy_onednn_run.restype = native.gruvy_onednn_destroy.restype = None
    native.gruvy_onednn_version.restype = ctypes.c_char_p
    return native


def root() -> Path | None:
    """Return the folder whose include/ and lib/ have oneDNN: DNNLROOT, this Python's environment, or the system's."""
    named = [os.environ["DNNLROOT"]] if "DNNLROOT" in os.environ else []
    for folder in map(Path, (*named, sys.prefix, "/usr/local", "/usr")):
        if _major(folder) >= 3 and any(_shared(folder)):
            return folder
    return None


def compiler() -> str | None:
    """Return the C++ compiler's path."""
    names = (os.environ.get("CXX"), "c++", "g++", "clang++")
    return next((found for name in names if name and (found := shutil.which(name))), None)


def _major(folder: Path) -> int:
    """Return the version of the headers, 0 where there are none; version 2 has another interface."""
    header = folder / "include" / "oneapi" / "dnnl" / "dnnl_version.h"
    found = re.search(r"DNNL_VERSION_MAJOR (\d+)", header.read_text()) if header.exists() else None
    return int(found[1]) if found else 0


def _shared(folder: Path) -> Iterator[Path]:
    for place in (folder / "lib", folder / "lib64", *sorted((folder / "lib").glob("*-linux-gnu"))):
        yield from sorted(place.glob("libdnnl.so*"))
