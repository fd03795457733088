"""Makes sentiment.csv.gz from the package vaderSentiment 3.3.2; sentiment.json has the hash to compare with.

pip download --no-deps --no-binary :all: vaderSentiment==3.3.2
pip install --no-deps vaderSentiment==3.3.2
python -m gruvy.datasets.make_sentiment vaderSentiment-3.3.2.tar.gz sentiment.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import sys
import tarfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
MEMBER = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
SOURCE_SHA256 = "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350"
TEST_SHARE = 0.2
# Snippets that share at least this part of all their runs of three words go to one side of the split.
NEAR = 0.5


def main() -> None:
    """Read the source archive named first, write the file named second, print the content's hash."""
    archive, target = Path(sys.argv[1]), Path(sys.argv[2])
    raw = _member(archive)
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {found}, expected {SOURCE_SHA256}: use version 3.3.2")
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is missing: pip install vaderSentiment==3.3.2") from error
    analyzer = SentimentIntensityAnalyzer()
    content = derive(raw.decode("utf-8"), lambda text: analyzer.polarity_scores(text)["compound"]).encode()
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(source: str, vader: Callable[[str], float]) -> str:
    """Turn the source's tab-separated text into the shipped CSV.

    A line has a number, the mean rating of 20 people from -4 to 4, and the snippet. Those with a rating of 0 go: they
    have no sentiment to tell.
    """
    rows = [line.split("\t", 2) for line in source.rstrip().split("\r\n")]
    rated = [(text.strip(), float(rating)) for _, rating, text in rows if float(rating)]
    parts = split([text for text, _ in rated])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "rating", "vader", "split"])
    for (text, rating), part in zip(rated, parts, strict=True):
        writer.writerow([text, f"{rating:g}", f"{vader(text):.4f}", part])
    return out.getvalue()


def split(texts: Sequence[str]) -> list[str]:
    """Return "train" or "test" for each text, the same for all near-duplicates.

    Near-duplicates are found by their runs of three words: two snippets belong together where these runs overlap by at
    least `NEAR` (the Jaccard index), and so do all that hang together by such pairs. A group's side follows from the
    hash of its first text in alphabetical order.
    """
    groups: dict[int, list[str]] = defaultdict(list)
    leaders = _groups([runs(text) for text in texts])
    for leader, text in zip(leaders, texts, strict=True):
        groups[leader].append(text)
    sides = {leader: _side(min(members)) for leader, members in groups.items()}
    return [sides[leader] for leader in leaders]


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return the runs of three words of a text; one shorter run if it has fewer words."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _groups(sets: Sequence[frozenset[tuple[str, ...]]]) -> list[int]:
    """The smallest number of each one's group."""
    leaders = list(range(len(sets)))

    def leader(one: int) -> int:
        while leaders[one] != one:
            one = leaders[one]
        return one

    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, found in enumerate(sets):
        shared: dict[int, int] = defaultdict(int)
        for run in found:
            for other in having[run]:
                shared[other] += 1
            having[run].append(number)
        for other, count in shared.items():
            if count >= NEAR * (len(found) + len(sets[other]) - count):
                first, second = sorted((leader(number), leader(other)))
                leaders[second] = first
    return [leader(number) for number in range(len(sets))]


def _side(text: str) -> str:
    drawn = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if drawn < TEST_SHARE else "train"


def _member(archive: Path) -> bytes:
    with tarfile.open(archive) as outer:
        inner = outer.extractfile(ARCHIVE)
        if inner is None:
            raise SystemExit(f"{archive} has no {ARCHIVE}")
        with tarfile.open(fileobj=io.BytesIO(inner.read())) as tar:
            member = tar.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"{ARCHIVE} has no {MEMBER}")
            return member.read()


if __name__ == "__main__":
    main()
