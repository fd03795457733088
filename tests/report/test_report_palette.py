"""Readers with any of the three colour-vision deficiencies can tell the lines apart, in both themes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gruvy.report.palette import DARK, LIGHT, class_keys, row_keys

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
THEMES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


@THEMES
@pytest.mark.parametrize("vision", VISION)
def test_models_are_told_apart_by_colour(palette, vision):
    seen = [oklab(np.asarray(VISION[vision]) @ linear(colour)) for colour in palette.hues]
    # 0.02 is about the smallest difference that is noticed side by side; thin lines need several times that.
    assert len(seen) == 10
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen[:3], 2)) > 0.07
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > (
        0.15 if vision == "normal" else 0.06
    )


@THEMES
def test_lines_and_text_stand_out_from_the_page(palette):
    for ground in (palette.page, palette.surface):
        assert contrast(palette.ink, ground) > 7
        assert contrast(palette.soft, ground) > 4.5
        assert contrast(palette.hues[0], ground) > 4.5  # it also colours small text
        assert min(contrast(colour, ground) for colour in (*palette.hues, palette.baseline)) > 3


def test_baselines_differ_in_their_dashes(report):
    rows = report.comparison.rows
    dashes = [key.dash for row, key in zip(rows, row_keys(rows), strict=True) if row.kind == "baseline"]
    assert len(set(dashes)) == len(dashes) == 3
    assert {key.dash for row, key in zip(rows, row_keys(rows), strict=True) if row.kind == "model"} == {"solid"}


def test_fifty_classes_differ_in_colour_or_dashes():
    keys = class_keys([str(number) for number in range(50)])
    assert len({(key.colour, key.dash) for key in keys}) == 50


def linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020: a space in which distances are close to differences as people see them."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(cones @ np.clip(rgb, 0, 1))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    weights = [0.2126, 0.7152, 0.0722]
    darker, brighter = sorted([linear(one) @ weights, linear(other) @ weights])
    return (brighter + 0.05) / (darker + 0.05)
