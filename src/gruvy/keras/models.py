"""`create_gru_model`, the textbook's classifier, and `accelerate`, for models that are there already."""

from __future__ import annotations

from typing import TypeVar

import keras

from gruvy.errors import ArgumentError
from gruvy.keras.gru import GRU, keep_out_of_xla

AnyLayer = TypeVar("AnyLayer", bound=keras.layers.Layer)


def create_gru_model(
    input_dim: int, hidden_dim: int, output_dim: int, n_layers: int, drop_prob: float = 0.2
) -> keras.Sequential:
    """Build a stack of GRU layers with dropout after each, and a softmax over classes on the last step.

    It is compiled for whole-number labels with Adam, sparse categorical cross-entropy and accuracy, so that ``fit`` can
    be called at once; ``compile`` it again for anything else.

    Args:
        input_dim: features of the input, I.
        hidden_dim: units of each layer, H.
        output_dim: classes.
        n_layers: layers, 1 or more.
        drop_prob: fraction of each layer's outputs that is dropped while training.

    Returns:
        A model from (N, T, I), with any T, to probabilities (N, classes).

    Raises:
        ArgumentError: a size that is not an integer of 1 or more, or a share outside of [0, 1).

    Example:
        >>> model = create_gru_model(input_dim=3, hidden_dim=8, output_dim=2, n_layers=2)
        >>> x, y = np.random.rand(16, 10, 3), np.random.randint(0, 2, 16)
        >>> model.predict(x, verbose=0).shape
        (16, 2)
        >>> history = model.fit(x, y, verbose=0)
    """
    sizes = {"input_dim": input_dim, "hidden_dim": hidden_dim, "output_dim": output_dim, "n_layers": n_layers}
    problems = [
        f"{name} is {size!r}; expected an integer of at least 1"
        for name, size in sizes.items()
        if not isinstance(size, int) or size < 1
    ]
    if not 0 <= drop_prob < 1:
        problems.append(f"drop_prob is {drop_prob!r}; expected a fraction of 0 or more and less than 1")
    if problems:
        raise ArgumentError("; ".join(problems))
    model = keras.Sequential([keras.Input((None, input_dim))])
    for layer in range(n_layers):
        model.add(GRU(hidden_dim, return_sequences=layer < n_layers - 1))
        model.add(keras.layers.Dropout(drop_prob))
    model.add(keras.layers.Dense(output_dim, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def accelerate(model: AnyLayer) -> AnyLayer:
    """Turn each `keras.layers.GRU` of a model into a `gruvy.keras.GRU`, where it is.

    Weights, names, the optimizer and its state stay; layers of classes derived from Keras' GRU are left as they are.

    Args:
        model: any model or layer: from a file, from ``keras.applications``, or with `keras.layers.Bidirectional`.

    Returns:
        The same model.

    Example:
        >>> model = keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(4)])
        >>> isinstance(accelerate(model).layers[0], GRU)
        True
    """
    for layer in model._flatten_layers():
        if type(layer) is keras.layers.GRU:
            layer.__class__ = GRU  # which adds methods only, no state
            keep_out_of_xla(layer)
    if isinstance(model, keras.Model):
        # What was compiled before has the old layers in it.
        model.train_function = model.test_function = model.predict_function = None
        if model.compiled:
            wanted, model.jit_compile = model.jit_compile, False
            model.jit_compile = wanted  # Keras looks whether every layer allows it, and warns where one does not
    return model
