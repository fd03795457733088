"""The prompts of the Asterisk telephone exchange, read from the Debian packages that bring them."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gruvy.datasets.card import card
from gruvy.datasets.make_sentiment import split
from gruvy.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
# Of these the package's text is not what is heard: a web address, and numbers that can be read in several ways.
LEFT_OUT = ("demo-instruct", "demo-moreinfo", "spy-h323")
# A text that the package has no recording of.
UNSPOKEN = "pls-try-call-later"
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPOKEN = {"*": " star ", "#": " pound ", **{str(digit): f" {word} " for digit, word in enumerate(_DIGITS)}}


def load_speech(root: str | os.PathLike[str] = "/") -> pd.DataFrame:
    """Load the 548 English prompts that Allison Smith spoke for the Asterisk telephone exchange, 23 minutes in all.

    They are read from the Debian packages asterisk-core-sounds-en-wav and asterisk-core-sounds-en 1.6.1-1, because
    their licence asks that what is derived from them be passed on under the same one. ``gruvy.datasets.card("speech")``
    names source and licence.

    Args:
        root: where the packages are installed, or were unpacked to with ``dpkg-deb -x``.

    Returns:
        A frame with the columns ``key`` (the prompt's name), ``path`` (of the WAV file, 8 kHz, mono), ``text`` (what is
        said: a to z, apostrophe and space) and ``split`` ("train" or "test": no text and no near-duplicate of one is on
        both sides).

    Raises:
        DataError: the packages are not there, not complete, or of another version.
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_speech
        >>> load_speech()["split"].value_counts().to_dict()  # doctest: +SKIP
        {'train': 434, 'test': 114}
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_speech", "train", error.name) from error

    sounds, texts = Path(root) / SOUNDS, Path(root) / TEXTS
    _check_there(sounds, texts)
    raw = gzip.decompress(texts.read_bytes())
    found = hashlib.sha256(raw).hexdigest()
    if found != card("speech").source_sha256:
        raise DataError(f"{texts}: its content has the sha256 {found[:12]}...; expected that of version 1.6.1-1")
    rows = [
        (key, str(sounds / f"{key}.wav"), spoken(text))
        for key, text in _lines(raw.decode("latin-1"))
        if key not in (*LEFT_OUT, UNSPOKEN) and spoken(text)
    ]
    _check_there(*(Path(path) for _, path, _ in rows))
    frame = pd.DataFrame(rows, columns=["key", "path", "text"])
    frame["split"] = split(frame["text"].tolist())
    return frame


def spoken(text: str) -> str:
    """What is said, in lower case with nothing but letters, apostrophes and single spaces.

    What stands in brackets is a remark, or a noise, and goes; digits and the keys * and # become words.

    Example:
        >>> spoken("Press 1 -- don't press # [beep]")
        "press one don't press pound"
    """
    text = re.sub(r"\[.*?\]|\(.*?\)|<.*?>", " ", text.lower())
    text = "".join(_SPOKEN.get(character, character) for character in text)
    return " ".join(re.sub(r"[^a-z' ]", " ", text).split())


def _check_there(*paths: Path) -> None:
    for path in paths:
        if not path.exists():
            raise DataError(
                f"{path}: not there; install the prompts (apt-get install asterisk-core-sounds-en "
                "asterisk-core-sounds-en-wav), or unpack these packages with dpkg-deb -x and say where: root="
            )


def _lines(source: str) -> list[tuple[str, str]]:
    """Key and text of each line that is neither empty nor a comment."""
    lines = (line.partition(":") for line in source.splitlines() if line.strip() and not line.startswith(";"))
    return [(key, text.strip()) for key, _, text in lines]
