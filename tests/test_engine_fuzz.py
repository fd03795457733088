"""Arrays of any layout, with any numbers: the results are those of `equations`, or the engine refuses them by name."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from configurations import Configuration, Sample, draw, drawn, expected, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from gruvy import engine
from gruvy.errors import TensorError

configurations = drawn(least=1, inputs=st.integers(1, 20), hidden=st.integers(1, 40))
examples = settings(max_examples=60, deadline=None)


def as_it_is(a):
    return a


def fortran(a):
    return np.asfortranarray(a)


def backwards(a):
    """The same numbers with negative strides."""
    return a[tuple([slice(None, None, -1)] * a.ndim)].copy()[tuple([slice(None, None, -1)] * a.ndim)]


def every_second(a):
    return np.repeat(a, 2, axis=-1)[..., ::2]


def a_field_of_records(a):
    """A view whose strides are no multiples of the item's size, at an address that is none either."""
    records = np.zeros(a.shape, [("before", "u1"), ("value", a.dtype)])
    records["value"] = a
    return records["value"]


def unaligned(a):
    memory = np.zeros(a.nbytes + 1, np.uint8)
    view = memory[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = [as_it_is, fortran, backwards, every_second, a_field_of_records, unaligned, read_only]
ARRAYS = [f.name for f in fields(Sample) if f.name != "configuration"]


def laid_out(sample: Sample, layouts) -> Sample:
    arrays = {name: getattr(sample, name) for name in ARRAYS}
    return replace(
        sample,
        **{
            name: layout(array) if isinstance(array, np.ndarray) else array
            for (name, array), layout in zip(arrays.items(), layouts, strict=True)
        },
    )


def run(sample: Sample):
    """Every array that forward and backward return."""
    out, h_n, saved = engine.forward(sample.x, *sample.weights, **sample.options, save=True, threads=2)
    gradients = engine.backward(
        sample.dout, sample.dh_n, out, saved, sample.x, *sample.weights, **sample.options, threads=2
    )
    return [a for a in (out, h_n, *saved, *gradients) if a is not None]


@examples
@given(configurations, st.lists(st.sampled_from(LAYOUTS), min_size=len(ARRAYS), max_size=len(ARRAYS)))
def test_the_layout_of_memory_changes_nothing(configuration, layouts):
    sample = draw(configuration)
    want = run(sample)
    assert relative_error(want[0], expected(sample).out) < 2e-5
    for found, wanted in zip(run(laid_out(sample, layouts)), want, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("inputs", [1, 3])
def test_each_layout_of_x_changes_nothing(layout, inputs):
    sample = draw(Configuration(inputs, 5, 4, 6))
    wanted, _, _ = engine.forward(sample.x, *sample.weights)
    np.testing.assert_array_equal(engine.forward(layout(sample.x), *sample.weights)[0], wanted)


WRONG = {
    "dtype float64": lambda a: a.astype(np.float64),
    "dtype float16": lambda a: a.astype(np.float16),
    "other byte order": lambda a: a.astype(">f4"),
    "one row too many": lambda a: np.concatenate([a, a[:1]]),
    "one more axis": lambda a: a[None],
    "a list": lambda a: a.tolist(),
}


@examples
@given(
    configurations, st.sampled_from(["weight_ih", "weight_hh", "bias_ih", "h_0", "dropout"]), st.sampled_from([*WRONG])
)
def test_an_array_that_does_not_fit_is_refused_by_name(configuration, name, wrong):
    sample = draw(replace(configuration, bias=True, given_h_0=True, dropout="step"))
    bad = replace(sample, **{name: WRONG[wrong](getattr(sample, name))})
    with pytest.raises(TensorError, match=rf"\b{name}\b"):
        engine.forward(bad.x, *bad.weights, **bad.options)


@examples
@given(configurations, st.sampled_from(["lengths", "resets", "mask"]), st.data())
def test_rows_that_do_not_fit_are_refused_by_name(configuration, name, data):
    c = configuration
    sample = draw(c)
    if name == "lengths":
        wrong = data.draw(
            st.sampled_from([np.full(c.batch, c.steps + 1), np.full(c.batch, -1), np.full(c.batch + 1, 1)])
            | st.sampled_from([np.full(c.batch, 1.0), np.full((c.batch, 1), 1), np.full(c.batch, 2**63, np.uint64)])
        )
    else:
        shapes = st.sampled_from([(c.steps + 1, c.batch), (c.steps, c.batch + 1), (c.steps,)])
        wrong = data.draw(
            shapes.map(np.ones).map(lambda a: a.astype(bool)) | st.just(np.ones((c.steps, c.batch), "u1"))
        )
    with pytest.raises(TensorError, match=rf"^{name} "):
        engine.forward(sample.x, *sample.weights, **{**sample.options, name: wrong})


FINITE = [1e-45, -1e-40, 1.2e-38, -0.0, 1e-20, 89.0, -104.0, 1e4, 3e38, -3e38]


@examples
@given(configurations, st.sampled_from([*FINITE, np.nan, np.inf, -np.inf]), st.data())
def test_special_numbers_go_where_the_equations_put_them(configuration, value, data):
    sample = draw(replace(configuration, layer_norm=False, zoneout="share" if configuration.zoneout else ""))
    c = sample.configuration
    row = data.draw(st.integers(0, c.batch - 1))
    step, unit = data.draw(st.integers(0, c.steps - 1)), data.draw(st.integers(0, c.inputs - 1))
    x = sample.x.copy()
    x[step, row, unit] = value
    special = replace(sample, x=x)
    out, _, _ = engine.forward(special.x, *special.weights, **special.options, threads=2)
    clean, _, _ = engine.forward(sample.x, *sample.weights, **sample.options, threads=2)
    others = np.arange(c.batch) != row
    np.testing.assert_array_equal(out[:, others], clean[:, others])
    with np.errstate(invalid="ignore", over="ignore"):
        want = expected(special).out
    np.testing.assert_array_equal(np.isnan(out), np.isnan(want))
    np.testing.assert_allclose(out, want, rtol=1e-4, atol=2e-5)
