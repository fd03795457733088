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
    {"layer_norm": True, "learn_initial_state": True, "checkpoint_every": 2},
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("everything", [True, False])
def test_operators_pass_the_checks_of_torch_library(bias, reset_after, everything):
    T, N, I, H = 6, 2, 3, 5
    more = {"layer_norm": True, "learn_initial_state": True} if everything else {}
    module = nn.GRU(I, H, bidirectional=True, bias=bias, reset_after=reset_after, **more)
    weights = module._weights(0)
    flat = [w for direction in weights for w in direction if w is not None]
    if everything:  # views of one parameter are no arguments of their own
        flat = [w.detach().clone().requires_grad_() for w in flat]
    present = [w is not None for w in weights[0]]
    x = torch.randn(T, N, I, requires_grad=True)
    h_0 = torch.randn(2, N, H, requires_grad=True) if everything else None
    rows = [None] * 5
    if everything:
        flags = (torch.rand(T, N) < 0.3, torch.rand(T, N) < 0.7)
        rows = [torch.tensor([6, 2]), *flags, torch.rand(2, T, N, H), torch.rand(2, T, N, H) < 0.3]
    start, cell = (x, h_0, *rows), (reset_after, 0.0, 0)
    torch.library.opcheck(gru_layer, (*start, flat, present, *cell, True))
    out, h_n, *saved = gru_layer(*start, flat, present, *cell, True)
    arguments = (torch.randn_like(out), torch.randn_like(h_n), *start, out, *saved, flat, present, *cell)
    torch.library.opcheck(gru_layer_backward, [_plain(a) for a in arguments])


def _plain(argument):
    """The backward operator has no gradient of its own: double backward takes PyTorch's path."""
    if isinstance(argument, list):
        return [a.detach() if isinstance(a, torch.Tensor) else a for a in argument]
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


def test_compiles_to_one_graph_with_random_masks():
    module = nn.GRU(3, 5, zoneout=0.3, recurrent_dropout=0.3, input_dropout=0.3, variational=False)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    x = torch.randn(6, 4, 3)
    torch.manual_seed(0)
    want, _ = module(x)
    torch.manual_seed(0)
    out, _ = compiled(x)
    torch.testing.assert_close(out, want, rtol=0, atol=0)


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
