"""Parameters of a layer that are no longer what they were, and what torch.nn.GRU makes of the same."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from input_cases import Case, named
from torch.nn import Parameter
from torch.nn.utils import parametrizations, prune

import gruvy.nn
from gruvy.spec import GRUWeights, LayerWeights
from gruvy.streaming import StreamingGRU

TITLE = "Parameters of a layer, replaced, resized, cast, moved or freed"


class Marked(Parameter):
    """A subclass with nothing of its own."""


def runs(module, x):
    module.zero_grad()
    output, h_n = module(x)
    (output.sin().sum() + h_n.sum()).backward()
    return output.detach(), {name: p.grad for name, p in module.named_parameters()}


def as_torch_has_it(change, *, run=runs):
    """Change both layers alike; fail unless both give the same, or raise what the other's callers catch."""

    def case(folder):
        torch.manual_seed(0)
        theirs, x = torch.nn.GRU(5, 8), torch.randn(6, 3, 5)
        ours = gruvy.nn.GRU(5, 8)
        ours.load_state_dict(theirs.state_dict())
        run(ours, x)  # before the change, so that nothing that is kept of it can hide the change
        change(ours)
        change(theirs)
        try:
            wanted, gradients = run(theirs, x)
        except (RuntimeError, ValueError) as error:
            with pytest.raises(type(error)):
                run(ours, x)
            run(ours, x)
        found, mine = run(ours, x)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
        assert mine.keys() == gradients.keys()
        for name, gradient in gradients.items():
            torch.testing.assert_close(mine[name].to_dense(), gradient.to_dense(), rtol=1e-4, atol=1e-4)

    return case


def put(name, make):
    """Put a new parameter in the place of one."""
    return lambda module: setattr(module, name, make(getattr(module, name).detach().clone()))


def data(name, make):
    """Give a parameter other data, as `parameter.data = ...` does."""

    def change(module):
        parameter = getattr(module, name)
        parameter.data = make(parameter.data)

    return change


def free(name, size):
    return lambda module: getattr(module, name).untyped_storage().resize_(size)


def tied(module):
    module.bias_hh_l0 = module.bias_ih_l0


def bias(size):
    return put("bias_hh_l0", lambda w: Parameter(w[:size]))


def without_a_gradient(module):
    module.weight_hh_l0.requires_grad_(False)


def functional(module, x):
    swapped = {name: (p * 2).detach().requires_grad_() for name, p in module.named_parameters()}
    output, _ = torch.func.functional_call(module, swapped, (x,))
    output.sum().backward()
    return output.detach(), {name: p.grad for name, p in swapped.items()}


def wrong_size(folder):
    gru = gruvy.nn.GRU(5, 8, num_layers=2, reset_after=False)  # which PyTorch lacks
    gru.weight_hh_l1 = Parameter(torch.zeros(30, 8))
    gru(torch.zeros(6, 3, 5))


def quantised_buffer(folder):
    torch.manual_seed(0)
    gru, x = gruvy.nn.GRU(5, 8), torch.randn(6, 3, 5)
    small, other = gru.quantize("bf16"), gruvy.nn.GRU(5, 8).quantize("bf16")
    wanted, _ = other(x)
    small(x)
    for name, buffer in small.named_buffers():
        buffer.copy_(other.get_buffer(name))
    torch.testing.assert_close(small(x)[0], wanted, rtol=0, atol=0)


def quantised_of_another_size(folder):
    small = gruvy.nn.GRU(5, 8).quantize("bf16")
    small.weight_hh_l0 = small.weight_hh_l0[:, :3].contiguous()
    small(torch.zeros(6, 3, 5))


def lengths_changed_before_backward(folder):
    torch.manual_seed(0)
    gru, lengths = gruvy.nn.GRU(5, 8), np.array([6, 2, 3])
    x = torch.randn(6, 3, 5, requires_grad=True)
    output, _ = gru(x, lengths=lengths)
    lengths[:] = 10**6  # the next batch's
    output.sum().backward()
    again = x.detach().clone().requires_grad_()
    gru(again, lengths=[6, 2, 3])[0].sum().backward()
    torch.testing.assert_close(x.grad, again.grad, rtol=0, atol=0)


def no_array(folder):
    GRUWeights(((LayerWeights(np.ones((12, 3), "f4").tolist(), np.ones((12, 4), "f4")),),), reset_after=True)


def streamed_masked(folder):
    StreamingGRU([LayerWeights(np.ma.masked_less(np.ones((12, 3), "f4"), 2), np.ones((12, 4), "f4"))])


def pruned(module):
    prune.l1_unstructured(module, "weight_ih_l0", amount=0.5)


def weight_norm(module, x):
    """PyTorch's own layer does not see a parametrization: what is computed is put in by hand there."""
    if isinstance(module, gruvy.nn.GRU):
        normed = copy.deepcopy(module)
        parametrizations.weight_norm(normed, "weight_hh_l0")
        parametrizations.weight_norm(normed, "weight_ih_l0")
        with torch.no_grad():
            normed.parametrizations.weight_hh_l0.original0.mul_(1.5)
        output, _ = normed(x)
        output.sum().backward()
        assert normed.parametrizations.weight_hh_l0.original0.grad.abs().sum() > 0
        return output.detach(), {}
    with torch.no_grad():
        module.weight_hh_l0.mul_(1.5)
    return module(x)[0].detach(), {}


def nothing(module):
    pass


HALF = "weight_hh_l0 is torch.float16 on cpu; expected torch.float32 on cpu, as weight_ih_l0"
FREED = "… takes … bytes of a storage of …: its memory has been freed or cut; give it its numbers again before the call"

CASES = [
    Case(
        "a weight for fewer features",
        "refused",
        as_torch_has_it(put("weight_ih_l0", lambda w: Parameter(w[:, :3]))),
        "weight_ih_l0 has the shape (24, 3); expected (24, 5)",
    ),
    Case(
        "a weight for more features",
        "refused",
        as_torch_has_it(put("weight_ih_l0", lambda w: Parameter(torch.cat([w, w], 1)))),
        "weight_ih_l0 has the shape (24, 10); expected (24, 5)",
    ),
    Case(
        "a bias that is too short",
        "refused",
        as_torch_has_it(bias(8)),
        "bias_hh_l0 has the shape (8,); expected (24,)",
    ),
    Case("a bias of one number, which PyTorch repeats", "accepted", as_torch_has_it(bias(1))),
    Case(
        "a weight of another form, reset before the product",
        "refused",
        wrong_size,
        "weight_hh_l1 has the shape (30, 8); expected (24, 8)",
    ),
    Case("one weight made half", "refused", as_torch_has_it(data("weight_hh_l0", torch.Tensor.half)), HALF),
    Case(
        "one bias made double",
        "refused",
        as_torch_has_it(data("bias_hh_l0", torch.Tensor.double)),
        "bias_hh_l0 is torch.float64 on cpu; expected torch.float32 on cpu, as weight_ih_l0",
    ),
    Case(
        "columns cut off through .data",
        "refused",
        as_torch_has_it(data("weight_hh_l0", lambda w: w[:, :3])),
        "weight_hh_l0 has the shape (24, 3); expected (24, 8)",
    ),
    Case(
        "one parameter on the meta device",
        "refused",
        as_torch_has_it(put("weight_hh_l0", lambda w: Parameter(w.to("meta")))),
        "weight_hh_l0 is torch.float32 on meta; expected torch.float32 on cpu, as weight_ih_l0",
    ),
    Case("memory of a weight freed", "refused", as_torch_has_it(free("weight_hh_l0", 0)), FREED),
    Case("memory of a bias cut", "refused", as_torch_has_it(free("bias_ih_l0", 40)), FREED),
    Case(
        "None for a matrix",
        "refused",
        lambda folder: _without("weight_hh_l0"),
        "weight_hh_l0 is of type NoneType; expected a tensor",
    ),
    Case("a subclass of Parameter", "accepted", as_torch_has_it(put("weight_hh_l0", Marked))),
    Case(
        "a sparse weight",
        "accepted",
        as_torch_has_it(
            put("weight_ih_l0", lambda w: Parameter(w.to_sparse())), run=lambda m, x: (m(x)[0].detach(), {})
        ),
    ),
    Case("a frozen weight", "accepted", as_torch_has_it(without_a_gradient, run=lambda m, x: (runs(m, x)[0], {}))),
    Case("two names of one bias", "accepted", as_torch_has_it(tied)),
    Case(
        "a weight stored by columns",
        "accepted",
        as_torch_has_it(data("weight_hh_l0", lambda w: w.t().contiguous().t())),
    ),
    Case("pruned weights", "accepted", as_torch_has_it(pruned)),
    Case("weight norm", "accepted", as_torch_has_it(nothing, run=weight_norm)),
    Case("parameters given by torch.func.functional_call", "accepted", as_torch_has_it(nothing, run=functional)),
    Case(
        "a whole layer made double",
        "accepted",
        as_torch_has_it(lambda m: m.double(), run=lambda m, x: runs(m, x.to(m.weight_ih_l0.dtype))),
    ),
    Case("lengths in a NumPy array that is used again before backward", "accepted", lengths_changed_before_backward),
    Case("buffers of a quantised layer overwritten", "accepted", quantised_buffer),
    Case(
        "a buffer of a quantised layer of another size",
        "refused",
        quantised_of_another_size,
        "weight_hh_l0 has the shape (24, 3); expected (24, 8)",
    ),
    Case("a list for an array of GRUWeights", "refused", no_array, "layer 0: weight_ih is list; expected an array"),
    Case(
        "masked weights for a stream",
        "refused",
        streamed_masked,
        "layer 0: weight_ih is a masked array; expected a float32 array: use …filled(...) with what is to stand there",
    ),
]


def _without(name):
    gru = gruvy.nn.GRU(5, 8)
    setattr(gru, name, None)
    gru(torch.zeros(6, 3, 5))


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("case", named(CASES))
def test_a_changed_parameter_is_taken_or_refused_as_by_torch(case, tmp_path):
    case.check(tmp_path)


def test_a_weight_cut_between_forward_and_backward_is_an_error():
    module = gruvy.nn.GRU(5, 8)
    output, _ = module(torch.randn(6, 3, 5))
    module.weight_hh_l0.data = module.weight_hh_l0.data[:, :3]
    with pytest.raises(RuntimeError):
        output.sum().backward()
