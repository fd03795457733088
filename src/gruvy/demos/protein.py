"""The secondary structure of proteins, residue by residue: from the sequence alone, and with a profile."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gruvy.datasets import card, load_protein
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, kept, write_results
from gruvy.nn.cells import equal_hidden_size
from gruvy.report import Column, Comparison, scores_table, write_report
from gruvy.tasks import SequenceTagger
from gruvy.tasks.labels.scores import majority_row, score_row
from gruvy.tasks.tagging.baselines import WindowTagger
from gruvy.tasks.tagging.network import TaggerNetwork
from gruvy.tasks.tagging.report import merging, tagging_report

# The three states by which predictors are compared: helices, strands, and the rest (Rost and Sander 1993).
THREE = {"H": "H", "G": "H", "I": "H", "E": "E", "B": "E", "C": "C", "S": "C", "T": "C"}
PROFILE, SEQUENCE = "with profile", "without profile"
MAJORITY = "majority class"

# Parameters of the SequenceTagger that differ from its defaults, by what it reads. The sequences alone are many and say
# little: that needs a larger network and less dropout than the few profiles.
SETTINGS: dict[str, dict[str, Any]] = {
    SEQUENCE: {"hidden_size": 96, "dropout": 0.1, "batch_size": 32, "random_state": 0},
    PROFILE: {"hidden_size": 64, "dropout": 0.3, "batch_size": 32, "random_state": 0},
}


class Work(NamedTuple):
    """What a budget buys.

    Attributes:
        epochs: by what is read.
        chains: how many are learnt from, with a fifth as many to validate; None for all.
        lstm: whether an LSTM is trained too.
    """

    epochs: dict[str, int]
    chains: int | None = None
    lstm: bool = False


BUDGETS: dict[Budget, Work] = {
    "quick": Work({SEQUENCE: 3, PROFILE: 3}, chains=500),
    "default": Work({SEQUENCE: 10, PROFILE: 12}),
    "full": Work({SEQUENCE: 30, PROFILE: 30}, lstm=True),
}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train taggers of eight states on the training chains, measure them on the test chains, write a report.

    Args:
        folder: where ``protein.html``, ``protein.json`` and the models ``protein.gruvy`` (with the profile) and
            ``protein-sequence.gruvy`` go; it is made if need be.
        budget: what to train, and how long; see `gruvy.demos.outcome.Budget`.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the SequenceTagger that differ from the demo's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    chains = load_protein()
    work = BUDGETS[budget]
    train, validation, test = (chains[chains["split"] == part] for part in ("train", "validation", "test"))
    if work.chains is not None:
        validation = validation.head(work.chains // 5)

    models: dict[str, SequenceTagger] = {}
    kinds = [("gru", PROFILE), ("gru", SEQUENCE), *([("lstm", PROFILE)] if work.lstm else [])]
    for cell, reads in kinds:
        learnt = _learnt(train, reads, work.chains)
        settings = {"max_epochs": work.epochs[reads], **SETTINGS[reads], **params, "cell": cell}
        if cell != "gru":
            settings["hidden_size"] = _equal_size(cell, models[f"GRU {reads}"])
        name = f"{cell.upper()} {reads}"
        with training(name) as progress:
            models[name] = SequenceTagger(**settings).fit(
                inputs(learnt, reads),
                learnt["structure"].tolist(),
                validation=(inputs(validation, reads), validation["structure"].tolist()),
                progress=progress,
                **kept(folder, "protein", budget, name),
            )
    path = models[f"GRU {PROFILE}"].save(folder / "protein.gruvy")
    models[f"GRU {SEQUENCE}"].save(folder / "protein-sequence.gruvy")

    windows = {}
    for reads in (PROFILE, SEQUENCE):
        learnt = _learnt(train, reads, work.chains)
        windows[f"linear window {reads}"] = WindowTagger.of(random_state=0).fit(
            inputs(learnt, reads),
            learnt["structure"].tolist(),
            validation=(inputs(validation, reads), validation["structure"].tolist()),
        )
    scores = {name: _scores(name, model, test) for name, model in (models | windows).items()}
    scores[MAJORITY] = _majority(next(iter(models.values())), test)
    report = tagging_report(
        models,
        {name: inputs(test, _reads(name)) for name in models},
        test["structure"].tolist(),
        [scores[name]["Q3"] for name in windows],
        merge=THREE,
        rest="C",
        title="The secondary structure of proteins",
        description=(
            "Helix (H), strand (E) or neither (C) for each residue of chains whose structure is known. All models "
            "learn DSSP's eight states, whose probabilities are added up here. A profile says which amino acids stand "
            f"at a residue's place in related proteins. A linear window sees 15 residues. {card('protein').split}"
        ),
        command=command("protein", budget),
    )
    report_path = write_report(report, folder / "protein.html")

    figures = [_figure(scores, measure, reads) for reads in (SEQUENCE, PROFILE) for measure in ("Q3", "Q8")]
    headline = (
        f"The GRU tells {figures[2].gru:.1%} of the residues' three states from sequence and profile, and "
        f"{figures[0].gru:.1%} from the sequence alone; a linear model of 15 residues "
        f"{scores[f'linear window {PROFILE}']['Q3']['accuracy']:.1%} and "
        f"{scores[f'linear window {SEQUENCE}']['Q3']['accuracy']:.1%}."
    )
    results = {
        "headline": headline,
        "report": str(report_path),
        "scores": scores,
        "rows": report.comparison.records(),
        "classes": list(report.classes),
        "confusion": report.confusion.tolist(),
        "provenance": models[f"GRU {PROFILE}"].provenance_,
    }
    write_results(results, folder / "protein.json", budget)
    return Outcome(headline, [_table(scores, len(models))], figures, results, report_path, path)


def inputs(chains: pd.DataFrame, reads: str) -> list[Any]:
    """Return what a tagger reads of chains: strings, or pairs of a string and a profile."""
    if reads == SEQUENCE:
        return chains["sequence"].tolist()
    return list(zip(chains["sequence"], chains["profile"], strict=True))


def _learnt(train: pd.DataFrame, reads: str, chains: int | None) -> pd.DataFrame:
    """The training chains that a model can read."""
    return (train if reads == SEQUENCE else train[train["profile"].notna()]).head(chains or len(train))


def _equal_size(cell: str, gru: SequenceTagger) -> int:
    """Return the hidden size at which the network is nearest to the GRU's in parameters."""

    def count(cell: str, size: int) -> int:
        network = TaggerNetwork(cell, channels, len(gru.classes_), hidden_size=size, num_layers=gru.num_layers)
        return sum(weight.numel() for weight in network.parameters())

    channels = len(gru.alphabet_) + 20
    return equal_hidden_size(cell, input_size=channels, hidden_size=gru.hidden_size, count=count)


def _reads(name: str) -> str:
    return SEQUENCE if name.endswith(SEQUENCE) else PROFILE


def _scores(name: str, model: SequenceTagger, test: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Q8 over the states of DSSP, and Q3 over the three that they are merged to."""
    X, y = inputs(test, _reads(name)), test["structure"].tolist()
    truth, probabilities = np.concatenate(model.numbers(X, y)), np.concatenate(model.predict_proba(X))
    _, onto = merging(model, THREE)
    return {
        "Q3": score_row(name, onto.argmax(axis=1)[truth], probabilities @ onto),
        "Q8": score_row(name, truth, probabilities),
    }


def _majority(model: SequenceTagger, test: pd.DataFrame) -> dict[str, dict[str, Any]]:
    truth = np.concatenate(model.numbers(test["sequence"].tolist(), test["structure"].tolist()))
    _, onto = merging(model, THREE)
    return {
        "Q3": majority_row(onto.argmax(axis=1)[truth], model.class_counts_ @ onto),
        "Q8": majority_row(truth, model.class_counts_),
    }


def _figure(scores: dict[str, dict[str, dict[str, Any]]], measure: str, reads: str) -> Figure:
    """One measure of the models that read the same."""
    found = {name: of[measure]["accuracy"] for name, of in scores.items() if name.endswith(reads) or name == MAJORITY}
    of = {name.removesuffix(f" {reads}"): value for name, value in found.items()}
    with_what = "from the sequence alone" if reads == SEQUENCE else "with the profile"
    return Figure(f"{measure} {with_what}", of.pop("GRU"), of, trivial=MAJORITY, higher_is_better=True, style=".1%")


def _table(scores: dict[str, dict[str, dict[str, Any]]], models: int) -> Comparison:
    columns = [
        *(Column(measure, measure, ".1%", "higher") for measure in ("Q3", "Q8")),
        *(Column(f"log_loss_{n}", f"log loss, {n} states", ".3f", "lower") for n in (3, 8)),
    ]
    rows = [
        {"name": name}
        | {measure: score["accuracy"] for measure, score in of.items()}
        | {f"log_loss_{measure[1:]}": score["log_loss"] for measure, score in of.items()}
        for name, of in scores.items()
    ]
    return scores_table(columns, rows, models=models)
