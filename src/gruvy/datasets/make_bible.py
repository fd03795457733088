"""Makes bible.tsv.xz from two Debian packages of SWORD texts; bible.json has the hash to compare with.

apt-get download sword-text-sparv=2.60-1 sword-text-kjv=14.3-1
dpkg -x sword-text-sparv_2.60-1_all.deb sword
dpkg -x sword-text-kjv_14.3-1_all.deb sword
pip install pysword==0.2.8
python -m gruvy.datasets.make_bible sword/usr/share/sword bible.tsv.xz
"""

from __future__ import annotations

import hashlib
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

MODULES = {"es": "spaRV1909eb", "en": "engKJV2006eb"}
# Of the compressed texts in the order in which they are read.
SOURCE_SHA256 = "3576d76cfb7a5f0f974136c80515ebf44ed99a45be9f4c78449873281244844a"
# Shares of the chapters; together about 3,000 verses are held out.
SHARES = {"test": 0.06, "validation": 0.035}
# A held-out verse that shares at least this part of all its runs of three words with a verse to learn from, in either
# language, stands in the Bible twice.
NEAR = 0.5

Texts = Mapping["Verse", str]


class Verse(NamedTuple):
    """Where a verse stands."""

    book: str
    chapter: int
    verse: int


def main() -> None:
    """Read the folder of SWORD modules named first, write the file named second, print the content's hash."""
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    found = hashlib.sha256(b"".join(file.read_bytes() for file in _sources(folder))).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{folder}: the texts have sha256 {found}, expected {SOURCE_SHA256}: use the versions above")
    content = derive(_read(folder, MODULES["es"]), _read(folder, MODULES["en"])).encode()
    target.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(spanish: Texts, english: Texts) -> str:
    """Turn the verses of both Bibles, in their order, into the shipped table."""
    counted_alike = _counted_alike(spanish, english)
    pairs = {at: (clean_spanish(spanish[at], at), clean(english[at])) for at in spanish if at in counted_alike}
    parts = split(pairs)
    lines = ["book\tchapter\tverse\tsplit\tes\ten"]
    lines += [f"{at.book}\t{at.chapter}\t{at.verse}\t{parts[at]}\t{es}\t{en}" for at, (es, en) in pairs.items()]
    return "\n".join(lines) + "\n"


def split(pairs: Mapping[Verse, tuple[str, str]]) -> dict[Verse, str]:
    """Return "train", "validation", "test" or "repeated" for each verse: whole chapters, by the hash of their name.

    The Bible repeats itself: a verse of a held-out chapter that nearly stands in another part too, in either
    language, is "repeated" and belongs to no part.
    """
    parts = {at: _part(at) for at in pairs}
    for language in (0, 1):
        sets = {at: runs(pair[language]) for at, pair in pairs.items()}
        for side, others in (("validation", {"train"}), ("test", {"train", "validation"})):
            known = {at: sets[at] for at in pairs if _part(at) in others}
            for at in _near((at for at in pairs if _part(at) == side), sets, known):
                parts[at] = "repeated"
    return parts


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return the runs of three words of a text; one shorter run if it has fewer words."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def clean(text: str) -> str:
    """Return a verse without marks of paragraphs and stray signs, and with single spaces."""
    return " ".join(re.sub(r"[¶\\\[\]]", " ", text).split())


def clean_spanish(text: str, at: Verse) -> str:
    """Return a Spanish verse; chapters begin with a word in capitals ("EN el principio"), which becomes "En"."""
    text = clean(text)
    if at.verse == 1:
        text = re.sub(r"\b[^\W\d_]{2,}\b", lambda word: word[0].capitalize() if word[0].isupper() else word[0], text)
    return text


def _counted_alike(spanish: Texts, english: Texts) -> set[Verse]:
    """The verses of chapters whose verses both Bibles count in the same way.

    Where one Bible has fewer verses in a chapter, those that are missing stand in the next one, or its last verses are
    one: both chapters are left out.
    """
    missing = {(at.book, at.chapter) for at in spanish if not spanish[at].strip() or not english[at].strip()}
    missing |= {(book, chapter + 1) for book, chapter in missing}
    return {at for at in spanish if (at.book, at.chapter) not in missing}


def _near(
    asked: Iterable[Verse],
    sets: Mapping[Verse, frozenset[tuple[str, ...]]],
    known: Mapping[Verse, frozenset[tuple[str, ...]]],
) -> list[Verse]:
    """Those asked for of which a known one is a near-duplicate, by the Jaccard index of their runs."""
    having: dict[tuple[str, ...], list[Verse]] = defaultdict(list)
    for at, found in known.items():
        for run in found:
            having[run].append(at)
    near = []
    for at in asked:
        shared = Counter(other for run in sets[at] for other in having.get(run, ()))
        if any(count >= NEAR * (len(sets[at]) + len(known[other]) - count) for other, count in shared.items()):
            near.append(at)
    return near


def _part(at: Verse) -> str:
    drawn = int(hashlib.sha256(f"{at.book} {at.chapter}".encode()).hexdigest()[:8], 16) / 2**32
    bounds = {"test": SHARES["test"], "validation": SHARES["test"] + SHARES["validation"], "train": 1.0}
    return next(part for part, bound in bounds.items() if drawn < bound)


def _sources(folder: Path) -> list[Path]:
    return [
        folder / "modules" / "texts" / "ztext" / module / f"{testament}.bzz"
        for module in MODULES.values()
        for testament in ("ot", "nt")
    ]


def _read(folder: Path, module: str) -> dict[Verse, str]:
    try:
        from pysword.modules import SwordModules
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is missing: pip install pysword==0.2.8") from error
    modules = SwordModules(str(folder))
    modules.parse_modules()
    bible = modules.get_bible_from_module(module)
    verses = {}
    for book in (book for books in bible.get_structure().get_books().values() for book in books):
        for chapter, count in enumerate(book.chapter_lengths, start=1):
            for verse in range(1, count + 1):
                text = bible.get(books=[book.name], chapters=[chapter], verses=[verse])
                verses[Verse(book.osis_name, chapter, verse)] = text
    return verses


if __name__ == "__main__":
    main()
