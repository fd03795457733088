"""The doctor's headline: each planted fault is named and undone to the bit, and nothing is said of sound files.

``PYTHONPATH=tests/support python tests/formats/test_doctor_faults.py`` prints the table of docs/doctor.md.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from planted_faults import BASE, MORE, Plant, models, planted, random_gru
from sound_files import sound_files

from gruvy import formats
from gruvy.formats import doctor
from gruvy.spec import GRUWeights

DOCS = Path(__file__).parents[2] / "docs" / "doctor.md"


def outcome(weights: GRUWeights, *plants: Plant) -> tuple[bool, bool]:
    """Whether the faults are named, these and no others, and whether what is repaired has the original's bits."""
    found = doctor.compare(planted(weights, *plants), weights)
    named = {fault.kind for fault in found.faults} == frozenset().union(*(plant.kinds for plant in plants))
    fixable = all(plant.fixable for plant in plants)
    mended = found.repaired is not None and formats.same_weights(found.repaired, weights)
    return named and found.verdict == "rearranged", mended if fixable else found.repaired is None


def pairs() -> Iterator[tuple[Plant, Plant]]:
    return itertools.combinations(BASE, 2)


def count(name: str, faults: list[tuple[Plant, ...]]) -> tuple[str, int, int, str]:
    """Plant each fault into every model that it fits: how often it was named, and mended."""
    found = [
        outcome(weights, *plants) for plants in faults for weights in models() if all(p.fits(weights) for p in plants)
    ]
    named, mended = (sum(column) for column in zip(*found, strict=True))
    fixable = all(plant.fixable for plants in faults for plant in plants)
    return name, named, len(found), f"{mended} / {len(found)}" if fixable else "cannot be"


def fault_rows() -> list[tuple[str, int, int, str]]:
    rows = [count(plant.name, [(plant,)]) for plant in (*BASE, *MORE)]
    return [*rows, count("two of the first seven at once", list(pairs()))]


def false_alarms(folder: Path) -> tuple[int, int]:
    """Sound files that the doctor has anything to say against, by themselves or beside what they were written from."""
    alarms = files = 0
    for path, weights in sound_files(folder):
        files += 1
        by_itself = doctor.diagnose(path)
        beside = doctor.compare(path, weights)
        unrelated = doctor.compare(path, like(weights, seed=10_000 + files))
        wrong = bool(by_itself.faults or beside.faults or unrelated.faults)
        alarms += wrong or not beside.agrees or unrelated.verdict != "different"
    return alarms, files


def like(weights: GRUWeights, seed: int) -> GRUWeights:
    """Other weights of the same sizes."""
    layers, directions = weights.num_layers, len(weights.layers[0])
    other = random_gru(weights.input_size, weights.hidden_size, layers, directions, seed=seed)
    return replace(other, reset_after=weights.reset_after)


def table(rows: list[tuple[str, int, int, str]], alarms: tuple[int, int]) -> str:
    """The table of docs/doctor.md."""
    lines = ["| planted | named / planted | mended to the bit |", "|---|---|---|"]
    lines += [f"| {name} | {named} / {total} | {mended} |" for name, named, total, mended in rows]
    return "\n".join([*lines, "", f"False alarms on sound files: {alarms[0]} / {alarms[1]}."])


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_every_planted_fault_is_named_and_mended_and_no_sound_file_is_blamed(tmp_path):
    rows, alarms = fault_rows(), false_alarms(tmp_path)
    assert [row for row in rows if row[1] != row[2]] == []
    assert [row for row in rows if row[3] not in (f"{row[2]} / {row[2]}", "cannot be")] == []
    assert alarms[0] == 0
    assert alarms[1] >= 200
    assert table(rows, alarms) in DOCS.read_text(), "docs/doctor.md has another table: run this file, and paste"


def plant(name: str) -> Plant:
    return next(one for one in (*BASE, *MORE) if one.name == name)


MESSAGES = {
    "gates in PyTorch's order r, z, h": "everywhere: the reset gate's and the update gate's rows are exchanged",
    "gates in the order zhr": "everywhere: the reset gate's and the candidate's rows are exchanged",
    "gates in the order rhz": "everywhere: the rows for reset, update, candidate hold candidate, reset, update",
    "gates of R alone in PyTorch's order": "weight_hh of every layer: the reset gate's and the update gate's rows are",
    "the update gate negated": "everywhere: the update gate has the opposite sign",
    "biases swapped": "everywhere: bias_ih and bias_hh are exchanged",
    "recurrent blocks transposed": "weight_hh of every layer: each gate's square block is transposed",
    "W stored transposed": "weight_ih of every layer: the matrix is stored transposed",
    "linear_before_reset left out": "FILE computes the reset-before form with weights of the reset-after form",
    "directions exchanged": "everywhere: the forward and the backward direction are exchanged",
    "recurrent biases lost": "everywhere: bias_hh is missing",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_fault_is_described(name):
    weights = random_gru(3, 4, 2, 2)
    (fault,) = doctor.compare(planted(weights, plant(name)), weights).faults
    assert fault.message.startswith(MESSAGES[name])


def test_a_fault_in_one_direction_of_one_layer_is_found_there():
    weights = random_gru(3, 4, 2, 2)
    (forward, backward), second = weights.layers
    wrong = backward._replace(bias_ih=backward.bias_hh, bias_hh=backward.bias_ih)
    found = doctor.compare(GRUWeights(((forward, wrong), second), reset_after=True), weights)
    assert [fault.message for fault in found.faults] == ["layer 0 backward: bias_ih and bias_hh are exchanged"]
    assert formats.same_weights(found.repaired, weights)


def test_zeros_come_back_with_their_sign():
    ((one,),) = random_gru(3, 4).layers
    bias = np.repeat([0.5, 0.0, -0.5], 4).astype(np.float32)
    weights = GRUWeights(((one._replace(bias_ih=bias, bias_hh=bias),),), reset_after=True)
    signs = np.repeat([1, -1, 1], 4).astype(np.float32)[:, None]
    wrong = one._replace(weight_ih=signs * one.weight_ih, weight_hh=signs * one.weight_hh, bias_ih=bias, bias_hh=bias)
    found = doctor.compare(GRUWeights(((wrong,),), reset_after=True), weights)
    assert [fault.kind for fault in found.faults] == ["update sign"]
    ((mended,),) = found.repaired.layers
    assert mended.bias_ih.tobytes() == bias.tobytes()
    assert mended.weight_hh.tobytes() == one.weight_hh.tobytes()


@pytest.mark.parametrize("dtype", ["f2", "f8"])
def test_faults_are_found_in_rounded_files_too(dtype):
    weights = random_gru(5, 6, 2)
    for plants in pairs():
        if all(one.fits(weights) for one in plants):
            file = formats.read(planted(weights, *plants)).astype(dtype)
            found = doctor.compare(file, weights)
            assert {fault.kind for fault in found.faults} == frozenset().union(*(one.kinds for one in plants))
            assert found.repaired.dtype == dtype
            assert formats.same_weights(found.repaired, weights.astype(dtype))


def test_the_cost_is_the_largest_difference_of_the_outputs():
    weights = random_gru(3, 4)
    model = planted(weights, plant("linear_before_reset left out"))
    x = np.random.default_rng(3).standard_normal((20, 2, 3)).astype(np.float32)
    found = doctor.compare(model, weights, x)
    apart = np.abs(formats.read(model).run(x)[0] - weights.run(x)[0]).max()
    assert found.cost.largest == pytest.approx(apart, rel=1e-6)
    assert found.cost.largest > 0.01


def test_biases_split_up_otherwise_are_the_same_function():
    weights = random_gru(3, 4)
    ((one,),) = weights.layers
    sums = one.bias_ih + np.concatenate([one.bias_hh[:8], np.zeros(4, "f4")])
    rest = np.concatenate([np.zeros(8, "f4"), one.bias_hh[8:]])
    found = doctor.compare(GRUWeights(((one._replace(bias_ih=sums, bias_hh=rest),),), reset_after=True), weights)
    assert (found.verdict, found.faults) == ("same function", ())
    assert found.cost.largest < 1e-6


def test_files_of_other_sizes_and_other_training_are_different():
    weights = random_gru(3, 4)
    assert doctor.compare(random_gru(3, 5), weights).notes == ("FILE has 5 units, OTHER 4",)
    ((one,),) = weights.layers
    trained = GRUWeights(((one._replace(weight_hh=one.weight_hh * np.float32(1.02)),),), reset_after=True)
    found = doctor.compare(trained, weights)
    assert found.verdict == "different"
    assert found.notes[0] == "weight_hh is 0.02 of its norm away in layer 0"
    assert "trained a little further" in found.notes[-1]


def test_a_file_of_onnx_is_read_as_it_is_on_disk(tmp_path):
    weights = random_gru(3, 4)
    onnx.save(planted(weights, plant("gates in PyTorch's order r, z, h")), tmp_path / "wrong.onnx")
    formats.write(weights, tmp_path / "right.npz")
    assert [f.kind for f in doctor.compare(tmp_path / "wrong.onnx", tmp_path / "right.npz").faults] == ["gate order"]


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    weights = random_gru(3, 4)
    onnx.save(planted(weights, plant("linear_before_reset left out")), tmp_path / "model.onnx")
    formats.write(weights, tmp_path / "model.pt")
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "doctor.md", "exec"), names)
    assert names["difference"].verdict == "rearranged"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        print(table(fault_rows(), false_alarms(Path(where))))
