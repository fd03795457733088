"""`gruvy doctor`: its words, its JSON, its exit codes, and what it writes."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from gruvy import formats
from gruvy.spec import GRUWeights, LayerWeights


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    rng = np.random.default_rng(0)
    shapes = ((12, 3), (12, 4), 12, 12)
    one = LayerWeights(*(rng.standard_normal(shape).astype(np.float32) for shape in shapes))
    return formats.write(GRUWeights(((one,),), reset_after=True), tmp_path_factory.mktemp("right") / "right.npz")


@pytest.fixture(scope="module")
def wrong(right):
    model = formats.write(formats.read(right), format="onnx")
    node = next(node for node in model.graph.node if node.op_type == "GRU")
    next(one for one in node.attribute if one.name == "linear_before_reset").i = 0
    onnx.save(model, right.with_name("wrong.onnx"))
    return right.with_name("wrong.onnx")


def test_a_sound_file(gruvy, right):
    outcome = gruvy("doctor", right)
    assert (outcome.code, outcome.err) == (0, "")
    assert "1 layer, one direction, 3 inputs, 4 units" in outcome.out
    assert "sound: nothing is wrong" in outcome.out


def test_a_fault_is_named_and_put_right(gruvy, right, wrong, tmp_path):
    outcome = gruvy("doctor", wrong, "--against", right, "--fix", tmp_path / "mended.onnx")
    assert outcome.code == 1
    assert "fault: FILE computes the reset-before form with weights of the reset-after form" in outcome.out
    assert "cure: set linear_before_reset=1" in outcome.out
    assert f"written: {tmp_path / 'mended.onnx'}" in outcome.out
    assert formats.same_weights(formats.read(tmp_path / "mended.onnx"), formats.read(right))
    again = gruvy("doctor", tmp_path / "mended.onnx", "--against", right)
    assert (again.code, "the same weights as OTHER, to the bit" in again.out) == (0, True)


def test_json_says_the_same(gruvy, right, wrong, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((20, 3)))
    outcome = gruvy("doctor", wrong, "--against", right, "--data", tmp_path / "x.npy", "--json")
    document = json.loads(outcome.out)
    assert outcome.code == 1
    assert (document["layers"], document["units"], document["reset_after"]) == (1, 4, False)
    assert document["gate_order"] == ["update", "reset", "candidate"]
    assert len(document["saturated"]) == 3
    assert [fault["kind"] for fault in document["against"]["faults"]] == ["form"]
    assert document["against"]["cost"]["largest"] > 0.01
    assert document["against"]["can_be_fixed"] is True


def test_nothing_is_written_that_is_not_asked_for(gruvy, right, wrong, tmp_path):
    (tmp_path / "mine.onnx").write_text("keep me")
    outcome = gruvy("doctor", wrong, "--against", right, "--fix", tmp_path / "mine.onnx")
    assert (outcome.code, (tmp_path / "mine.onnx").read_text()) == (2, "keep me")
    assert "is there already" in outcome.err
    assert "--fix needs --against" in gruvy("doctor", wrong, "--fix", tmp_path / "new.onnx").err
    same = gruvy("doctor", right, "--against", right, "--fix", tmp_path / "new.npz")
    assert (same.code, (tmp_path / "new.npz").exists()) == (0, False)
    assert "not written: " in same.out


def test_one_of_several_grus_is_chosen_by_name(gruvy, right, tmp_path):
    arrays = dict(np.load(right))
    plain = {key: value for key, value in arrays.items() if "_l0" not in key}
    both = {f"{name}.{key}": value for name in ("encoder", "decoder") for key, value in arrays.items() if "_l0" in key}
    both["decoder.weight_ih_l0"] = -both["decoder.weight_ih_l0"]
    np.savez(tmp_path / "both.npz", **plain, **both)
    assert "choose one with --at" in gruvy("doctor", tmp_path / "both.npz").err
    assert gruvy("doctor", tmp_path / "both.npz", "--name", "encoder", "--against", right).code == 0
    assert gruvy("doctor", tmp_path / "both.npz", "--name", "decoder", "--against", right).code == 1
    assert gruvy("doctor", right, "--against", tmp_path / "both.npz", "--other-name", "encoder").code == 0


def test_a_file_that_cannot_be_read(gruvy, tmp_path):
    (tmp_path / "text.onnx").write_text("hello")
    outcome = gruvy("doctor", tmp_path / "text.onnx")
    assert outcome.code == 2
    assert outcome.err.startswith(f"gruvy: error: {tmp_path / 'text.onnx'}: not an ONNX file")
    assert outcome.err.count("\n") == 1
