import pickle

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gruvy
from gruvy import files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.nn.cells import CELLS
from gruvy.tasks import PolyphonicModel

SMALL = {"hidden_size": 12, "dropout": 0.0, "batch_size": 8, "max_epochs": 20, "patience": 20, "learning_rate": 0.03}
SMALL |= {"weight_noise": 0.0, "random_state": 0}


def scales(count, seed=0, notes=6):
    """One note after the other, up or down, from anywhere; whoever has heard two frames knows the third."""
    random = np.random.default_rng(seed)
    pieces = []
    for _ in range(count):
        length, first, way = random.integers(6, 20), random.integers(notes), random.choice([-1, 1])
        pieces.append(np.eye(notes, dtype=int)[(first + way * np.arange(length)) % notes])
    return pieces


@pytest.fixture(scope="module")
def model():
    return PolyphonicModel(**SMALL).fit(scales(150))


# ---- what it learns ----


def test_it_learns_what_no_note_knows_by_itself(model):
    X = scales(60, seed=1)
    own, markov, frequencies = model.evaluate(X)
    assert [own["name"], markov["name"], frequencies["name"]] == ["gru", "note by note", "note frequencies"]
    assert own["nll"] < 1.0
    assert own["frame_accuracy"] > 0.7
    # One of six notes: six coins with p = 1/6, 2.70 nats; and every note knows that it does not sound twice.
    assert frequencies["nll"] == pytest.approx(6 * 0.4506, abs=0.02)
    assert 2.2 < markov["nll"] < frequencies["nll"]
    assert model.score(X) == pytest.approx(-own["nll"])


def test_from_the_third_frame_on_it_is_sure(model):
    for roll, probability in zip(scales(20, seed=2), model.predict_proba(scales(20, seed=2)), strict=True):
        assert ((probability[2:] > 0.5) == (roll[2:] > 0)).mean() > 0.99
        assert probability[0] == pytest.approx(1 / 6, abs=0.1)


def test_frames_do_not_hear_the_future_nor_their_neighbours(model):
    X = scales(5, seed=3)
    likelihood = model.log_likelihood(X)
    for roll, together in zip(X, likelihood, strict=True):
        np.testing.assert_allclose(model.log_likelihood([roll])[0], together, atol=1e-5)
        for end in range(2, len(roll)):
            np.testing.assert_allclose(model.log_likelihood([roll[:end]])[0], together[:end], atol=1e-5)


def test_the_likelihood_of_a_frame_is_that_of_its_notes(model):
    X = scales(5, seed=4)
    for roll, p, found in zip(X, model.predict_proba(X), model.log_likelihood(X), strict=True):
        by_hand = np.log(np.where(roll == 1, p, 1 - p)).sum(axis=1)
        np.testing.assert_allclose(found, by_hand, rtol=1e-6)
        assert found.shape == (len(roll),)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_form_and_noise(cell):
    options = {**SMALL, "cell": cell, "weight_noise": 0.02, "num_layers": 2, "dropout": 0.1}
    model = PolyphonicModel(**options, reset_after=False).fit(scales(150))
    assert model.evaluate(scales(60, seed=1))[0]["nll"] < 2.0


def test_the_forms_of_the_gru_differ():
    before, after = (
        PolyphonicModel(**SMALL | {"max_epochs": 3}, reset_after=form).fit(scales(30)) for form in (False, True)
    )
    assert before.score(scales(5)) != after.score(scales(5))
    assert not before._network.layers.reset_after


def test_pieces_to_validate_with_may_be_given():
    X = scales(40)
    model = PolyphonicModel(**SMALL | {"max_epochs": 3}).fit(X[:30], validation=X[30:])
    own = [row["validation_loss"] for row in model.history_]
    assert -model.score(X[30:]) == pytest.approx(own[model.best_epoch_ - 1], rel=1e-5)
    assert model.provenance_["pieces"] == 40


# ---- drawing ----


def test_what_it_draws_is_a_scale(model):
    primer = np.eye(6, dtype=int)[[0, 1, 2]]
    for seed in range(5):
        drawn = model.sample(12, primer=primer, temperature=0.3, seed=seed)
        np.testing.assert_array_equal(drawn, np.eye(6, dtype=int)[np.arange(15) % 6])
        assert drawn.dtype == np.uint8
    down = model.sample(9, primer=np.eye(6)[[4, 3]], temperature=0.3, seed=0)
    np.testing.assert_array_equal(down, np.eye(6)[(4 - np.arange(11)) % 6])


def test_frames_are_drawn_as_often_as_they_are_likely(model):
    primer = np.eye(6)[[2]]
    given = model.predict_proba([np.vstack([primer, np.zeros((1, 6))])])[0][1]
    drawn = np.stack([model.sample(1, primer=primer, seed=seed)[1] for seed in range(600)])
    np.testing.assert_allclose(drawn.mean(axis=0), given, atol=0.08)
    logits = np.log(given / (1 - given))
    colder = np.stack([model.sample(1, primer=primer, seed=seed, temperature=3.0)[1] for seed in range(600)])
    np.testing.assert_allclose(colder.mean(axis=0), expit(logits / 3), atol=0.08)


def test_the_seed_decides_what_is_drawn(model):
    first, second, other = (model.sample(30, temperature=2.0, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("options", "error", "pattern"),
    [
        ({"steps": 0}, ArgumentError, "steps: expected an integer of at least 1, got 0"),
        ({"steps": 1, "temperature": 0}, ArgumentError, "temperature: expected a number above 0, got 0"),
        (
            {"steps": 1, "primer": np.zeros((2, 7))},
            DataError,
            r"primer: expected an array \(T, 6\), got shape \(2, 7\)",
        ),
        ({"steps": 1, "primer": np.full((2, 6), 0.5)}, DataError, "primer: expected 0 and 1"),
    ],
)
def test_what_cannot_be_drawn(model, options, error, pattern):
    with pytest.raises(error, match=pattern):
        model.sample(**options)


# ---- as an estimator ----


def test_a_file_brings_it_back(model, tmp_path):
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    X = scales(10, seed=5)
    assert again.evaluate(X) == model.evaluate(X)
    assert again.get_params() == model.get_params()
    assert again.history_ == model.history_
    assert again.files_ == model.files_
    np.testing.assert_array_equal(again.sample(9, seed=0), model.sample(9, seed=0))
    tensors, document = files.read(tmp_path / "m.gruvy")
    del tensors["baselines/first"]
    files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(tmp_path / "m.gruvy")


@pytest.mark.parametrize("form", [True, False])
def test_the_file_streams_without_torch(tmp_path, form):
    model = PolyphonicModel(**SMALL | {"max_epochs": 2, "num_layers": 2}, reset_after=form).fit(scales(20))
    graph = runtime.load(model.save(tmp_path / "m.gruvy")).graph
    (roll,) = scales(1, seed=6)
    before = np.vstack([np.zeros((1, 6)), roll[:-1]]).astype(np.float32)
    expected = model.predict_proba([roll])[0]
    np.testing.assert_allclose(graph.run({"frames": before[:, None]})[0]["next"][:, 0], expected, atol=1e-5)
    stream = graph.stream()
    for frame, likely in zip(before, expected, strict=True):
        np.testing.assert_allclose(stream.step({"frames": frame[None]})["next"][0], likely, atol=1e-5)
    other = PolyphonicModel(**SMALL | {"max_epochs": 1, "cell": "lstm"}).fit(scales(20)).save(tmp_path / "l.gruvy")
    with pytest.raises(FileFormatError, match="its cell is 'lstm', no GRU"):
        runtime.load(other)


def test_fits_repeat_and_an_interrupted_one_goes_on(tmp_path):
    X = scales(40)
    params = {**SMALL, "max_epochs": 4, "weight_noise": 0.05, "dropout": 0.2}
    whole = PolyphonicModel(**params).fit(X)
    assert PolyphonicModel(**params).fit(X).history_[-1]["validation_loss"] == whole.history_[-1]["validation_loss"]

    def stop(event):
        if event.epoch == 2 and event.validation_loss is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PolyphonicModel(**params).fit(X, checkpoint=tmp_path, progress=stop)
    resumed = PolyphonicModel(**params).fit(X, checkpoint=tmp_path, resume=True)
    assert resumed.score(X) == whole.score(X)
    with pytest.raises(ArgumentError, match="belongs to another training"):
        PolyphonicModel(**params).fit(X[1:], checkpoint=tmp_path, resume=True)


def test_scikit_learn_can_clone_and_pickle_it(model):
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copied.score(scales(2))
    assert pickle.loads(pickle.dumps(model)).score(scales(2)) == model.score(scales(2))


def test_wrong_parameters_are_named_together():
    wrong = PolyphonicModel(cell="gur", hidden_size=0, weight_noise=-1, reset_after=1, validation_fraction=1.0)
    with pytest.raises(ArgumentError) as caught:
        wrong.fit(scales(5))
    for part in ("did you mean 'gru'", "hidden_size", "weight_noise", "reset_after", "validation_fraction"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("X", "pattern"),
    [
        ([], "expected at least one piece, got none"),
        ("abc", "expected a list of piano rolls"),
        (np.zeros((9, 6)), "put it into a list"),
        ([np.zeros(9), np.zeros((9, 6))], "1 of 2 pieces are no arrays .T, D., the first is number 0"),
        ([np.zeros((9, 6)), np.zeros((1, 6))], "1 of 2 pieces have fewer than 2 steps; .* first is number 1"),
        ([np.zeros((9, 6)), np.zeros((9, 5))], "another number of columns than the 6 in number 0"),
        ([np.zeros((9, 6)), np.full((9, 6), np.nan)], "1 of 2 pieces have NaN; write 0 where nothing sounds"),
        ([np.zeros((9, 6)), np.full((9, 6), 0.5)], "have other values than 0 and 1"),
        ([np.zeros((9, 6))], "expected at least 2 pieces"),
        ([["a", "b"]], "got something else"),
    ],
)
def test_pieces_that_cannot_be_learnt_from(X, pattern):
    with pytest.raises(DataError, match=pattern):
        PolyphonicModel(**SMALL).fit(X)


def test_pieces_of_another_width(model):
    with pytest.raises(DataError, match="another number of columns than the 6 in the fit"):
        model.score([np.zeros((4, 7))])
