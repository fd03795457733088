"""gruvy.keras.GRU beside keras.layers.GRU on one backend; `test_keras_backends.py` runs this file on each."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import keras_gradients
import numpy as np
import pytest

import gruvy.keras
from gruvy import engine
from gruvy.errors import ArgumentError, TensorError
from gruvy.keras import gru as layer_module

BACKEND = keras.backend.backend()
N, T, I, H = 4, 7, 3, 5
LIMIT = 2e-6  # of the largest value; float32, sums in another order
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, T, I), np.float32)
H_0 = RNG.standard_normal((N, H), np.float32)
MASK = RNG.random((N, T)) < 0.6
MASK[0], MASK[1, :2], MASK[1, 2], MASK[2, -1] = False, False, True, False
LARGEST: dict[str, float] = {}


@pytest.fixture(scope="session", autouse=True)
def results(tmp_path_factory):
    """The folder where the test that runs this file looks for what was found."""
    folder = Path(os.environ.get("GRUVY_RESULTS") or tmp_path_factory.mktemp("results"))
    yield folder
    found = ", ".join(f"{what}s within {value:.1e}" for what, value in sorted(LARGEST.items()))
    (folder / "differences").write_text(found)


@pytest.fixture
def calls(monkeypatch):
    """Every call that the engine takes, by the number of rows."""
    path = layer_module.path
    found = []

    def counted(x, *rest):
        found.append(x.shape[0])
        return layer(x, *rest)

    layer = path.layer
    monkeypatch.setattr(path, "layer", counted)
    return found


def pair(units=H, features=I, **options):
    """Keras' layer and gruvy's with the same weights, all different from zero."""
    layers = [kind(units, **options) for kind in (keras.layers.GRU, gruvy.keras.GRU)]
    for layer in layers:
        layer.build((N, T, features))
    weights = [RNG.standard_normal(w.shape) / units**0.5 for w in layers[0].trainable_weights]
    for layer in layers:
        for variable, value in zip(layer.trainable_weights, weights, strict=True):
            variable.assign(value)
    return layers


def close(have, want, what, limit=LIMIT):
    have, want = keras.ops.convert_to_numpy(have), keras.ops.convert_to_numpy(want)
    assert have.shape == want.shape
    assert have.dtype == want.dtype
    error = float(np.abs(have.astype("f8") - want).max() / max(np.abs(want).max(), 1e-3))
    LARGEST[what] = max(LARGEST.get(what, 0.0), error)
    assert error <= limit, what


def compare(layers, h_0=None, mask=None, training=False, x=X, limit=LIMIT):
    """Hold values and gradients of gruvy's layer against those of Keras'."""
    (theirs, by_theirs), (ours, by_ours) = (
        keras_gradients.differentiate(layer, x, h_0, mask, training) for layer in layers
    )
    for have, want in zip(ours, theirs, strict=True):
        close(have, want, "output", limit)
    assert by_ours.keys() == by_theirs.keys()
    for name in by_ours:
        close(by_ours[name], by_theirs[name], "gradient", 5 * limit)


# Each pair of these occurs, with both values of each.
FORMS = [
    # reset_after, use_bias, go_backwards, return_sequences, masked, initial state
    (True, True, False, True, False, True),
    (True, True, True, False, True, False),
    (True, False, False, False, True, True),
    (True, False, True, True, False, False),
    (False, True, False, False, False, False),
    (False, True, True, True, True, True),
    (False, False, False, True, True, False),
    (False, False, True, False, False, True),
]


@pytest.mark.parametrize(("reset_after", "use_bias", "go_backwards", "return_sequences", "masked", "started"), FORMS)
def test_values_and_gradients(calls, reset_after, use_bias, go_backwards, return_sequences, masked, started):
    layers = pair(
        reset_after=reset_after,
        use_bias=use_bias,
        go_backwards=go_backwards,
        return_sequences=return_sequences,
        return_state=started,
    )
    # With and without training, because it is only a hint that gradients will be wanted.
    compare(layers, H_0 if started else None, MASK if masked else None, training=return_sequences)
    assert calls == [N]


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_zero_output_for_mask(calls, return_sequences, go_backwards):
    layers = pair(
        zero_output_for_mask=True, return_sequences=return_sequences, return_state=True, go_backwards=go_backwards
    )
    compare(layers, H_0, MASK)
    assert len(calls) == 1


def test_a_mask_of_another_type_is_read_as_yes_and_no(calls):
    compare(pair(return_sequences=True), H_0, MASK.astype("int32"))
    assert len(calls) == 1


def test_larger_sizes_and_unrolled(calls):
    x = RNG.standard_normal((17, 40, 33), np.float32)
    compare(pair(70, 33, return_sequences=True), x=x, limit=1e-5)
    compare(pair(return_sequences=True, unroll=True), H_0)
    assert len(calls) == 2


@pytest.mark.parametrize("go_backwards", [False, True])
def test_dropout_draws_the_masks_that_keras_draws(calls, go_backwards):
    layers = pair(dropout=0.5, seed=7, return_sequences=True, go_backwards=go_backwards)
    for _ in range(2):  # the second time with the generator's next masks
        first, second = (keras_gradients.run(layer, X, H_0, None, True)[0] for layer in layers)
        close(second, first, "output")
    if BACKEND != "jax":  # whose generator needs a scope for its state; fit, below, has one
        compare(layers, H_0, MASK, training=True)
    assert len(calls) >= 2
    plain = keras_gradients.run(layers[1], X, H_0, None, False)[0]
    assert np.abs(plain - second).max() > 0.1


FALLBACKS = {
    "activation": ({"activation": "relu"}, False),
    "no activation": ({"activation": None}, False),
    "recurrent activation": ({"recurrent_activation": "hard_sigmoid"}, False),
    "float64": ({"dtype": "float64"}, False),
    "mixed precision": ({"dtype": "mixed_bfloat16"}, False),
    "recurrent dropout": ({"recurrent_dropout": 0.4, "seed": 3}, True),
    "both dropouts": ({"recurrent_dropout": 0.4, "dropout": 0.3, "seed": 3}, True),
    "a mask for each gate": ({"dropout": 0.3, "implementation": 1, "use_cudnn": False, "seed": 3}, True),
}


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64:UserWarning")  # which JAX has not, unless asked
@pytest.mark.parametrize("name", FALLBACKS)
def test_what_the_engine_lacks_runs_as_in_keras(calls, name):
    options, training = FALLBACKS[name]
    layers = pair(return_sequences=True, **options)
    x = X.astype("float64") if name == "float64" else X
    theirs, ours = (keras_gradients.run(layer, x, None, None, training)[0] for layer in layers)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    assert calls == []


# What may be put in the place of a variable: its name, and what is made of its numbers.
REPLACED = {
    "wider": ("kernel", lambda w: np.concatenate([w, w], axis=1)),
    "narrower": ("recurrent_kernel", lambda w: w[:, :9]),
    "with more rows": ("recurrent_kernel", lambda w: np.concatenate([w, w])),
    "of another rank": ("bias", lambda w: w.ravel()),
    "float16": ("recurrent_kernel", lambda w: w.astype("float16")),
    "integers": ("kernel", lambda w: (10 * w).astype("int32")),
    "a list": ("kernel", lambda w: w.tolist()),
    "an array": ("kernel", lambda w: np.asfortranarray(2 * w)),
    "not a number": ("kernel", lambda w: w * np.nan),
}


@pytest.mark.parametrize("name", REPLACED)
def test_a_variable_that_is_replaced_computes_or_fails_as_in_keras(name):
    found = []
    for layer in pair(return_sequences=True):
        variable, change = REPLACED[name]
        value = change(keras.ops.convert_to_numpy(getattr(layer.cell, variable)))
        layer.cell._tracker.unlock()
        try:
            replacement = value if isinstance(value, list) else keras.Variable(value, dtype=str(value.dtype))
            setattr(layer.cell, variable, replacement)
            found.append(keras.ops.convert_to_numpy(layer(X)))
        except Exception as error:
            found.append(error)
    theirs, ours = found
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_masked_and_unrolled_runs_as_in_keras(calls):
    theirs, ours = (keras_gradients.run(layer, X, H_0, MASK, False)[0] for layer in pair(unroll=True))
    np.testing.assert_array_equal(ours, theirs)
    assert calls == []


def test_recurrent_dropout_runs_on_the_engine_where_nothing_is_dropped(calls):
    compare(pair(recurrent_dropout=0.4, dropout=0.3), H_0)
    assert len(calls) == 1


def test_cudnn_is_not_promised_where_there_is_none():
    if BACKEND == "tensorflow":
        with pytest.raises(ValueError, match="cuDNN is not supported"):
            gruvy.keras.GRU(H, use_cudnn=True)(X)


def test_without_the_engine_it_runs_as_in_keras(calls, monkeypatch):
    monkeypatch.setattr(engine, "raw", None)
    theirs, ours = (keras_gradients.run(layer, X, H_0, None, False)[0] for layer in pair())
    np.testing.assert_array_equal(ours, theirs)
    assert calls == []


def test_stateful(calls):
    theirs, ours = pair(stateful=True, return_sequences=True)
    for _ in range(3):
        first, second = (keras_gradients.run(layer, X, None, None, False)[0] for layer in (theirs, ours))
        close(second, first, "output")
    close(ours.states[0], theirs.states[0], "output")
    assert calls == [N] * 3
    for layer in (theirs, ours):
        layer.reset_state()
    assert not keras.ops.convert_to_numpy(ours.states[0]).any()


def test_stateful_with_gradients():
    # Beside a layer that is given the state, because on the torch backend Keras' own overwrites it too early and fails.
    theirs, ours = pair(return_sequences=True)[0], pair(return_sequences=True, stateful=True)[1]
    ours.set_weights(theirs.get_weights())
    ours.states[0].assign(H_0)
    (wanted,), by_wanted = keras_gradients.differentiate(theirs, X, H_0, None, True)
    (found,), by_found = keras_gradients.differentiate(ours, X, None, None, True)
    close(found, wanted, "output")
    for name in by_found:
        close(by_found[name], by_wanted[name], "gradient", 5 * LIMIT)
    if BACKEND != "jax":  # where a scope keeps the new state
        close(ours.states[0], wanted[:, -1], "output")


@pytest.mark.parametrize("merge_mode", ["concat", "sum", None])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional(calls, merge_mode, return_sequences, masked):
    layers = [
        keras.layers.Bidirectional(kind(H, return_sequences=return_sequences), merge_mode=merge_mode)
        for kind in (keras.layers.GRU, gruvy.keras.GRU)
    ]
    assert type(layers[1].forward_layer) is type(layers[1].backward_layer) is gruvy.keras.GRU
    for layer in layers:
        layer.build((N, T, I))
    layers[1].set_weights(layers[0].get_weights())
    mask = keras.ops.convert_to_tensor(MASK) if masked else None
    theirs, ours = (layer(X, mask=mask) for layer in layers)
    for have, want in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
        close(have, want, "output")
    assert calls == [N, N]


def classifier(kind, dropout=0.0):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((None, I)),
            keras.layers.Masking(),
            keras.layers.Bidirectional(kind(H, return_sequences=True, dropout=dropout)),
            kind(H),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def numbers(rows=24):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((rows, T, I)).astype("float32")
    x[::3, -2:] = 0.0  # what Masking leaves out
    return x, (x[:, 0, 0] > 0).astype("int32")


def test_fit_ends_with_the_same_weights(calls):
    x, y = numbers()
    models, losses = [], []
    for kind in (keras.layers.GRU, gruvy.keras.GRU):
        models.append(classifier(kind, dropout=0.2))
        losses += models[-1].fit(x, y, batch_size=10, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses[3:], losses[:3], rtol=1e-5)
    for have, want in zip(models[1].get_weights(), models[0].get_weights(), strict=True):
        np.testing.assert_allclose(have, want, atol=1e-5)
    close(models[1].predict(x, verbose=0), models[0].predict(x, verbose=0), "output", 1e-5)
    assert calls


def test_a_saved_model_is_gruvys_again(results):
    x, y = numbers()
    model = classifier(gruvy.keras.GRU)
    model.fit(x, y, verbose=0)
    wanted = model.predict(x, verbose=0)
    model.save(results / "saved.keras")  # test_keras_backends.py opens it where gruvy is not
    np.savez(results / "saved.npz", x=x, y=wanted)
    again = keras.models.load_model(results / "saved.keras")
    assert [type(layer) for layer in again._flatten_layers()].count(gruvy.keras.GRU) == 3
    np.testing.assert_array_equal(again.predict(x, verbose=0), wanted)
    again.fit(x, y, verbose=0)  # with the optimizer's state


def test_the_config_is_that_of_keras():
    options = {"name": "a", "dropout": 0.1, "recurrent_dropout": 0.2, "reset_after": False, "seed": 3}
    assert gruvy.keras.GRU(H, **options).get_config() == keras.layers.GRU(H, **options).get_config()


def test_weights_of_either_load_into_the_other(tmp_path):
    models = [classifier(kind) for kind in (keras.layers.GRU, gruvy.keras.GRU)]
    for source, target in (models, models[::-1]):
        for weight in source.weights[:4]:
            weight.assign(RNG.standard_normal(weight.shape))
        source.save_weights(tmp_path / "a.weights.h5")
        target.load_weights(tmp_path / "a.weights.h5")
        for have, want in zip(target.get_weights(), source.get_weights(), strict=True):
            np.testing.assert_array_equal(have, want)
    named = [[(weight.name, weight.shape) for weight in model.weights] for model in models]
    assert named[0] == named[1]


def test_accelerate_takes_up_where_a_model_of_keras_left_off(tmp_path, calls):
    x, y = numbers()
    inner = keras.Sequential([keras.layers.GRU(H, return_sequences=True)])
    model = keras.Sequential([keras.Input((T, I)), inner, keras.layers.GRU(2, activation="tanh")])
    model.compile("adam", "mse")
    y = keras.utils.to_categorical(y)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "stock.keras")
    theirs, ours = (keras.models.load_model(tmp_path / "stock.keras") for _ in range(2))
    assert type(ours.layers[1]) is keras.layers.GRU  # as saved: loading is not tampered with
    ours.predict(x, verbose=0)  # which traces a function with the old layers in it
    assert not calls
    assert gruvy.keras.accelerate(ours) is ours
    kinds = [type(layer) for layer in ours._flatten_layers()]
    assert kinds.count(gruvy.keras.GRU) == 2
    assert keras.layers.GRU not in kinds
    close(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), "output", 1e-5)
    assert calls
    for model in (theirs, ours):
        model.fit(x, y, verbose=0, shuffle=False, epochs=2)
    for have, want in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(have, want, atol=1e-5)


def test_accelerate_leaves_others_layers_alone():
    class Mine(keras.layers.GRU):
        pass

    model = keras.Sequential([keras.Input((T, I)), Mine(H, return_sequences=True), keras.layers.LSTM(H)])
    kinds = [type(layer) for layer in model.layers]
    assert [type(layer) for layer in gruvy.keras.accelerate(model).layers] == kinds


def test_a_class_of_ones_own_that_is_called_gru_is_found_by_its_own_rules(tmp_path):
    class GRU(keras.layers.GRU):
        pass

    model = keras.Sequential([keras.Input((T, I)), GRU(H)])
    model.save(tmp_path / "own.keras")
    again = keras.models.load_model(tmp_path / "own.keras", custom_objects={"GRU": GRU})
    assert type(again.layers[0]) is GRU


def test_a_functional_model_with_states_in_and_out(calls):
    x, state = keras.Input((T, I)), keras.Input((H,))
    out, last = gruvy.keras.GRU(H, return_sequences=True, return_state=True)(x, initial_state=state)
    model = keras.Model([x, state], [out, last])
    seen, h_n = model.predict([X, H_0], verbose=0)
    np.testing.assert_array_equal(seen[:, -1], h_n)
    assert np.abs(h_n - model.predict([X, 0 * H_0], verbose=0)[1]).max() > 1e-3
    assert calls


def test_create_gru_model_learns():
    keras.utils.set_random_seed(0)
    model = gruvy.keras.create_gru_model(input_dim=I, hidden_dim=16, output_dim=2, n_layers=2)
    rng = np.random.default_rng(5)
    x = rng.standard_normal((128, T, I)).astype("float32")
    y = (x[:, -1, 0] > 0).astype("int32")
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["GRU", "Dropout", "GRU", "Dropout", "Dense"]
    assert {layer.rate for layer in model.layers[1:4:2]} == {0.2}
    history = model.fit(x, y, epochs=25, batch_size=16, verbose=0).history
    assert model.evaluate(x, y, verbose=0)[1] > 0.9 > 0.7 > history["accuracy"][0]
    np.testing.assert_allclose(model.predict(x[:, :3], verbose=0).sum(1), 1.0, rtol=1e-5)


def test_create_gru_model_names_every_wrong_argument():
    with pytest.raises(ArgumentError, match=r"hidden_dim is 0.*n_layers is 1\.5.*drop_prob is 1"):
        gruvy.keras.create_gru_model(3, 0, 2, 1.5, drop_prob=1)


def test_shapes_that_do_not_fit_are_named():
    layer = gruvy.keras.GRU(H)
    layer.build((N, T, I))
    with pytest.raises(TensorError, match=r"initial_state has the shape \(4, 6\); expected \(4, 5\)"):
        layer(X, initial_state=np.zeros((N, H + 1), np.float32))
    with pytest.raises(TensorError, match=r"mask has the shape \(4, 6\); expected \(4, 7\)"):
        layer(X, mask=MASK[:, 1:])
    with pytest.raises(TensorError, match=r"the input has the shape \(4, 7, 2\); expected \(4, 7, 3\)"):
        layer(X[..., 1:])


def test_long_sequences_on_the_threads_that_there_are():
    x = RNG.standard_normal((32, 100, 64), np.float32)
    compare(pair(128, 64, return_sequences=True), x=x, limit=2e-5)
