from __future__ import annotations

import copy
import logging

import pytest
import torch
from configurations import relative_error
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy import engine, equations, nn
from gruvy.errors import ArgumentError, GruvyError, TensorError
from gruvy.nn import gru as gru_module
from gruvy.nn.native import LARGE

OUTPUT_ERROR, GRADIENT_ERROR = 2e-6, 1e-5

MODULES = [
    {},
    {"bias": False},
    {"num_layers": 3},
    {"bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True},
    {"num_layers": 2, "batch_first": True, "bias": False},
]


def name_of(options: dict) -> str:
    return "-".join(f"{k}={v}" for k, v in options.items()) or "plain"


def pair(options: dict, I: int = 5, H: int = 13) -> tuple[nn.GRU, torch.nn.GRU]:
    """Make a gruvy layer and torch's own with the same weights, torch's in float64: the oracle."""
    torch.manual_seed(0)
    ours = nn.GRU(I, H, **options)
    theirs = torch.nn.GRU(I, H, **options)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs.double()


def assert_same(ours, theirs, x, h_0, run_ours, run_theirs) -> None:
    """Compare outputs and all gradients from the same random gradients of output and last state."""
    mine = [None if t is None else t.clone().requires_grad_() for t in (x, h_0)]
    other = [None if t is None else t.double().requires_grad_() for t in (x, h_0)]
    out, h_n = run_ours(ours, *mine)
    want, want_h_n = run_theirs(theirs, *other)
    assert relative_error(out.detach(), want.detach()) < OUTPUT_ERROR
    assert relative_error(h_n.detach(), want_h_n.detach()) < OUTPUT_ERROR
    dout, dh_n = torch.randn_like(want), torch.randn_like(want_h_n)
    torch.autograd.backward([out, h_n], [dout.float(), dh_n.float()])
    torch.autograd.backward([want, want_h_n], [dout, dh_n])
    pairs = [(m.grad, o.grad) for m, o in zip(mine, other, strict=True) if m is not None]
    pairs += [(p.grad, q.grad) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True)]
    for found, wanted in pairs:
        assert relative_error(found, wanted) < GRADIENT_ERROR


@pytest.mark.parametrize("options", MODULES, ids=name_of)
@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("initial_state", [True, False])
def test_is_torch_gru(options, backend, initial_state):
    ours, theirs = pair(options)
    ours.backend = backend
    layers = ours.num_layers * (2 if ours.bidirectional else 1)
    x = torch.randn((4, 7, 5) if ours.batch_first else (7, 4, 5))
    h_0 = torch.randn(layers, 4, 13) if initial_state else None
    call = lambda module, x, h: module(x, h)  # noqa: E731
    assert_same(ours, theirs, x, h_0, call, call)


@pytest.mark.parametrize("options", MODULES, ids=name_of)
def test_without_a_batch(options):
    ours, theirs = pair(options)
    layers = ours.num_layers * (2 if ours.bidirectional else 1)
    call = lambda module, x, h: module(x, h)  # noqa: E731
    assert_same(ours, theirs, torch.randn(7, 5), torch.randn(layers, 13), call, call)


@pytest.mark.parametrize("options", MODULES, ids=name_of)
@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed(options, enforce_sorted):
    ours, theirs = pair(options)
    first = ours.batch_first
    lengths = [7, 5, 5, 1] if enforce_sorted else [3, 7, 1, 4]

    def call(module, x, h):
        packed = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=enforce_sorted)
        out, h_n = module(packed, h)
        assert type(out) is type(packed)
        assert torch.equal(out.batch_sizes, packed.batch_sizes)
        return pad_packed_sequence(out, batch_first=first)[0], h_n

    layers = ours.num_layers * (2 if ours.bidirectional else 1)
    x = torch.randn((4, 7, 5) if first else (7, 4, 5))
    assert_same(ours, theirs, x, torch.randn(layers, 4, 13), call, call)


@pytest.mark.parametrize("options", MODULES, ids=name_of)
@pytest.mark.parametrize("backend", ["native", "torch"])
def test_lengths_are_packing_without_packing(options, backend):
    ours, theirs = pair(options)
    ours.backend = backend
    first, lengths = ours.batch_first, [3, 7, 1, 4]

    def packed(module, x, h):
        out, h_n = module(pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False), h)
        return pad_packed_sequence(out, batch_first=first)[0], h_n

    layers = ours.num_layers * (2 if ours.bidirectional else 1)
    x = torch.randn((4, 7, 5) if first else (7, 4, 5))
    given = lambda module, x, h: module(x, h, lengths=lengths)  # noqa: E731
    assert_same(ours, theirs, x, torch.randn(layers, 4, 13), given, packed)


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
def test_a_row_of_length_0_keeps_its_state_and_padding_gets_no_gradient(backend, bidirectional, reset_after):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, 2, bidirectional=bidirectional, reset_after=reset_after, backend=backend)
    x = torch.randn(6, 3, 3)
    x[2:, 1] = float("nan")  # padding may hold anything
    x.requires_grad_()
    h_0 = torch.randn(4 if bidirectional else 2, 3, 4)
    lengths = torch.tensor([6, 2, 0], dtype=torch.int32)
    out, h_n = module(x, h_0, lengths=lengths)
    assert not out[2:, 1].any()
    assert not out[:, 2].any()
    torch.testing.assert_close(h_n[:, 2], h_0[:, 2], rtol=0, atol=0)
    out.sum().backward()
    assert not x.grad[2:, 1].any()
    assert not x.grad[:, 2].any()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in module.parameters())


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_resets_are_runs_of_the_segments_alone(backend, bidirectional):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, 2, bidirectional=bidirectional, batch_first=True, backend=backend)
    x = torch.randn(1, 9, 3)
    resets = torch.zeros(1, 9, dtype=torch.bool)
    resets[0, [2, 5, 6]] = True
    out, _ = module(x, resets=resets)
    alone = torch.cat([module(part)[0] for part in x.split([2, 3, 1, 3], dim=1)], dim=1)
    torch.testing.assert_close(out, alone, rtol=0, atol=1e-7)
    without_batch, _ = module(x[0], resets=resets[0])
    torch.testing.assert_close(without_batch, out[0], rtol=0, atol=0)


def test_state_dict_goes_both_ways():
    ours, theirs = pair({"num_layers": 2, "bidirectional": True})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.float().state_dict())
    assert isinstance(ours, torch.nn.RNNBase)


def test_same_seed_gives_the_weights_and_the_dropout_of_torch():
    torch.manual_seed(7)
    ours = nn.GRU(4, 6, 3, dropout=0.5)
    torch.manual_seed(7)
    theirs = torch.nn.GRU(4, 6, 3, dropout=0.5)
    x = torch.randn(5, 2, 4)
    torch.manual_seed(8)
    want, _ = theirs(x)
    for backend in ("native", "torch"):
        ours.backend = backend
        torch.manual_seed(8)
        out, _ = ours(x)
        torch.testing.assert_close(out, want)
    ours.eval()
    torch.testing.assert_close(ours(x)[0], theirs.eval()(x)[0])


def test_double_backward():
    ours, theirs = pair({"bidirectional": True}, I=3, H=4)

    def second(module, x):
        x.requires_grad_()
        out, h_n = module(x)
        (first,) = torch.autograd.grad((out**2).sum() + h_n.sum(), x, create_graph=True)
        (first**2).sum().backward()
        return x.grad

    x = torch.randn(6, 2, 3)
    assert relative_error(second(ours, x.clone()), second(theirs, x.double())) < GRADIENT_ERROR
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert relative_error(p.grad, q.grad) < GRADIENT_ERROR


def test_gradients_add_up_and_frozen_weights_get_none():
    ours, _ = pair({})
    ours.weight_hh_l0.requires_grad_(False)
    x = torch.randn(7, 4, 5)
    ours(x)[0].sum().backward()
    once = ours.weight_ih_l0.grad.clone()
    ours(x)[0].sum().backward()
    torch.testing.assert_close(ours.weight_ih_l0.grad, 2 * once)
    assert ours.weight_hh_l0.grad is None


def test_memory_that_is_used_again_is_not_in_use():
    torch.manual_seed(0)
    ours, theirs = nn.GRU(3, 32, 2), torch.nn.GRU(3, 32, 2)
    theirs.load_state_dict(ours.state_dict())
    inputs = [torch.randn(50, 64, 3) for _ in range(3)]
    assert LARGE < 50 * 64 * 4 * 32  # so that saved gates and gradients come from the engine's workspace
    for _ in range(2):  # the second time the memory is that of the first
        ours.zero_grad()
        theirs.zero_grad()
        losses = [(ours(x)[0] ** 2).sum() for x in inputs]  # three graphs at once
        losses[1].backward(retain_graph=True)
        ours(inputs[0])
        losses[0].backward()
        losses[1].backward()
        losses[2].backward()
        (2 * (theirs(inputs[1])[0] ** 2).sum()).backward()
        sum((theirs(x)[0] ** 2).sum() for x in (inputs[0], inputs[2])).backward()
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert relative_error(p.grad, q.grad) < 10 * GRADIENT_ERROR  # both sides are float32 here


def test_gradient_only_through_the_last_state():
    ours, theirs = pair({"num_layers": 2})
    x = torch.randn(7, 4, 5)
    ours(x)[1].sum().backward()
    theirs(x.double())[1].sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert relative_error(p.grad, q.grad) < GRADIENT_ERROR


def test_what_the_engine_lacks_takes_the_pytorch_path():
    ours, theirs = pair({"num_layers": 2})
    x = torch.randn(7, 4, 5, dtype=torch.float64)
    double = copy.deepcopy(ours).double()
    torch.testing.assert_close(double(x)[0], theirs(x)[0], rtol=0, atol=1e-12)
    torch.func.vmap(lambda row: theirs(row)[0])  # torch's own GRU has no rule for vmap; ours runs it step by step
    before = nn.GRU(5, 13, reset_after=False)
    x = torch.randn(3, 7, 4, 5)
    mapped = torch.func.vmap(lambda row: before(row)[0])(x)
    torch.testing.assert_close(mapped, torch.stack([before(row)[0] for row in x]), rtol=1e-5, atol=1e-6)


def test_native_refuses_what_it_lacks():
    module = nn.GRU(3, 4, backend="native", dtype=torch.float64)
    with pytest.raises(TensorError, match=r"does not cover this call: the dtype is torch.float64; expected"):
        module(torch.randn(2, 1, 3, dtype=torch.float64))


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_gates_are_those_of_the_equations(backend):
    module = nn.GRU(3, 4, 2, bidirectional=True, batch_first=True, backend=backend)
    x = torch.randn(2, 6, 3)
    gates = module.gates(x)
    assert {name: tuple(g.shape) for name, g in gates.items()} == dict.fromkeys(
        ("reset", "update", "candidate"), (4, 6, 2, 4)
    )
    for direction, sequence in enumerate((x, x.flip(1))):
        weights = equations.Weights(*(p.detach().double().numpy() for p in module.all_weights[direction]))
        start = torch.zeros(2, 4).double().numpy()
        _, steps = equations.forward(sequence.transpose(0, 1).double().numpy(), start, weights)
        for name, letter in (("reset", "r"), ("update", "z"), ("candidate", "n")):
            want = torch.tensor([getattr(step, letter).tolist() for step in steps[:: -1 if direction else 1]])
            torch.testing.assert_close(gates[name][direction], want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reset_after", [True, False])
def test_both_paths_have_the_same_gates(reset_after):
    module = nn.GRU(3, 4, 2, bidirectional=True, reset_after=reset_after)
    given = {"lengths": [6, 2, 0], "resets": torch.rand(6, 3) < 0.3}
    x = torch.randn(6, 3, 3)
    native = module.gates(x, **given)
    module.backend = "torch"
    for name, gate in module.gates(x, **given).items():
        torch.testing.assert_close(gate, native[name], rtol=1e-5, atol=1e-6)
        assert not gate[:, 2:, 1].any()


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bias": False}, {"num_layers": 2, "reset_after": False}])
def test_streaming_is_the_batch_call(options):
    module = nn.GRU(3, 9, **options)
    x = torch.randn(6, 4, 3)
    stream = module.streaming(streams=4)
    with torch.no_grad():
        want, h_n = module(x)
    for x_t, wanted in zip(x, want, strict=True):
        assert torch.equal(torch.from_numpy(stream.step(x_t.numpy())), wanted)
    assert torch.equal(torch.from_numpy(stream.snapshot()), h_n)
    with pytest.raises(ArgumentError, match="streaming needs one direction"):
        nn.GRU(3, 4, bidirectional=True).streaming()


def test_without_the_engine_it_says_so_once(monkeypatch, caplog):
    monkeypatch.setattr(engine, "raw", None)
    monkeypatch.setattr(engine, "why_missing", "it was not built")
    gru_module.say_once.cache_clear()
    ours, theirs = pair({})
    x = torch.randn(7, 4, 5)
    with caplog.at_level(logging.WARNING, logger="gruvy"):
        out = ours(x)[0]
        ours(x)
    torch.testing.assert_close(out, theirs(x.double())[0].float())
    assert caplog.messages == [
        "gruvy: the PyTorch path is in use, because the native engine is missing: it was not built"
    ]
    ours.backend = "native"
    with pytest.raises(GruvyError, match="is missing: it was not built"):
        ours(x)


ERRORS = [
    (lambda m: m(torch.randn(7, 4, 6)), TensorError, "input has 6 features; expected input_size = 5"),
    (
        lambda m: m(torch.randn(5)),
        TensorError,
        r"input has the shape \(5,\); expected a tensor of 3 dimensions",
    ),
    (lambda m: m([[1.0]]), TensorError, "input has type list"),
    (
        lambda m: m(torch.randn(7, 4, 5), torch.randn(1, 3, 13)),
        TensorError,
        r"hx has the shape \(1, 3, 13\); expected \(1, 4, 13\)",
    ),
    (
        lambda m: m(torch.randn(7, 4, 5), torch.randn(4, 13)),
        TensorError,
        "hx has the shape .* beside an input of 3",
    ),
    (
        lambda m: m(torch.randn(7, 4, 5).double()),
        TensorError,
        "input is torch.float64; expected torch.float32",
    ),
    (
        lambda m: m(torch.randn(7, 4, 5), lengths=[1, 2, 3]),
        TensorError,
        r"lengths has the shape \(3,\); expected \(4,\)",
    ),
    (
        lambda m: m(torch.randn(7, 4, 5), lengths=[1, 2, 3, 8]),
        TensorError,
        r"lengths lie in \[1, 8\]; expected \[0, 7\]",
    ),
    (lambda m: m(torch.randn(7, 4, 5), lengths=[1, 2, 3, -1]), TensorError, r"lengths lie in \[-1, 3\]"),
    (
        lambda m: m(torch.randn(7, 4, 5), lengths=[1.0, 2, 3, 4]),
        TensorError,
        "lengths is torch.float32; expected integers",
    ),
    (
        lambda m: m(torch.randn(7, 5), lengths=[7]),
        ArgumentError,
        "lengths came beside an input without a batch",
    ),
    (
        lambda m: m(pack_padded_sequence(torch.randn(7, 4, 5), [7, 5, 5, 1]), lengths=[7, 5, 5, 1]),
        ArgumentError,
        "lengths, resets or mask came beside a PackedSequence",
    ),
    (
        lambda m: m(torch.randn(7, 4, 6), torch.randn(1, 3, 13).double()),
        TensorError,
        "input has 6 features.*; hx is torch.float64.*; hx has the shape",
    ),
    (lambda m: m(torch.randn(7, 4, 5, device="meta")), TensorError, "input is on meta; expected cpu"),
    (
        lambda m: nn.GRU(5, 13, backend="cuda"),
        ArgumentError,
        "backend is 'cuda'; expected one of 'auto', 'native', 'torch'",
    ),
    (lambda m: nn.GRU(5, 13, proj_size=3), ArgumentError, "proj_size is 3; a GRU has no projection"),
    (lambda m: nn.GRU(5, 13, zoneout=1.0), ArgumentError, r"zoneout is 1.0; expected a fraction"),
    (lambda m: nn.GRU(5, 13, recurrent_dropout=-0.1), ArgumentError, r"recurrent_dropout is -0.1; expected a fraction"),
    (
        lambda m: nn.GRU(5, 13, checkpoint_every=-1),
        ArgumentError,
        r"checkpoint_every is -1; expected a number of steps",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[message[:40] for *_, message in ERRORS])
def test_errors_name_what_came_and_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call(nn.GRU(5, 13))


def test_tensor_errors_are_caught_as_those_of_torch():
    with pytest.raises(RuntimeError):
        nn.GRU(5, 13)(torch.randn(7, 4, 6))


def test_print_shows_what_is_not_the_default():
    assert repr(nn.GRU(3, 4)) == "GRU(3, 4)"
    assert repr(nn.GRU(3, 4, reset_after=False, backend="torch")) == "GRU(3, 4, reset_after=False, backend='torch')"


def test_copies_and_pickles_like_a_module(tmp_path):
    module = nn.GRU(3, 4, reset_after=False)
    again = copy.deepcopy(module)
    x = torch.randn(5, 2, 3)
    assert torch.equal(again(x)[0], module(x)[0])
    assert again.reset_after is False
