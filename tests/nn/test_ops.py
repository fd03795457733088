from __future__ import annotations

import copy

import pytest
import torch

from gruvy import nn
from gruvy.errors import TensorError
from gruvy.nn.ops import gru_layer, gru_layer_backward

# What the compiler itself warns of on its way; none of it is about the code that is compiled.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(autouse=True)
def _forget_what_was_compiled():
    torch._dynamo.reset()


MODULES = [
    {},
    {"num_layers": 2, "bidirectional": True, "bias": False},
    {"reset_after": False, "batch_first": True},
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_operators_pass_the_checks_of_torch_library(bias, reset_after, given):
    module = nn.GRU(3, 5, bidirectional=True, bias=bias, reset_after=reset_after)
    flat = [w for direction in module.all_weights for w in direction]
    x = torch.randn(6, 2, 3, requires_grad=True)
    h_0 = torch.randn(2, 2, 5, requires_grad=True) if given else None
    lengths = torch.tensor([6, 2]) if given else None
    resets = torch.rand(6, 2) < 0.3 if given else None
    start = (x, h_0, lengths, resets)
    torch.library.opcheck(gru_layer, (*start, flat, bias, reset_after, True))
    out, h_n, saved = gru_layer(*start, flat, bias, reset_after, True)
    arguments = (torch.randn_like(out), torch.randn_like(h_n), *start, out, saved, flat, bias, reset_after)
    torch.library.opcheck(gru_layer_backward, [_plain(a) for a in arguments])


def _plain(argument):
    """The backward operator has no gradient of its own: double backward takes PyTorch's path."""
    if isinstance(argument, list):
        return [a.detach() for a in argument]
    return argument.detach() if isinstance(argument, torch.Tensor) else argument


@pytest.mark.parametrize("options", MODULES, ids=str)
def test_compiles_to_one_graph_with_the_same_numbers(options):
    torch.manual_seed(0)
    module = nn.GRU(3, 5, **options)
    compiled = torch.compile(copy.deepcopy(module), fullgraph=True, backend="aot_eager")
    lengths = torch.tensor([2, 4, 0])
    for steps in (4, 6, 9):  # the second one makes time a dynamic dimension
        x = torch.randn((3, steps, 3) if module.batch_first else (steps, 3, 3))
        resets = torch.rand(x.shape[:2]) < 0.3
        for given in ({}, {"lengths": lengths}, {"lengths": lengths, "resets": resets}):
            module.zero_grad()
            compiled.zero_grad()
            want, want_h_n = module(x, **given)
            out, h_n = compiled(x, **given)
            torch.testing.assert_close(out, want, rtol=0, atol=0)
            torch.testing.assert_close(h_n, want_h_n, rtol=0, atol=0)
            (want**2).sum().backward()
            (out**2).sum().backward()
            for p, q in zip(compiled.parameters(), module.parameters(), strict=True):
                torch.testing.assert_close(p.grad, q.grad)


def test_compiled_code_checks_lengths_when_it_runs():
    compiled = torch.compile(nn.GRU(3, 5), fullgraph=True, backend="aot_eager")
    with pytest.raises(TensorError, match=r"lengths lie in \[2, 9\]; expected \[0, 4\]"):
        compiled(torch.randn(4, 2, 3), lengths=torch.tensor([9, 2]))


@pytest.mark.parametrize("options", MODULES, ids=str)
def test_exports_with_dynamic_batch_and_time(options):
    module = nn.GRU(3, 5, **options).eval()
    batch, time = (0, 1) if module.batch_first else (1, 0)
    sizes = {batch: torch.export.Dim("batch"), time: torch.export.Dim("time")}
    program = torch.export.export(module, (torch.randn(4, 4, 3),), dynamic_shapes={"input": sizes})
    names = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert "gruvy.gru_layer.default" in names
    x = torch.randn((2, 7, 3) if module.batch_first else (7, 2, 3))
    torch.testing.assert_close(program.module()(x)[0], module(x)[0], rtol=0, atol=0)


def test_func_transforms_give_the_same_numbers():
    module = nn.GRU(3, 5, reset_after=False)
    params = {name: p.detach() for name, p in module.named_parameters()}
    x = torch.randn(4, 6, 2, 3)

    def loss(params, x):
        return (torch.func.functional_call(module, params, (x,))[0] ** 2).sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(params, x)
    for number, sample in enumerate(x):
        module.zero_grad()
        (module(sample)[0] ** 2).sum().backward()
        for name, p in module.named_parameters():
            torch.testing.assert_close(each[name][number], p.grad, rtol=1e-4, atol=1e-5)
