"""The text in the bytes of a file, in whatever encoding they are."""

from __future__ import annotations

import codecs
import re
import unicodedata

from gruvy.errors import ArgumentError, DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What the same bytes can also be, where Western European text is ambiguous.
_OTHERS = ("cp1251", "cp1250", "shift_jis", "gb18030", "euc_kr", "cp1253", "mac_roman")
_FEW = 2


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str | None]:
    """Return the text of a file, and its encoding where that is worth a word: None of UTF-8.

    A byte-order mark tells UTF-8, UTF-16 and UTF-32. What is no UTF-8 is read as Western European (cp1252, of which
    Latin-1 is a part) if its letters stand where such letters do.

    Args:
        data: the bytes.
        name: of the file, for messages.
        encoding: what it is, to have no look at it.

    Raises:
        ArgumentError: there is no such encoding.
        DataError: the text is in another encoding, or in doubt.
    """
    if encoding is not None:
        return _decode_as(data, name, encoding), None
    for mark, found in _MARKS:
        if data.startswith(mark):
            text = _decode_as(data, name, found)
            return text, None if found == "utf-8-sig" else found
    wide = _zeros(data)
    if wide is not None:
        return _decode_as(data, name, wide), wide
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        wrong = error
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # for the message alone
        odd: str | None = text[wrong.start : wrong.start + 1]
    else:
        odd = _implausible(text)
    if odd is None:
        return text, "cp1252"
    line = data.count(b"\n", 0, wrong.start) + 1
    raise DataError(
        f"{name}: is not in UTF-8, and line {line} reads {_readings(data, wrong.start)}; give the encoding "
        "(--encoding; in Python encoding=)"
    )


def _decode_as(data: bytes, name: str, encoding: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ArgumentError(
            f"encoding: expected a name such as utf-8, cp1252, latin-1, utf-16 or shift_jis, got {encoding!r}"
        ) from error
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"  # takes it with a mark and without
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        line = data.count(b"\n", 0, at) + 1
        raise DataError(
            f"{name}: is no {encoding}: the bytes from {at} on (line {line}) are none; give another encoding"
        ) from error


def _zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of its first letters is 0."""
    start = data[:200]
    half = len(start) // 2
    if half and start[1::2].count(0) > 0.7 * half and not start[::2].count(0):
        return "utf-16-le"
    if half and start[::2].count(0) > 0.7 * half and not start[1::2].count(0):
        return "utf-16-be"
    return None


def _implausible(text: str) -> str | None:
    """The first word that Western European text would hardly have; None if there is none."""
    for match in re.finditer(r"\S*[^\x00-\x7f]\S*", text):
        word = match.group()
        letters = re.findall(r"[^\W\d_]+", word)
        # Other alphabets fill whole words; accents are few. A sign amid letters, or a capital amid small ones, is a
        # letter of another code page.
        if any(len(run) > _FEW for run in re.findall(r"[^\x00-\x7f]+", word)):
            return word
        if re.search(r"[^\W\d_][^\x00-\x7f\w’\-–­·][^\W\d_]|[²³¹ªº][^\W\d_]", word):
            return word
        if any(re.search(r"[a-zß-ÿ][^\x00-\x7fß-ÿœšžƒ]", run) for run in letters):
            return word
        if any(unicodedata.category(letter) == "Cc" for letter in word):
            return word
    return None


def _readings(data: bytes, start: int) -> str:
    """How the bytes around a place read in the encodings that they can be of."""
    begin = max(data.rfind(b"\n", 0, start) + 1, start - 12)
    piece = re.split(rb"[\r\n,;\t|]", data[begin : start + 16])
    rest = next((part for part in piece if any(byte > 127 for byte in part)), b"")
    found: dict[str, str] = {}
    for encoding in ("cp1252", *_OTHERS):
        try:
            text = rest.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isprintable() and text not in found.values():
            found[encoding] = text
    return " or ".join(f"{text!r} as {encoding}" for encoding, text in list(found.items())[:3]) or "as nothing known"
