"""Numbers that lie in memory otherwise than row by row, or are to be read with another sign, give the same results."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from input_cases import Case, named
from torch.nn import Parameter

import gruvy.nn
from gruvy import engine, files, formats
from gruvy.quantization import quantize_rows
from gruvy.spec import GRUWeights, LayerWeights
from gruvy.streaming import StreamingGRU

TITLE = "Order in memory, bytes and lazy bits"


def weights() -> GRUWeights:
    generator = np.random.default_rng(0)
    shapes = (24, 5), (24, 8), (24,), (24,)
    return GRUWeights(((LayerWeights(*[generator.normal(size=s).astype("f4") for s in shapes]),),), reset_after=True)


def by_columns(a):
    return np.asfortranarray(a)


def big_endian(a):
    return a.astype(">f4")


def reversed_view(a):
    return a[::-1].copy()[::-1]


def unaligned(a):
    memory = np.zeros(a.nbytes + 1, np.uint8)
    view = memory[1:].view("f4").reshape(a.shape)
    view[...] = a
    return view


def laid_out(layout) -> GRUWeights:
    w = weights()
    return GRUWeights(((LayerWeights(*[None if a is None else layout(a) for a in w.layers[0][0]]),),), reset_after=True)


def same(found: GRUWeights, wanted: GRUWeights) -> None:
    for a, b in zip(found.layers[0][0][:4], wanted.layers[0][0][:4], strict=True):
        np.testing.assert_array_equal(a, b)


def written(suffix, layout):
    def case(folder):
        path = folder / f"w.{suffix}"
        formats.write(laid_out(layout), path)
        same(formats.read(path), weights())

    return case


def mapped(folder):
    np.save(folder / "w.npy", np.asfortranarray(weights().layers[0][0].weight_hh))
    one = weights().layers[0][0]._replace(weight_hh=np.load(folder / "w.npy", mmap_mode="r"))
    formats.write(GRUWeights(((one,),), reset_after=True), folder / "w.safetensors")
    same(formats.read(folder / "w.safetensors"), weights())


def container(folder):
    a = np.arange(12, dtype=">i4").reshape(3, 4).T
    tensors, _ = files.read(files.write(folder / "a.gruvy", {"a": a, "one": np.float32(3), "none": a[:0]}, {}))
    np.testing.assert_array_equal(tensors["a"], a)
    assert tensors["one"] == 3
    assert tensors["none"].shape == (0, 3)


def masked_file(folder):
    files.write(folder / "a.gruvy", {"a": np.ma.masked_less(np.arange(3), 1)}, {})


def masked_engine(folder):
    one = weights().layers[0][0]
    engine.forward(np.ma.masked_less(np.ones((6, 2, 5), "f4"), 2), *one[:4])


def stream(layout):
    def case(folder):
        one, x = weights().layers[0][0], np.ones(5, "f4")
        found = StreamingGRU([LayerWeights(*[None if a is None else layout(a) for a in one])]).step(x)
        np.testing.assert_array_equal(found, StreamingGRU([one]).step(x))

    return case


def stepped_tensor(folder):
    one, x = weights().layers[0][0], torch.randn(5)
    found = StreamingGRU([one]).step(torch._neg_view(-x))
    np.testing.assert_array_equal(found, StreamingGRU([one]).step(x.numpy()))


def masked_step(folder):
    StreamingGRU([weights().layers[0][0]]).step(np.ma.masked_less(np.ones(5, "f4"), 2))


def rows_of_int8(folder):
    w = weights().layers[0][0].weight_hh
    for a, b in zip(quantize_rows(by_columns(w)), quantize_rows(w), strict=True):
        np.testing.assert_array_equal(a, b)


def layers():
    torch.manual_seed(0)
    theirs, ours = torch.nn.GRU(5, 8), gruvy.nn.GRU(5, 8)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours, torch.randn(6, 3, 5)


def negative(tensor):
    """The same numbers behind the lazy negative bit, as ``z.conj().imag`` has it."""
    found = torch.complex(torch.zeros_like(tensor), -tensor).conj().imag
    assert found.is_neg()
    return found


def assigned(make):
    """Load a state dict whose tensors are taken as they are."""

    def case(folder):
        theirs, ours, x = layers()
        ours.load_state_dict({name: make(w) for name, w in theirs.state_dict().items()}, assign=True)
        wanted = theirs(x)[0].detach()
        torch.testing.assert_close(ours(x)[0].detach(), wanted, rtol=1e-5, atol=1e-5)
        same(ours.to_weights(), formats.read(theirs))
        same(formats.read(ours), formats.read(theirs))
        formats.write(ours.to_weights(), folder / "w.safetensors")
        same(formats.read(folder / "w.safetensors"), formats.read(theirs))
        ready = torch.nn.GRU(5, 8)
        ready.load_state_dict(theirs.state_dict())
        plain = gruvy.nn.GRU(5, 8)
        plain.load_state_dict(theirs.state_dict())
        for kind in ("bf16", "int8"):
            small, large = ours.quantize(kind), plain.quantize(kind)
            torch.testing.assert_close(small(x)[0], large(x)[0], rtol=0, atol=0)
            buffer = io.BytesIO()
            torch.save(small.state_dict(), buffer)
        stepped = ours.streaming().step(x[0, 0].numpy())
        torch.testing.assert_close(torch.from_numpy(stepped), wanted[0, 0], rtol=1e-5, atol=1e-5)

    return case


def stored_by_columns(tensor):
    return tensor.t().contiguous().t() if tensor.dim() == 2 else tensor


def the_issue(folder):
    """One step of a constant input whose sign is kept in a bit."""
    theirs, ours = torch.nn.GRU(1, 4), gruvy.nn.GRU(1, 4)
    ours.load_state_dict(theirs.state_dict())
    x = (torch.ones(1, 1, 1) * (0.1 + 0.9j)).conj().imag
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-5, atol=1e-6)


def given(place):
    def case(folder):
        theirs, ours, x = layers()
        state, found = torch.randn(1, 3, 8), []
        for module in (theirs, ours):
            x_in, h_in = x.clone().requires_grad_(), state.clone().requires_grad_()
            module.zero_grad()
            output, h_n = module(
                negative(x_in) if place == "input" else x_in, negative(h_in) if place == "hx" else h_in
            )
            dout, dh = torch.ones_like(output) * 0.3, torch.ones_like(h_n) * 0.2
            if place == "gradients":
                dout, dh = negative(dout), torch._neg_view(-dh)
            elif place == "expanded gradients":
                dout, dh = torch.tensor(0.3).expand(output.shape), torch.tensor(0.2).expand(h_n.shape)
            elif place == "transposed gradients":
                dout = dout.permute(2, 1, 0).contiguous().permute(2, 1, 0)
            torch.autograd.backward([output, h_n], [dout, dh])
            found.append([output.detach(), x_in.grad, h_in.grad, *[p.grad for p in module.parameters()]])
        for a, b in zip(*found, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)

    return case


def quantised_input(folder):
    _, ours, x = layers()
    small = ours.quantize("int8")
    torch.testing.assert_close(small(negative(x))[0], small(x)[0], rtol=0, atol=0)
    torch.testing.assert_close(small(torch._neg_view(-x))[0], small(x)[0], rtol=0, atol=0)


def strided_parameter(folder):
    theirs, ours, x = layers()
    wide = torch.cat([theirs.weight_hh_l0, theirs.weight_hh_l0], 1).detach()
    ours.weight_hh_l0 = Parameter(wide[:, :8])
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-5, atol=1e-5)


FILLED = "expected plain numbers: fill it with .filled(...) first"
CASES = [
    Case("matrices stored by columns, written to safetensors", "accepted", written("safetensors", by_columns)),
    Case("matrices stored by columns, written to .gruvy", "accepted", written("gruvy", by_columns)),
    Case("matrices stored by columns, written to .npz", "accepted", written("npz", by_columns)),
    Case("matrices stored by columns, written to .pt", "accepted", written("pt", by_columns)),
    Case("matrices stored by columns, written to ONNX", "accepted", written("onnx", by_columns)),
    Case("numbers with the other byte order, written to safetensors", "accepted", written("safetensors", big_endian)),
    Case("rows in reverse, written to safetensors", "accepted", written("safetensors", reversed_view)),
    Case("a file mapped into memory, read only, by columns", "accepted", mapped),
    Case("an integer array by columns in a .gruvy file", "accepted", container),
    Case("a masked array for a .gruvy file", "refused", masked_file, f"a is a masked array; {FILLED}"),
    Case(
        "a masked input",
        "refused",
        masked_engine,
        "x is a masked array; expected a float32 array: use x.filled(...) with what is to stand there",
    ),
    Case("a stream of matrices stored by columns", "accepted", stream(by_columns)),
    Case("a stream of weights at an address that is no multiple of 4", "accepted", stream(unaligned)),
    Case("a step of a tensor with the negative bit", "accepted", stepped_tensor),
    Case("a step of a masked array", "refused", masked_step, "step got x float32 (5,) and out …"),
    Case("int8 rows of a matrix stored by columns", "accepted", rows_of_int8),
    Case("a state dict stored by columns, assigned", "accepted", assigned(stored_by_columns)),
    Case("a state dict with the negative bit, assigned", "accepted", assigned(negative)),
    Case("the imaginary part of a conjugate as input", "accepted", the_issue),
    Case("an input with the negative bit", "accepted", given("input")),
    Case("a state with the negative bit", "accepted", given("hx")),
    Case("gradients with the negative bit", "accepted", given("gradients")),
    Case("gradients that are one number, expanded", "accepted", given("expanded gradients")),
    Case("gradients with features first in memory", "accepted", given("transposed gradients")),
    Case("an input with the negative bit for a quantised layer", "accepted", quantised_input),
    Case("a parameter that is a part of a wider matrix", "accepted", strided_parameter),
]


@pytest.mark.parametrize("case", named(CASES))
def test_the_order_in_memory_changes_nothing(case, tmp_path):
    case.check(tmp_path)
