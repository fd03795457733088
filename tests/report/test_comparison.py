"""One comparison is what the terminal, the page and JSON show."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import resources

import pytest
from report_views import compared

from gruvy.cli.output import print_table
from gruvy.report import Column, Comparison, Row, scores_table

COLUMNS = (
    Column("mae", "MAE (m)", "error", "lower", "MAE is the mean absolute error."),
    Column("rmse", "RMSE (m)", "error", "lower", like="mae"),
    Column("accuracy", "accuracy", ".1%", "higher", most=1, on_page=True),
    Column("low", "95% interval", ".2f", until="high"),
    Column("seconds", "time per epoch", "seconds"),
    Column("never", "never"),
)
LINES = (
    ("GRU", "model", 0.0123, 1.5, 0.75, (0.1, 0.25), 1.234),
    ("guess", "baseline", 2.5, float("nan"), 0.5, (-1, 1)),
)


def test_cells_are_written_by_their_columns_and_what_is_missing_is_a_dash():
    table = compared(COLUMNS, *LINES)
    assert [column.name for column in table.shown()] == ["mae", "rmse", "low", "seconds"]
    assert table.cells(table.rows[0]) == ["0.0123", "1.5000", "0.10 to 0.25", "1.2 s"]
    assert table.cells(table.rows[1]) == ["2.5000", "–", "-1.00 to 1.00", "–"]
    assert table.cells(table.rows[0], page=True)[2] == "75.0%"


def test_json_has_all_values_by_name():
    first, second = compared(COLUMNS, *LINES).records()
    assert first == {
        "name": "GRU",
        "kind": "model",
        "mae": 0.0123,
        "rmse": 1.5,
        "accuracy": 0.75,
        "seconds": 1.234,
        "low": 0.1,
        "high": 0.25,
        "never": None,
    }
    assert second["seconds"] is None


@pytest.mark.parametrize(
    ("bar", "lengths"),
    [("", [0.0123 / 2.5, 1.0]), ("accuracy", [0.75, 0.5]), ("rmse", [1.0, 0.0]), ("never", [0, 0]), ("low", [0, 0])],
)
def test_bars_are_as_long_as_their_values(bar, lengths):
    table = Comparison(COLUMNS, compared(COLUMNS, *LINES).rows, bar=bar)
    assert [table.length(row) for row in table.rows] == pytest.approx(lengths)


def test_scores_say_what_kind_they_are_or_stand_in_order():
    scores = [
        {"name": "gru", "mae": 1},
        {"name": "beam", "kind": "model", "mae": 2},
        {"name": "best", "kind": "ceiling"},
    ]
    table = scores_table(COLUMNS, [*scores, {"name": "guess"}], names={"gru": "GRU"})
    assert [(row.name, row.kind) for row in table.rows] == [
        ("GRU", "model"),
        ("beam", "model"),
        ("best", "ceiling"),
        ("guess", "baseline"),
    ]
    assert table.model.name == "GRU"
    assert [row.name for row in table.others] == ["beam", "best", "guess"]
    assert table.values("mae") == {"GRU": 1, "beam": 2, "best": None, "guess": None}


def test_the_terminal_breaks_headers_where_they_are_narrowest(capsys):
    print_table(compared(COLUMNS, *LINES, what="detector"))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        "              MAE    RMSE            95%  time per",
        " detector     (m)     (m)       interval     epoch",
        " ─────────────────────────────────────────────────",
        " GRU       0.0123  1.5000   0.10 to 0.25     1.2 s",
        " guess     2.5000       –  -1.00 to 1.00         –",
        "",
    ]


def test_a_row_has_none_for_what_it_has_not():
    assert Row("GRU", "model", {"mae": 1})["rmse"] is None


def test_plotly_is_shipped_as_it_was_published_with_its_licence():
    folder = resources.files("gruvy.report").joinpath("assets", "plotly")
    script = folder.joinpath("plotly-cartesian.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"
    assert b"plotly.js (cartesian - minified) v4.1.1" in script[:100]
    assert folder.joinpath("LICENSE").read_text().startswith("MIT License")


def test_the_values_of_reports_load_no_plotting():
    code = "import sys, gruvy.report.forecasting, gruvy.report.labels; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gruvy" in loaded
    assert not {"plotly", "jinja2", "pandas", "torch"} & set(loaded)
