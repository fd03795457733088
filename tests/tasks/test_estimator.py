"""What all estimators have in common: a resumed fit without a seed, and what a file says of the parameters."""

from __future__ import annotations

import numpy as np
import pytest

import gruvy
from gruvy.tasks import PolyphonicModel, SequenceClassifier

RANDOM = np.random.default_rng(0)
ROLLS = [(RANDOM.random((12, 5)) < 0.3).astype(np.uint8) for _ in range(12)]
TEXTS = ["".join(RANDOM.choice(list("ACGT"), 8)) for _ in range(40)]
LABELS = ["begins with A" if text[0] == "A" else "else" for text in TEXTS]


class StoppedError(Exception):
    pass


def stop_after(epochs):
    def progress(event):
        if event.validation_loss is not None and event.epoch == epochs:
            raise StoppedError

    return progress


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (PolyphonicModel(hidden_size=4, max_epochs=3, patience=3), (ROLLS,)),
        (
            SequenceClassifier(tokens="character", embedding_size=4, hidden_size=4, max_epochs=3, patience=3),
            (TEXTS, LABELS),
        ),
    ],
    ids=["music", "classes"],
)
@pytest.mark.parametrize("random_state", [None, np.random.RandomState(5)], ids=["none", "generator"])
def test_a_fit_without_a_seed_goes_on_with_that_of_its_beginning(model, data, random_state, tmp_path):
    model.set_params(random_state=random_state)
    with pytest.raises(StoppedError):
        model.fit(*data, checkpoint=tmp_path, progress=stop_after(2))
    other = type(model)(**{**model.get_params(), "random_state": random_state})
    resumed = other.fit(*data, checkpoint=tmp_path, resume=True)
    assert len(resumed.history_) == 3
    # The same seed from the beginning is the same training, the division into parts included.
    whole = type(model)(**{**model.get_params(), "random_state": resumed.provenance_["seed"]}).fit(*data)
    for kept, straight in zip(resumed.history_, whole.history_, strict=True):
        assert (kept["train_loss"], kept["validation_loss"]) == (straight["train_loss"], straight["validation_loss"])


def test_a_file_says_how_the_model_was_fitted(tmp_path):
    model = PolyphonicModel(hidden_size=4, max_epochs=1, random_state=np.int64(3)).fit(ROLLS)
    expected = model.predict_proba(ROLLS[:1])[0]
    model.set_params(hidden_size=8, reset_after=False)  # holds from the next fit on
    loaded = gruvy.load(model.save(tmp_path / "music.gruvy"))
    np.testing.assert_array_equal(loaded.predict_proba(ROLLS[:1])[0], expected)
    assert (loaded.hidden_size, loaded.reset_after, loaded.random_state) == (4, True, 3)
    again = gruvy.load(loaded.set_params(hidden_size=8).save(tmp_path / "again.gruvy"))
    assert again.hidden_size == 4
