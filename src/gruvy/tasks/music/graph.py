"""The PolyphonicModel's network as a graph."""

from __future__ import annotations

from gruvy.graph import Builder, Graph
from gruvy.nn import GRU
from gruvy.nn.graph import array_of
from gruvy.tasks.music.network import PolyphonicNetwork
from gruvy.tasks.shared.weights import PREFIX


def polyphonic_graph(network: PolyphonicNetwork) -> Graph | None:
    """Return the graph of a network in evaluation, or None for the cells that a graph does not know.

    Its input is "frames" (T, N, D), its output "next" (T, N, D): how likely each note of the frame after each is.
    """
    if not isinstance(network.layers, GRU):
        return None
    build = Builder(PREFIX)
    frames = build.input("frames", network.layers.input_size)
    states = build.gru("layers", frames, network.layers.to_weights())
    logits = build.dense("head", states, array_of(network.head.weight), array_of(network.head.bias))
    return build.graph(build.add("sigmoid", logits, name="next"))
