"""Going on with a fitted model, whatever its estimator."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from fitted_models import KINDS, parent, stop_after

import gruvy
from gruvy.errors import ArgumentError, InputNote
from gruvy.tasks.shared.run import weights_digest

STILL = {"learning_rate": 1e-12, "max_epochs": 1}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def file(kind, tmp_path_factory):
    return parent(kind).save(tmp_path_factory.mktemp("parents") / f"{kind}.gruvy")


def first_and_best(name, loaded, **options):
    """The child's first validation loss, and that of the epoch that the parent has its weights from."""
    kind, own = KINDS[name], parent(name)
    child = kind.fit(kind.new(**STILL), warm_start=loaded, **options)
    return child, child.history_[0]["validation_loss"], own.history_[own.best_epoch_ - 1]["validation_loss"]


def test_it_begins_where_the_parent_ended(kind, file, tmp_path):
    loaded = gruvy.load(file)
    if kind == "agent":
        still = KINDS[kind].new(learning_rate=1e-12)
        child = KINDS[kind].fit(still, warm_start=loaded)
        own, then = child._weights(), parent(kind)._weights()
        assert max(float((own[name] - then[name]).abs().max()) for name in own if "policy" in name) < 1e-6
    else:
        child, first, best = first_and_best(kind, loaded)
        assert first == pytest.approx(best, rel=1e-5)
        assert child.provenance_["parent"]["validation_loss"] == pytest.approx(best, rel=1e-5)
    told = gruvy.load(child.save(tmp_path / "child.gruvy")).provenance_["parent"]
    assert told == child.provenance_["parent"]
    assert told["file"] == f"{kind}.gruvy"
    assert told["date"] == parent(kind).provenance_["date"]
    assert told["weights_sha256"] == weights_digest(parent(kind)._weights())
    if kind == "music":  # a grandchild knows both
        assert KINDS[kind].fit(KINDS[kind].new(**STILL), warm_start=child).provenance_["parent"]["parent"] == told


def test_parameters_that_shape_the_weights_have_to_be_those_of_the_parent(kind, file):
    with pytest.raises(ArgumentError) as caught:
        KINDS[kind].fit(KINDS[kind].new(hidden_size=5, num_layers=2), warm_start=file)
    message = " ".join(str(caught.value).split())
    layers = parent(kind).num_layers
    assert "hidden_size is 4 there, got 5" in message
    assert layers == 2 or f"num_layers is {layers} there, got 2" in message
    assert message.endswith("leave them as they are there, or fit anew")


def test_an_interrupted_warm_start_is_resumed_and_knows_its_parent(tmp_path):
    class StoppedError(Exception):
        pass

    kind, options = KINDS["music"], {"warm_start": parent("music"), "checkpoint": tmp_path}
    with pytest.raises(StoppedError):
        kind.fit(kind.new(), progress=stop_after(1, StoppedError), **options)
    whole = kind.fit(kind.new(), warm_start=parent("music"))
    resumed = kind.fit(kind.new(), resume=True, **options)
    for one, other in zip(whole.history_, resumed.history_, strict=True):
        assert one["validation_loss"] == other["validation_loss"]
    with pytest.raises(ArgumentError, match=r"warm_start was '[0-9a-f]{64}', now it is None"):
        kind.fit(kind.new(), checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("name", ["forecast", "anomaly", "transcribe"])
def test_scaling_is_kept_or_learnt_anew(name):
    """On data of another level a kept scaling gives another loss than one that is learnt anew."""
    kind = KINDS[name]
    (first, *others) = kind.data
    other = [one * 0.1 for one in first] if name == "transcribe" else first.assign(load=first["load"] * 3)
    data = (other, *others)
    found = [
        kind.new(**STILL).fit(*data, **kind.options, warm_start=parent(name), rescale=rescale)
        for rescale in (False, True)
    ]
    losses = [one.history_[0]["validation_loss"] for one in found]
    assert losses[0] != pytest.approx(losses[1], rel=0.01)
    assert [one.provenance_["parent"]["rescaled"] for one in found] == [False, True]


def test_a_model_that_gets_worse_says_so():
    kind = KINDS["forecast"]
    with pytest.warns(InputNote, match="the model that this one began from was better: a loss of"):
        kind.fit(kind.new(learning_rate=1.0, max_epochs=1), warm_start=parent("forecast"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (True, "expected a PolyphonicModel that was fitted, or the path of its file, got True"),
        (KINDS["music"].new(), "expected a fitted PolyphonicModel, got one that is not; fit it first"),
    ],
)
def test_what_is_no_parent_is_refused(given, told):
    with pytest.raises(ArgumentError) as caught:
        KINDS["music"].fit(KINDS["music"].new(), warm_start=given)
    assert told in str(caught.value)


def test_other_wrong_arguments_are_refused(tmp_path):
    kind = KINDS["anomaly"]
    for options, told in (
        ({"rescale": True}, "rescale=True: expected warm_start, the fitted model to go on with, got None"),
        ({"max_minutes": 0}, "max_minutes: expected a number of minutes above 0, got 0"),
        ({"max_minutes": float("nan")}, "max_minutes: expected a number of minutes above 0, got nan"),
        ({"resume": True}, "resume=True: expected checkpoint"),
    ):
        with pytest.raises(ArgumentError, match=told):
            kind.fit(kind.new(), **options)


def test_the_digest_is_of_names_and_values():
    weights = parent("music")._weights()
    expected = hashlib.sha256(b"".join(n.encode() + np.asarray(weights[n]).tobytes() for n in sorted(weights)))
    assert weights_digest(weights) == expected.hexdigest()
