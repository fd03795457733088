"""Shapes, and the numbers that every contender gets."""

from __future__ import annotations

import numpy as np
import pytest

from gruvy.bench import Case, Shape, parse_shape
from gruvy.bench.case import reorder_gates
from gruvy.errors import ArgumentError


@pytest.mark.parametrize("text", ["64,128,32", "64,128,32,0", "64,128,32,-1", "64;128;32;1", "", "a,b,c,d"])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(ArgumentError, match=r"not four integers: give inputs,hidden,batch,steps as 64,128,32,100"):
        parse_shape(text)


def test_a_shape_is_written_as_it_is_read():
    assert str(parse_shape("1,32,32,64")) == "1,32,32,64"


def test_operations_are_counted():
    # 3 gates, a product of 2 x 3 with x and one of 3 x 3 with h, 5 rows, 7 steps; a multiply and an add each.
    assert Shape(2, 3, 5, 7).flops("inference") == 2 * 3 * 3 * (2 + 3) * 5 * 7
    assert Shape(2, 3, 5, 7).flops("training") == 3 * Shape(2, 3, 5, 7).flops("inference")


def test_every_process_draws_the_same_numbers():
    first, second = (Case(Shape(2, 3, 5, 7), "training", threads).arrays for threads in (1, 2))
    assert {name: array.shape for name, array in first.items()} == {
        "weight_ih": (9, 2),
        "weight_hh": (9, 3),
        "bias_ih": (9,),
        "bias_hh": (9,),
        "x": (7, 5, 2),
        "h_0": (5, 3),
        "dout": (7, 5, 3),
    }
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_weights_come_in_another_order_of_the_gates():
    case = Case(Shape(2, 3, 5, 7), "inference", 1)
    r, z, n = np.split(case.arrays["weight_ih"], 3)
    np.testing.assert_array_equal(case.in_order("weight_ih", "zrn"), np.concatenate([z, r, n]))


def test_gates_change_places():
    weight = np.arange(12, dtype=np.float32).reshape(6, 2)  # r: rows 0 and 1, z: 2 and 3, n: 4 and 5
    np.testing.assert_array_equal(reorder_gates(weight, "rzn", "zrn")[:, 0], [4, 6, 0, 2, 8, 10])
    np.testing.assert_array_equal(reorder_gates(reorder_gates(weight, "rzn", "nzr"), "nzr", "rzn"), weight)
