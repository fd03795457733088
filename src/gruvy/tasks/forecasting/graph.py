"""The Forecaster's network as a graph."""

from __future__ import annotations

from torch import nn

from gruvy.graph import Builder, Graph
from gruvy.nn import GRU
from gruvy.nn.graph import array_of
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.shared.weights import PREFIX


def forecast_graph(network: ForecastNetwork) -> Graph | None:
    """Return the graph of a network in evaluation, or None for the cells that a graph does not know.

    Its inputs are those of the network, "context" (T, N, C), "ahead" (P, N, K), if there are known covariates, and
    "anchor" (N, D); its output is "quantiles" (P, N, D * Q). A network of counts
    has no anchor, and the output "counts" (P, N, D * 2), which `gruvy.timeseries.count_quantiles` reads.
    """
    if not isinstance(network.encoder, GRU):
        return None
    horizon, targets, _ = network.shape
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
    return build.graph(_ordered(build, change, margins, build.input("anchor", targets, None), network))


def _ordered(build: Builder, change: str, margins: str | None, anchor: str, network: ForecastNetwork) -> str:
    """The median and the sums of softplus gaps outward from it; see `ForecastNetwork`."""
    _, targets, levels = network.shape

    def level(number: int, of: str = change) -> str:
        return build.add("take", of, features=[d * levels + number for d in range(targets)])

    found = {network.middle: build.add("add", anchor, level(network.middle))}
    below, above = range(network.middle - 1, -1, -1), range(network.middle + 1, levels)
    for op, outward in (("subtract", below), ("add", above)):
        gaps = distance = None
        for number in outward:
            gap = build.add("softplus", level(number))
            gaps = gap if gaps is None else build.add("add", gaps, gap)
            distance = gaps if margins is None else _farther(build, distance, gaps, level(number, margins))
            found[number] = build.add(op, found[network.middle], distance)
    rows = build.add("concat", *(found[number] for number in range(levels)))
    by_target = [number * targets + d for d in range(targets) for number in range(levels)]
    return build.add("take", rows, name="quantiles", features=by_target)


def _farther(build: Builder, inner: str | None, gaps: str, margin: str) -> str:
    """The larger of the inner neighbour's distance (at first 0) and this one's, with its margin."""
    distance = build.add("add", gaps, margin)
    if inner is None:
        return build.add("relu", distance)
    return build.add("add", inner, build.add("relu", build.add("subtract", distance, inner)))


def _dense(build: Builder, name: str, x: str, layer: nn.Linear) -> str:
    return build.dense(name, x, array_of(layer.weight), array_of(layer.bias))
