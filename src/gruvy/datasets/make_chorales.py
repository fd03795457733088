"""Makes chorales.csv, the list and the split, from the package music21 10.5.1; chorales.json has the hashes.

pip install music21==10.5.1
python -m gruvy.datasets.make_chorales chorales.csv
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from gruvy.datasets.chorales import VOICES, corpus
from gruvy.music import Score, read_musicxml

SOURCE_SHA256 = "62700b2eb3155ffd3947217ff06750baabf4c101759644734e80860c7e268800"
# Of all tunes, by the first characters of a hash; what is left is to train with.
SHARES = {"test": 0.15, "validation": 0.15}
# A tune is compared by its runs of so many intervals; two are one where they share at least this part of all runs.
RUN = 5
NEAR = 0.25


def main() -> None:
    """Read the installed corpus, write the file named, print the content's hash."""
    target = Path(sys.argv[1])
    files = sorted(corpus().glob("*.mxl"))
    found = fingerprint(files)
    if found != SOURCE_SHA256:
        raise SystemExit(f"{corpus()} has sha256 {found}, expected {SOURCE_SHA256}: use music21 10.5.1")
    content = derive({file.stem: read_musicxml(file) for file in files}).encode()
    target.write_bytes(content)
    print(f"{target}: sha256 {hashlib.sha256(content).hexdigest()}")


def fingerprint(files: list[Path]) -> str:
    """The hash of the names and contents of files."""
    digest = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{content} {file.name}\n".encode())
    return digest.hexdigest()


def derive(scores: Mapping[str, Score]) -> str:
    """Keep the scores of four parts; give each its tune and its side of the split."""
    kept = {name: score for name, score in scores.items() if sum(map(bool, score.parts)) == VOICES}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "tune", "split"])
    for name, tune in tunes({name: runs(score) for name, score in kept.items()}).items():
        writer.writerow([name, tune, _side(tune)])
    return out.getvalue()


def tunes(found: Mapping[str, frozenset[tuple[int, ...]]]) -> dict[str, str]:
    """Return for each name the first one with the same tune.

    Two belong together where their runs of intervals overlap by at least `NEAR` (the Jaccard index), and so do all that
    hang together by such pairs.
    """
    first = {name: name for name in found}
    names = list(found)
    for number, name in enumerate(names):
        for other in names[:number]:
            shared = len(found[name] & found[other])
            if shared and shared >= NEAR * len(found[name] | found[other]):
                joined = sorted({first[name], first[other]}, key=names.index)
                first = {one: joined[0] if tune in joined else tune for one, tune in first.items()}
    return first


def runs(score: Score) -> frozenset[tuple[int, ...]]:
    """Return the runs of `RUN` intervals of the top part, in semitones, without repeated notes: the same in any key."""
    top = next(part for part in score.parts if part)
    steps = [after.pitch - note.pitch for note, after in pairwise(top) if after.pitch != note.pitch]
    return frozenset(tuple(steps[i : i + RUN]) for i in range(max(1, len(steps) - RUN + 1)))


def _side(tune: str) -> str:
    drawn = int(hashlib.sha256(tune.encode()).hexdigest()[:8], 16) / 2**32
    for name, share in SHARES.items():
        if drawn < share:
            return name
        drawn -= share
    return "train"


if __name__ == "__main__":
    main()
