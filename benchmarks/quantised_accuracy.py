"""What int8 and bf16 weights cost a trained forecaster in accuracy, and what they save.

    python benchmarks/quantised_accuracy.py [--epochs 4] [--layers 1] [--seed 0] [--no-save]

Trains the GRU forecaster of `gruvy demo weather` for a few epochs on one thread, then forecasts the held-out last 20%
of the year three times: with the GRU's weights as float32, bf16 and int8 (the head stays float32). Beside the errors of
the forecasts stand the differences of the GRU's own outputs, its bytes, and the time of a step at batch 1. The result,
with the machine's description, goes to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import torch

from gruvy.bench import describe_machine
from gruvy.datasets import load_weather
from gruvy.demos.weather import HIDDEN_SIZE, PAST
from gruvy.nn import GRU, compare_precision
from gruvy.tasks import Forecaster

COLUMNS = ("mae", "rmse", "pinball", "coverage")


def main() -> int:
    options = parse()
    torch.set_num_threads(1)
    jfk = load_weather().query("origin == 'JFK'")
    epochs, layers = options.epochs, options.layers
    model = Forecaster(
        24, 168, hidden_size=HIDDEN_SIZE, num_layers=layers, max_epochs=epochs, random_state=options.seed
    )
    model.fit(jfk, target="temp", time="time_hour", past=PAST)
    rows = measure(model, jfk)
    print_rows(rows)
    if options.save:
        save(rows, options)
    return 0


def measure(model: Forecaster, frame: Any) -> list[dict[str, Any]]:
    """Score the held-out part with each precision of the encoder's weights."""
    network = model._model.network
    gru = network.encoder
    assert isinstance(gru, GRU)
    table, origins = model._model.windows(frame, model.test_start_)
    context = network.encoder_input(next(iter(table.windows(origins, 64))).context).detach()
    one = {row.dtype: row for row in compare_precision(gru, context[:, :1])}
    rows = []
    for many in compare_precision(gru, context):
        network.register_module("encoder", gru if many.dtype == "float32" else gru.quantize(many.dtype))
        score = model.evaluate(frame, start=model.test_start_)[0]
        rows.append(
            {
                "weights": many.dtype,
                **{name: score[name] for name in COLUMNS},
                "largest difference of outputs": many.largest,
                "mean difference of outputs": many.mean,
                "bytes": many.nbytes,
                "microseconds a step at batch 1": one[many.dtype].microseconds,
                "microseconds a step at batch 64": many.microseconds,
            }
        )
    network.encoder = gru
    return rows


def print_rows(rows: list[dict[str, Any]]) -> None:
    for name in rows[0]:
        cells = (f"{row[name]:>12.5g}" if isinstance(row[name], float) else f"{row[name]:>12}" for row in rows)
        print(f"{name:>32}" + "".join(cells))


def save(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    path = Path(__file__).parent / "results" / "quantised_accuracy.json"
    result = {
        "what": "JFK temperature 24 hours ahead, °F, held-out last 20% of 2013, by the precision of the GRU's weights",
        "date": datetime.date.today().isoformat(),
        "epochs": options.epochs,
        "layers": options.layers,
        "seed": options.seed,
        "machine": describe_machine(),
        "rows": rows,
    }
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {path}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-save", dest="save", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
