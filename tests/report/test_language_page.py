"""The report of a language model as a reader sees it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gruvy.errors import ArgumentError
from gruvy.report import BitsRow, LanguageReport, LossCurve, Passage, Written, bits_headline, write_language_report
from gruvy.report.language.text import by_place, learning_alt, passage_aid

TEXT = "No one who had ever seen Catherine Morland in her infancy\nwould have supposed her born to be an heroine.\n" * 6
PROSE = "she was not <b>a very good</b> sort of man, and had been so much as to be a great deal of the world.\n" * 5


@pytest.fixture(scope="module")
def shown() -> LanguageReport:
    rng = np.random.default_rng(0)
    return LanguageReport(
        title="Jane Austen, character by character",
        test="Northanger Abbey",
        characters=430_000,
        rows=[
            BitsRow("GRU", "model", 1.8, 1_010_000),
            BitsRow("7-gram", "baseline", 2.0),
            BitsRow("letter frequencies", "baseline", 4.4),
            BitsRow("xz after the training text", "baseline", 2.2),
            BitsRow("bzip2", "baseline", 2.25),
            BitsRow("xz", "baseline", 2.5),
        ],
        losses=LossCurve("GRU", [2.6, 2.0, 1.8, 1.7], [2.1, 1.9, 1.82, 1.81], 4),
        written=[Written(temperature, "It was ", PROSE) for temperature in (0.4, 0.7, 1.0)],
        passage=Passage(TEXT, rng.exponential(1.8, len(TEXT))),
        provenance={"Seed": "0", "Command": "gruvy demo text"},
        description="Learnt from four novels.",
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, shown, tmp_path, width, dark):
    page = write_language_report(shown, tmp_path / "report.html")
    chromium.open(page, width=width, dark=dark)
    assert chromium.evaluate("document.querySelectorAll('#learning .scatterlayer .trace').length") == 3 + 4
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.screenshot(f"language-{width}-{'dark' if dark else 'light'}.png").stat().st_size > 50_000


def test_texts_stand_as_they_are_and_cannot_break_the_page(chromium, shown, tmp_path):
    chromium.open(write_language_report(shown, tmp_path / "report.html"), width=1280, dark=False)
    assert chromium.evaluate("document.querySelector('.written pre').textContent") == "It was " + PROSE
    assert chromium.evaluate("document.querySelector('.passage').textContent") == TEXT
    assert chromium.evaluate("document.querySelectorAll('.written b').length") == 0


def test_what_surprises_is_darker(chromium, shown, tmp_path):
    passage = Passage("abc", np.array([0.0, 4.0, 40.0]))
    page = write_language_report(dataclasses.replace(shown, passage=passage), tmp_path / "report.html")
    chromium.open(page, width=1280, dark=False)
    marks = "[...document.querySelectorAll('.passage span')].map(one => getComputedStyle(one).backgroundColor)"
    alphas = [float(colour.rpartition("/")[2].strip(" )") or 0) for colour in chromium.evaluate(marks)]
    np.testing.assert_allclose(alphas, [0, 0.275, 0.55], atol=0.01)


def test_sentences_say_what_the_numbers_say(shown):
    assert bits_headline(shown.rows, shown.test) == (
        "The GRU needs 1.80 bits per character of Northanger Abbey: 10% less than 7-gram, 59% less than letter "
        "frequencies, 18% less than xz after the training text, 20% less than bzip2 and 28% less than xz."
    )
    beaten = dataclasses.replace(shown, rows=[shown.rows[0], BitsRow("7-gram", "baseline", 1.5)])
    assert bits_headline(beaten.rows, beaten.test).endswith("of Northanger Abbey: 20% more than 7-gram.")
    assert "validation from 2.10 to 1.81, training from 2.60 to 1.70" in learning_alt(shown)
    assert by_place(Passage("ab cd", np.array([4.0, 1.0, 1.0, 6.0, 1.0]))) == (5.0, 1.0)
    assert "costs 5.0 bits here, any other character 1.0" in passage_aid(
        dataclasses.replace(shown, passage=Passage("ab cd", np.array([4.0, 1.0, 1.0, 6.0, 1.0])))
    )


def test_it_is_complete_for_a_reader_of_its_table(shown, tmp_path):
    html = write_language_report(shown, tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count('role="rowheader"') == 6
    assert "96.8 kB" in html  # 1.8 bits times 430,000 characters
    assert "1,010,000" in html
    assert Path(tmp_path / "report.html").stat().st_size < 6_000_000


def test_what_does_not_fit_is_named_together(shown):
    with pytest.raises(ArgumentError, match=r"first row is not of kind 'model'.*600 characters and 3 bits"):
        dataclasses.replace(shown, rows=shown.rows[1:], passage=Passage("a" * 600, np.zeros(3)))
