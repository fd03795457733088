"""What `gruvy.nn.GRU` can do beyond `torch.nn.GRU`: drawn masks, the learnt state, checkpoints, transforms."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch.nn import functional as F

from gruvy import nn
from gruvy.nn.masks import draw, draw_dropout

NOISY = [
    {"recurrent_dropout": 0.4},
    {"recurrent_dropout": 0.4, "variational": False, "reset_after": False},
    {"zoneout": 0.3, "num_layers": 2, "bidirectional": True},
    {"input_dropout": 0.4, "batch_first": True},
    {"input_dropout": 0.4, "variational": False},
    {"dropout": 0.5, "num_layers": 2, "layer_norm": True, "zoneout": 0.2, "recurrent_dropout": 0.2, "bias": False},
]


def gradients(module: nn.GRU, x: torch.Tensor, **given) -> list[torch.Tensor]:
    """Output, last state and the gradients of all parameters and of x."""
    x = x.clone().requires_grad_()
    module.zero_grad()
    out, h_n = module(x, **given)
    (out.square().sum() + h_n.sum()).backward()
    return [out.detach(), h_n.detach(), x.grad, *(p.grad for p in module.parameters())]


def assert_close(found: list[torch.Tensor], wanted: list[torch.Tensor], tolerance: float = 1e-5) -> None:
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * float(b.abs().max().clamp(min=1e-2)))


@pytest.mark.parametrize("options", NOISY, ids=str)
def test_a_seed_gives_the_same_masks_on_both_backends(options):
    torch.manual_seed(0)
    module, x = nn.GRU(5, 13, **options, backend="native"), torch.randn(7, 4, 5)
    found = []
    for backend, seed in (("native", 1), ("torch", 1), ("native", 2)):
        module.backend = backend
        torch.manual_seed(seed)
        found.append(gradients(module, x))
    assert_close(found[1], found[0])
    assert not torch.allclose(found[2][0], found[0][0], atol=1e-3)
    module.eval()
    assert torch.equal(module(x)[0], module(x)[0])


def test_without_noise_evaluation_is_the_plain_layer():
    torch.manual_seed(0)
    plain = nn.GRU(5, 13).eval()
    noisy = nn.GRU(5, 13, input_dropout=0.5, recurrent_dropout=0.5, dropout=0.0).eval()
    noisy.load_state_dict(plain.state_dict())
    x = torch.randn(7, 4, 5)
    assert torch.equal(noisy(x)[0], plain(x)[0])


def test_recurrent_dropout_leaves_the_state_itself_whole():
    module = nn.GRU(2, 64, recurrent_dropout=0.9)
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.zero_()
            if name == "bias_ih_l0":
                p[64:128] = 100.0  # z = 1: the state is kept
    h_0 = torch.randn(1, 3, 64)
    out, _ = module(torch.randn(5, 3, 2), h_0)
    torch.testing.assert_close(out, h_0.expand(5, 3, 64))


def test_variational_masks_are_the_same_at_every_step():
    torch.manual_seed(0)
    rows = {}
    for variational in (True, False):
        module = nn.GRU(2, 3, input_dropout=0.5, variational=variational)
        given = []
        module._with_masks = lambda rows, x, given=given: (given.append(x), rows)[1]
        module(torch.ones(50, 4, 2))
        rows[variational] = given[0]
    assert (rows[True] == rows[True][0]).all()
    assert not (rows[False] == rows[False][0]).all()
    assert set(rows[True].unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("probability", [0.0, 0.03, 0.5, 0.9])
def test_masks_have_their_probability_and_are_independent(probability):
    torch.manual_seed(0)
    mask = draw((401, 33, 31), probability, torch.device("cpu"))  # no multiple of 4
    count = mask.numel()
    deviation = (probability * (1 - probability) / count) ** 0.5
    assert abs(mask.double().mean() - probability) <= 4 * deviation + 2**-17
    flat = mask.flatten().double() - probability
    for lag in (1, 2, 3, 4, 33):
        assert abs((flat[lag:] * flat[:-lag]).mean()) <= 5 * deviation**2 * count**0.5
    factors = draw_dropout((100, 100), probability, torch.zeros(1, dtype=torch.float64))
    assert factors.dtype == torch.float64
    assert set(factors.unique().tolist()) <= {0.0, 1 / (1 - probability)}


def test_zoneout_in_evaluation_is_the_expectation_of_training():
    torch.manual_seed(0)
    module, x, h_0 = nn.GRU(3, 4, zoneout=0.3), torch.randn(1, 2, 3), torch.randn(1, 2, 4)
    many = module(x.repeat(1, 40000, 1), h_0.repeat(1, 40000, 1))[0].view(40000, 2, 4).mean(0)
    torch.testing.assert_close(many, module.eval()(x, h_0)[0][0], rtol=0, atol=0.02)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gates_in_zoneout_are_those_of_the_cell(reset_after):
    torch.manual_seed(0)
    zoned = nn.GRU(3, 4, reset_after=reset_after, zoneout=0.3, layer_norm=True)
    plain = nn.GRU(3, 4, reset_after=reset_after, layer_norm=True)
    plain.load_state_dict(zoned.state_dict())
    x = torch.randn(1, 5, 3)  # one step, after which the states differ
    mask = torch.tensor([[True, True, False, True, True]])
    for backend in ("native", "torch"):
        zoned.backend = backend
        found, want = zoned.gates(x, mask=mask), plain.gates(x, mask=mask)
        for name, gate in found.items():
            torch.testing.assert_close(gate, want[name], rtol=1e-5, atol=1e-6)
            assert not gate[:, 0, 2].any()


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_learnt_initial_state_is_one_that_is_given(backend, bidirectional):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, 2, bidirectional=bidirectional, learn_initial_state=True, backend=backend)
    assert not module.initial_state.any()
    torch.nn.init.normal_(module.initial_state)
    x = torch.randn(6, 3, 3)
    out, _ = module(x)
    h_0 = module.initial_state.detach()[:, None].expand(-1, 3, 4).clone().requires_grad_()
    want, _ = module(x, h_0)
    torch.testing.assert_close(out, want)
    out.square().sum().backward()
    found, module.initial_state.grad = module.initial_state.grad, None
    want.square().sum().backward()
    torch.testing.assert_close(found, h_0.grad.sum(1))


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_segments_begin_with_the_learnt_state(backend):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, bidirectional=True, batch_first=True, learn_initial_state=True, backend=backend)
    torch.nn.init.normal_(module.initial_state)
    x = torch.randn(1, 9, 3)
    resets = torch.zeros(1, 9, dtype=torch.bool)
    resets[0, [2, 5, 6]] = True
    out, _ = module(x, resets=resets)
    alone = torch.cat([module(part)[0] for part in x.split([2, 3, 1, 3], dim=1)], dim=1)
    torch.testing.assert_close(out, alone)
    weight = torch.randn_like(out)
    found = torch.autograd.grad((out * weight).sum(), module.parameters())
    want = torch.autograd.grad((alone * weight).sum(), module.parameters())
    assert_close(list(found), list(want))


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_masked_steps_are_steps_left_out(backend):
    torch.manual_seed(0)
    module = nn.GRU(3, 4, 2, bidirectional=True, batch_first=True, backend=backend)
    x = torch.randn(1, 6, 3)
    mask = torch.tensor([[True, False, True, True, False, False]])
    x[~mask] = float("nan")  # what is not looked at may be anything
    x.requires_grad_()
    out, h_n = module(x, mask=mask)
    want, want_h_n = module(x[mask][None])
    torch.testing.assert_close(out[mask][None], want)
    torch.testing.assert_close(h_n, want_h_n)
    torch.testing.assert_close(out[0, 1, :4], out[0, 0, :4])  # the state before, in the direction of time ...
    torch.testing.assert_close(out[0, 1, 4:], out[0, 2, 4:])  # ... and the one after, against it
    out.sum().backward()
    assert not x.grad[~mask].any()
    assert all(p.grad.isfinite().all() for p in module.parameters())


def test_every_layer_has_its_states():
    torch.manual_seed(0)
    module, x = nn.GRU(3, 4, 3, bidirectional=True, batch_first=True), torch.randn(2, 5, 3)
    outputs, h_n = module.layer_outputs(x)
    assert [tuple(o.shape) for o in outputs] == [(2, 5, 8)] * 3
    torch.testing.assert_close(outputs[-1], module(x)[0])
    for layer, output in enumerate(outputs):
        torch.testing.assert_close(output[:, -1, :4], h_n[2 * layer])
        torch.testing.assert_close(output[:, 0, 4:], h_n[2 * layer + 1])
    without_batch, _ = module.layer_outputs(x[0])
    torch.testing.assert_close(torch.stack(without_batch), torch.stack(outputs)[:, 0])
    outputs[0].sum().backward()
    assert module.weight_hh_l0.grad.any()
    assert module.weight_hh_l1.grad is None


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("every", [1, 3, 7, 100])
@pytest.mark.parametrize("options", [{}, {"reset_after": False, "layer_norm": True, "zoneout": 0.2}], ids=str)
def test_checkpoints_change_nothing_but_memory(backend, every, options):
    torch.manual_seed(0)
    module = nn.GRU(5, 13, 2, bidirectional=True, checkpoint_every=every, backend=backend, **options)
    whole = copy.deepcopy(module)
    whole.checkpoint_every = 0
    x, lengths = torch.randn(17, 4, 5), [17, 9, 0, 12]
    resets, mask = torch.rand(17, 4) < 0.2, torch.rand(17, 4) < 0.8
    results = []
    for each in (module, whole):
        torch.manual_seed(1)
        results.append(gradients(each, x, lengths=lengths, resets=resets, mask=mask))
    assert_close(*results)


def test_checkpoints_keep_no_gates():
    """What autograd holds between forward and backward, in floats per step."""

    def kept(every: int, steps: int) -> int:
        module, x = nn.GRU(8, 16, checkpoint_every=every), torch.randn(steps, 4, 8)
        sizes = {}
        pack = lambda t: (sizes.__setitem__(t.data_ptr(), t.numel()), t)[1]  # noqa: E731
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            out, _ = module(x)
        out.sum().backward()
        return sum(sizes.values())

    input_and_output = 100 * 4 * (8 + 16)
    assert kept(10, 200) - kept(10, 100) == input_and_output
    assert kept(0, 200) - kept(0, 100) == input_and_output + 100 * 4 * 3 * 16


@pytest.mark.parametrize("options", NOISY[1:3], ids=str)
def test_double_backward_with_masks(options):
    torch.manual_seed(0)
    module, x = nn.GRU(3, 4, **options, backend="native"), torch.randn(4, 2, 3, requires_grad=True)

    def penalty() -> torch.Tensor:
        torch.manual_seed(1)
        out, _ = module(x)
        (slope,) = torch.autograd.grad(out.square().sum(), x, create_graph=True)
        return torch.stack(torch.autograd.grad(slope.square().sum(), [module.weight_hh_l0])).squeeze()

    found = penalty()
    module.backend = "torch"
    assert_close([found], [penalty()], 1e-4)


@pytest.mark.parametrize("backend", ["auto", "native", "torch"])
@pytest.mark.parametrize("initial_state", [True, False])
def test_autocast(backend, initial_state):
    torch.manual_seed(0)
    project, module = torch.nn.Linear(3, 5), nn.GRU(5, 13, 2, backend=backend)
    x, h_0 = torch.randn(7, 4, 3), torch.randn(2, 4, 13) if initial_state else None

    def run() -> tuple[torch.Tensor, torch.Tensor]:
        project.zero_grad()
        module.zero_grad()
        out, _ = module(project(x), h_0)
        out.float().square().sum().backward()
        return out.detach(), module.weight_hh_l0.grad, project.weight.grad

    want = run()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = run()
    if backend != "torch":
        assert found[0].dtype == torch.float32
    for a, b in zip(found, want, strict=True):
        assert F.mse_loss(a.float(), b).sqrt() < 0.02 * b.abs().max()


def test_pickles_and_copies_keep_every_option():
    module = nn.GRU(
        3, 4, 2, layer_norm=True, zoneout=0.1, learn_initial_state=True, checkpoint_every=5, variational=False
    )
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert repr(other) == repr(module)
        x = torch.randn(5, 2, 3)
        assert torch.equal(other.eval()(x)[0], module.eval()(x)[0])
    assert "layer_norm=True" in repr(module)
    assert "zoneout=0.1" in repr(module)
    names = {name.rsplit("_", 1)[0] for name in module.state_dict()}
    assert names >= {"gain_ih", "gain_hh"}
    torch.nn.init.normal_(module.gain_hh_l1)
    module.reset_parameters()
    assert (module.gain_hh_l1 == 1).all()
    assert not module.initial_state.any()


@pytest.mark.parametrize(
    "options", [{"layer_norm": True, "num_layers": 2}, {"zoneout": 0.3, "reset_after": False}], ids=str
)
def test_streaming_is_evaluation_step_by_step(options):
    torch.manual_seed(0)
    module = nn.GRU(3, 9, learn_initial_state=True, **options).eval()
    torch.nn.init.normal_(module.initial_state)
    x = torch.randn(6, 4, 3)
    stream = module.streaming(streams=4)
    with torch.no_grad():
        want, _ = module(x)
    for x_t, wanted in zip(x, want, strict=True):
        assert torch.equal(torch.from_numpy(stream.step(x_t.numpy())), wanted)
