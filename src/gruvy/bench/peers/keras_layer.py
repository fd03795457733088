"""Keras' GRU layer with TensorFlow beneath."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gruvy.bench.case import Array, Case, reorder_gates
from gruvy.bench.peers.peer import Peer, Ready


class KerasLayer(Peer):
    """keras.layers.GRU on TensorFlow, in a tf.function; batch first, as Keras has it.

    With XLA or without: whichever is the faster at the case. XLA wins in inference and on small layers, and loses in
    the training of large ones.
    """

    name = "Keras (TF)"
    packages = ("keras", "tensorflow")
    install = "pip install keras tensorflow-cpu"
    form = "reset after"

    def prepare(self, case: Case) -> Ready:
        """Build the layer and trace it."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import tensorflow as tf

        if not tf.config.threading.get_intra_op_parallelism_threads():
            tf.config.threading.set_intra_op_parallelism_threads(case.threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        import keras

        I, H, N, T = case.shape
        layer = keras.layers.GRU(H, return_sequences=True, reset_after=True)
        layer.build((N, T, I))
        kernel, recurrent = case.in_order("weight_ih", "zrn").T, case.in_order("weight_hh", "zrn").T
        layer.set_weights(
            [kernel, recurrent, np.stack([case.in_order("bias_ih", "zrn"), case.in_order("bias_hh", "zrn")])]
        )
        x = tf.constant(case.arrays["x"].swapaxes(0, 1))
        h_0 = tf.constant(case.arrays["h_0"])
        dout = tf.constant(case.arrays["dout"].swapaxes(0, 1))
        variables = [variable.value for variable in layer.trainable_variables]

        def infer() -> Any:
            return layer(x, initial_state=h_0, training=False)

        def train() -> Any:
            with tf.GradientTape() as tape:
                tape.watch([x, h_0])
                out = layer(x, initial_state=h_0, training=True)
            return out, tape.gradient(out, [x, h_0, *variables], dout)

        work = infer if case.work == "inference" else train
        call = _faster([tf.function(work, autograph=False, jit_compile=xla) for xla in (True, False)])
        last: dict[str, Any] = {}

        def run() -> None:
            last["value"] = call()

        def results() -> dict[str, Array]:
            if case.work == "inference":
                return {"out": last["value"].numpy().swapaxes(0, 1)}
            out, (dx, dh_0, dkernel, drecurrent, _) = last["value"]
            return {
                "out": out.numpy().swapaxes(0, 1),
                "x": dx.numpy().swapaxes(0, 1),
                "h_0": dh_0.numpy(),
                "weight_ih": reorder_gates(dkernel.numpy().T, "zrn", "rzn"),
                "weight_hh": reorder_gates(drecurrent.numpy().T, "zrn", "rzn"),
            }

        return Ready(run, results)


def _faster(calls: Sequence[Callable[[], Any]]) -> Callable[[], Any]:
    """Return the call that takes less time, the best of three each, after one that compiles it."""
    seconds = []
    for call in calls:
        call()
        times = []
        for _ in range(3):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        seconds.append(min(times))
    return calls[seconds.index(min(seconds))]
