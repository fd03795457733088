"""Tables and pictures say what the rows say."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from gruvy.bench import Row, Shape, render, svg
from gruvy.bench.table import times_gruvys

ROWS = [
    Row(Shape(64, 64, 1, 100), "inference", 1, {"gruvy": 1.0, "torch GRU": 12.34, "JAX": 0.5}, {}, {}),
    Row(Shape(1, 32, 32, 64), "inference", 1, {"gruvy": 2.0, "torch GRU": 4.0}, {}, {}),
    Row(Shape(64, 64, 1, 100), "training", 2, {"gruvy": 3.0, "torch GRU": 1500.6, "JAX": 3.0}, {}, {}),
]


def test_a_table_for_each_kind_of_work():
    first, second = (text.splitlines() for text in render(ROWS).split("\n\n"))
    assert first[0] == "inference, 1 thread (milliseconds; * fastest)"
    assert first[1].split() == ["torch"]
    assert first[2].split() == ["I,H,N,T", "gruvy", "GRU", "JAX"]
    assert first[3].split() == ["64,64,1,100", "1", "12.34", "*0.5"]
    assert first[4].split() == ["1,32,32,64", "*2", "4", "-"]
    assert first[5].split() == ["times", "gruvy's", "1.00x", "4.97x", "0.50x"]
    assert second[0] == "training, 2 threads (milliseconds; * fastest)"
    assert second[3].split() == ["64,64,1,100", "*3", "1501", "*3"]


def test_a_busy_machine_is_told():
    assert "busy" not in render(ROWS)
    busy = [replace(ROWS[0], spread={"gruvy": 0.1, "JAX": 0.3}), replace(ROWS[1], spread={"gruvy": 0.2})]
    assert render(busy).endswith("The machine was busy: of 1 of 3 times the quartiles are more than 20% apart.")


def test_columns_stand_below_their_names():
    lines = render(ROWS[:2]).splitlines()[1:]
    assert lines[1].index("GRU") + 3 == lines[2].index("12.34") + 5


def test_the_mean_is_over_the_shapes_where_it_took_part():
    assert times_gruvys(ROWS, "JAX") == pytest.approx((0.5 * 1.0) ** 0.5)
    assert times_gruvys(ROWS, "Keras (TF)") is None


def test_the_picture_has_a_sign_for_each_time_and_stands_alone():
    picture = svg(ROWS)
    root = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    told = [title.text for title in root.iter(f"{space}title")]
    assert len(told) == 2 + 5  # the legend, and what is not gruvy's own
    assert "torch GRU: 1501 ms, 500.20 times gruvy's, at 64,64,1,100" in told
    words = [text.text for text in root.iter(f"{space}text")]
    assert {"inference, 1 thread", "training, 2 threads", "1,32,32,64", "gruvy = 1"} <= set(words)
    assert "href" not in picture
    assert picture.count("http") == 1  # the name of the format


def test_slower_is_right_of_gruvy():
    root = ElementTree.fromstring(svg(ROWS[:1]))
    space = "{http://www.w3.org/2000/svg}"
    left = {}
    for path in root.iter(f"{space}path"):
        title = path.find(f"{space}title")
        if title is not None and " ms" in title.text:
            left[title.text.split(":")[0]] = float(path.get("transform").split("(")[1].split()[0])
    one = next(path for path in root.iter(f"{space}path") if path.get("class") == "one")
    assert left["JAX"] < float(one.get("d")[1:].split()[0]) < left["torch GRU"]
