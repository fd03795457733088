"""The report of a language model as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, write_report
from gruvy.report.language import BITS_COLUMNS, LanguageReport, Passage, Written, bits_headline, bits_row
from gruvy.report.language.figures import figures
from gruvy.report.language.text import by_place, passage_aid
from gruvy.report.palette import row_keys

TEXT = "No one who had ever seen Catherine Morland in her infancy\nwould have supposed her born to be an heroine.\n" * 6
PROSE = "she was not <b>a very good</b> sort of man, and had been so much as to be a great deal of the world.\n" * 5


@pytest.fixture(scope="module")
def shown() -> LanguageReport:
    rng = np.random.default_rng(0)
    return LanguageReport(
        title="Jane Austen, character by character",
        test="Northanger Abbey",
        characters=430_000,
        comparison=Comparison(
            BITS_COLUMNS,
            [
                bits_row("GRU", "model", 1.8, 430_000, parameters=1_010_000),
                bits_row("7-gram", "baseline", 2.0, 430_000),
                bits_row("letter frequencies", "baseline", 4.4, 430_000),
                bits_row("xz after the training text", "baseline", 2.2, 430_000),
                bits_row("bzip2", "baseline", 2.25, 430_000),
                bits_row("xz", "baseline", 2.5, 430_000),
            ],
        ),
        losses=[LossCurve("GRU", [2.6, 2.0, 1.8, 1.7], [2.1, 1.9, 1.82, 1.81], 4)],
        written=[Written(temperature, "It was ", PROSE) for temperature in (0.4, 0.7, 1.0)],
        passage=Passage(TEXT, rng.exponential(1.8, len(TEXT))),
        provenance={"Seed": "0", "Command": "gruvy demo text"},
        description="Learnt from four novels.",
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, shown, tmp_path, width, dark):
    drawn = look(chromium, shown, tmp_path / "language.html", width=width, dark=dark)
    assert drawn == {"losses": 3 + 4}


def test_texts_stand_as_they_are_and_cannot_break_the_page(chromium, shown, tmp_path):
    chromium.open(write_report(shown, tmp_path / "report.html"), width=1280, dark=False)
    assert chromium.evaluate("document.querySelector('.written pre').textContent") == "It was " + PROSE
    assert chromium.evaluate("document.querySelector('.passage').textContent") == TEXT
    assert chromium.evaluate("document.querySelectorAll('.written b').length") == 0


def test_what_surprises_is_darker(chromium, shown, tmp_path):
    passage = Passage("abc", np.array([0.0, 4.0, 40.0]))
    page = write_report(dataclasses.replace(shown, passage=passage), tmp_path / "report.html")
    chromium.open(page, width=1280, dark=False)
    marks = "[...document.querySelectorAll('.passage span')].map(one => getComputedStyle(one).backgroundColor)"
    alphas = [float(colour.rpartition("/")[2].strip(" )") or 0) for colour in chromium.evaluate(marks)]
    np.testing.assert_allclose(alphas, [0, 0.275, 0.55], atol=0.01)


def test_sentences_say_what_the_numbers_say(shown):
    assert shown.headline == (
        "The GRU needs 1.80 bits per character of Northanger Abbey: 10% less than 7-gram, 59% less than letter "
        "frequencies, 18% less than xz after the training text, 20% less than bzip2 and 28% less than xz."
    )
    beaten = Comparison(BITS_COLUMNS, [shown.model, bits_row("7-gram", "baseline", 1.5, 430_000)])
    assert bits_headline(beaten, shown.test).endswith("of Northanger Abbey: 20% more than 7-gram.")
    assert by_place(Passage("ab cd", np.array([4.0, 1.0, 1.0, 6.0, 1.0]))) == (5.0, 1.0)
    assert "costs 5.0 bits here, any other character 1.0" in passage_aid(
        dataclasses.replace(shown, passage=Passage("ab cd", np.array([4.0, 1.0, 1.0, 6.0, 1.0])))
    )


def test_it_is_complete_for_a_reader_of_its_table(shown, tmp_path):
    html = write_report(shown, tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count('role="rowheader"') == 6
    assert "96.8" in html  # 1.8 bits times 430,000 characters
    assert "1,010,000" in html


def test_what_does_not_fit_is_named_together(shown):
    with pytest.raises(ArgumentError, match=r"no row is of kind 'model'.*600 characters and 3 bits"):
        dataclasses.replace(
            shown,
            comparison=Comparison(BITS_COLUMNS, shown.comparison.rows[1:]),
            passage=Passage("a" * 600, np.zeros(3)),
        )


def test_a_line_is_the_same_in_the_table_and_in_the_plot(shown):
    in_table = {key.name: key for key in row_keys(shown.comparison.rows)}
    in_plot = figures(shown)["losses"].keys[2:]
    assert [key.name for key in in_plot] == ["7-gram", "xz after the training text", "bzip2", "xz"]
    assert all(in_table[key.name] == key for key in in_plot)
    assert len({key.dash for key in in_plot}) == 4
