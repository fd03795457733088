"""Four novels of Jane Austen, character by character: a GRU that is measured on a fifth, and what it must beat."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.datasets import load_austen
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, kept, write_results
from gruvy.report import write_report
from gruvy.tasks import LanguageModel
from gruvy.tasks.language.report import language_report

# Parameters of the model, and the characters of the training text that it learns from (None for all).
BUDGETS: dict[Budget, tuple[dict[str, Any], int | None]] = {
    "quick": ({"hidden_size": 192, "batch_size": 16, "context_length": 50, "max_epochs": 2}, 500_000),
    "default": ({"hidden_size": 384, "max_epochs": 3}, None),
    "full": ({"hidden_size": 768, "dropout": 0.2, "max_epochs": 7, "learning_rate": 3e-3}, None),
}
# What the texts in the report begin with.
PROMPT = "It was "


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train a model, measure it, an n-gram model and compressors on Persuasion, write a report.

    Args:
        folder: where ``text.html``, ``text.json`` and ``text.gruvy`` go; it is made if need be.
        budget: how large a model, and how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the LanguageModel that differ from the budget's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: "\n".join(load_austen(name).values()) for name in ("training", "validation", "test")}
    of_budget, length = BUDGETS[budget]
    model = LanguageModel(**{"random_state": 0, **of_budget, **params})
    with training("GRU") as progress:
        model.fit(
            parts["training"][:length],
            validation=parts["validation"],
            test=parts["test"],
            progress=progress,
            **kept(folder, "text", budget, "GRU"),
        )
    model_path = model.save(folder / "text.gruvy")
    report = language_report(
        model,
        parts["test"],
        title="Jane Austen, character by character",
        name="Persuasion",
        prompt=PROMPT,
        description=(
            f"Learnt from {'the first part of ' if length else ''}four of her novels; Northanger Abbey chose the best "
            "epoch, and everything is measured on Persuasion, which nothing learnt from."
        ),
        command=command("text", budget),
    )
    report_path = write_report(report, folder / "text.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "model": str(model_path),
        "rows": model.scores_,
        "history": model.history_,
        "parameters": model.n_parameters_,
        "provenance": model.provenance_,
    }
    write_results(results, folder / "text.json", budget)
    bits = {row["name"]: row["bits_per_character"] for row in model.scores_}
    figure = Figure("bits per character", bits.pop("gru"), bits, trivial="letter frequencies", style=".3f")
    return Outcome(report.headline, [report.comparison], [figure], results, report_path, model_path)
