"""Four novels of Jane Austen, character by character: a GRU that is measured on a fifth, and what it must beat."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from gruvy.datasets import load_austen
from gruvy.report import LanguageReport, bits_headline, write_language_report
from gruvy.tasks import LanguageModel
from gruvy.tasks.language.report import language_report
from gruvy.training import Progress

Budget = Literal["quick", "default", "full"]

# Parameters of the model, and the characters of the training text that it learns from (None for all).
BUDGETS: dict[Budget, tuple[dict[str, Any], int | None]] = {
    "quick": ({"hidden_size": 192, "batch_size": 16, "context_length": 50, "max_epochs": 2}, 500_000),
    "default": ({"hidden_size": 512, "max_epochs": 4}, None),
    "full": ({"hidden_size": 1024, "dropout": 0.3, "max_epochs": 10}, None),
}
# What the texts in the report begin with.
PROMPT = "It was "


@dataclass(frozen=True)
class TextDemo:
    """What a run leaves: the report's values, where the files are, and the figures of ``results.json``."""

    report: LanguageReport
    report_path: Path
    model_path: Path
    results: dict[str, Any]


def run(
    folder: str | PathLike[str] = "gruvy-demo-text",
    *,
    budget: Budget = "default",
    training: Callable[[str], AbstractContextManager[Callable[[Progress], None]]],
    **params: Any,
) -> TextDemo:
    """Train a model, measure it, an n-gram model and compressors on Persuasion, write a report.

    Args:
        folder: where ``report.html``, ``results.json`` and ``austen.gruvy`` go; it is made if need be.
        budget: "quick" (a minute), "default" (ten minutes) or "full".
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the LanguageModel that differ from the budget's.

    Returns:
        The report's values, the paths, and the figures of ``results.json``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: "\n".join(load_austen(name).values()) for name in ("training", "validation", "test")}
    of_budget, length = BUDGETS[budget]
    model = LanguageModel(**{"random_state": 0, **of_budget, **params})
    with training("GRU") as progress:
        model.fit(parts["training"][:length], validation=parts["validation"], test=parts["test"], progress=progress)
    model_path = model.save(folder / "austen.gruvy")
    option = "" if budget == "default" else f" --{budget}"
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
        command=f"gruvy demo text{option}",
    )
    report_path = write_language_report(report, folder / "report.html")
    results = {
        "headline": bits_headline(report),
        "report": str(report_path),
        "model": str(model_path),
        "rows": model.scores_,
        "history": model.history_,
        "parameters": model.n_parameters_,
        "provenance": model.provenance_,
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False), encoding="utf-8")
    return TextDemo(report, report_path, model_path, results)
