"""Jane Austen's six novels."""

from __future__ import annotations

import lzma
from importlib import resources
from typing import Literal

# In the order in which they were published. The two that measure came out together, after her death.
TITLES = (
    "Sense and Sensibility",
    "Pride and Prejudice",
    "Mansfield Park",
    "Emma",
    "Northanger Abbey",
    "Persuasion",
)
SPLIT = {"training": TITLES[:4], "validation": TITLES[4:5], "test": TITLES[5:]}

# Stands between two novels in the file, and nowhere else in it.
SEPARATOR = "\f"


def load_austen(part: Literal["training", "validation", "test"] | None = None) -> dict[str, str]:
    """Load Jane Austen's six novels, or those of one part of the split, which is by novel.

    ``gruvy.datasets.card("austen")`` names the source, the licence and what was done to the text.

    Args:
        part: "training" (four novels), "validation" (Northanger Abbey), "test" (Persuasion), or None for all six.

    Returns:
        Title -> text, in the order of publication; line breaks as in the source.

    Example:
        >>> from gruvy.datasets import load_austen
        >>> {title: len(text) for title, text in load_austen("test").items()}
        {'Persuasion': 466853}
    """
    packed = resources.files("gruvy.datasets").joinpath("austen.txt.xz").read_bytes()
    novels = dict(zip(TITLES, lzma.decompress(packed).decode("utf-8").split(SEPARATOR), strict=True))
    return {title: novels[title] for title in (TITLES if part is None else SPLIT[part])}
