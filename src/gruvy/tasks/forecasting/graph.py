"""The Forecaster's network as a graph."""

from __future__ import annotations

from torch import nn

from gruvy.graph import Builder, Graph
from gruvy.nn import GRU
from gruvy.nn.graph import array_of
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.shared.quantiles import ordered_nodes
from gruvy.tasks.shared.weights import PREFIX


def forecast_graph(network: ForecastNetwork) -> Graph | None:
    """Return the graph of a network in evaluation, or None for the cells that a graph does not know.

    Its inputs are those of the network, "context" (T, N, C), "ahead" (P, N, K), if there are known covariates, and
    "anchor" (N, D); its output is "quantiles" (P, N, D * Q). A network of counts
    has no anchor, and the output "counts" (P, N, D * 2), which `gruvy.timeseries.count_quantiles` reads.
    """
    if not isinstance(network.encoder, GRU):
        return None
    horizon, targets, levels = network.shape
    values = network.values
    build = Builder(PREFIX)
    context = build.input("context", network.encoder.input_size - values)
    measured = build.add("take", context, features=list(range(values)))
    level = build.add("last", measured)
    others = list(range(values, network.encoder.input_size - values))
    parts = [build.add("subtract", measured, level), level]
    inputs = build.add("concat", *parts, *([build.add("take", context, features=others)] if others else []))
    state = build.add("last", build.gru("encoder", inputs, network.encoder.to_weights()))
    change = build.add("unfold", _dense(build, "head", state, network.head), steps=horizon)
    if network.known is not None:
        steps = build.add("unfold", _dense(build, "steps", state, network.steps), steps=horizon)
        first, last = network.known[0], network.known[2]
        assert isinstance(first, nn.Linear)
        assert isinstance(last, nn.Linear)
        ahead = build.input("ahead", first.in_features - network.steps.out_features // horizon, horizon)
        hidden = build.add("relu", _dense(build, "known.0", build.add("concat", steps, ahead), first))
        change = build.add("add", change, _dense(build, "known.2", hidden, last))
    if network.counts:
        return build.graph(build.add("take", change, name="counts", features=list(range(2 * targets))))
    margins = None
    if network.margins.bias.any():
        weight, bias = array_of(network.margins.weight), array_of(network.margins.bias)
        margin = build.dense("margins", build.add("take", state, features=[0]), weight, bias)
        margins = build.add("unfold", margin, steps=horizon)
    anchor = build.input("anchor", targets, None)
    return build.graph(
        ordered_nodes(build, change, margins, anchor, targets=targets, levels=levels, middle=network.middle)
    )


def _dense(build: Builder, name: str, x: str, layer: nn.Linear) -> str:
    return build.dense(name, x, array_of(layer.weight), array_of(layer.bias))
