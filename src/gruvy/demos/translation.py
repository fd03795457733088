"""Spanish to English, learnt from the Bible: what attention brings, by the length of the sentence."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.datasets import card, load_bible
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, kept, write_results
from gruvy.report import write_report
from gruvy.report.translation import TranslationReport
from gruvy.tasks import Translator
from gruvy.tasks.translation.report import translation_report
from gruvy.tasks.translation.scores import check_installed

# Parameters of the Translator that differ from its defaults.
BUDGETS: dict[Budget, dict[str, Any]] = {
    "quick": {
        "vocabulary_size": 1000,
        "embedding_size": 48,
        "hidden_size": 48,
        "batch_size": 16,
        "max_epochs": 2,
        "learning_rate": 0.01,
        "beam_size": 1,
    },
    "default": {
        "vocabulary_size": 2000,
        "embedding_size": 96,
        "hidden_size": 128,
        "dropout": 0.1,
        "max_epochs": 2,
        "learning_rate": 5e-3,
    },
    "full": {
        "vocabulary_size": 2000,
        "embedding_size": 192,
        "hidden_size": 256,
        "dropout": 0.3,
        "max_epochs": 10,
        "learning_rate": 3e-3,
    },
}
# Only every n-th verse of each part is used: half a minute is not enough to read them all.
_STEP: dict[Budget, int] = {"quick": 12, "default": 1, "full": 1}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train a translator with attention and one without on the training part, measure both, write a report.

    Args:
        folder: where ``translation.html``, ``translation.json`` and ``translation.gruvy`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Translator that differ from the budget's.

    Returns:
        What the command shows.
    """
    check_installed()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = load_bible()
    train, validation, test = (
        frame[frame["split"] == part].iloc[:: _STEP[budget]] for part in ("train", "validation", "test")
    )

    models = {}
    for name, attention in (("GRU with attention", "additive"), ("GRU without", None)):
        model = Translator(**{"attention": attention, "random_state": 0, **BUDGETS[budget], **params})
        with training(name) as progress:
            model.fit(
                train["es"],
                train["en"],
                validation=(validation["es"], validation["en"]),
                progress=progress,
                **kept(folder, "translation", budget, name),
            )
        models[name] = model
    model = models["GRU with attention"]
    model_path = model.save(folder / "translation.gruvy")
    report = translation_report(
        models,
        test["es"],
        test["en"],
        title="Spanish to English",
        description=f"{card('bible').title}. {card('bible').split}",
        command=command("translation", budget),
    )
    report_path = write_report(report, folder / "translation.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "rows": report.comparison.records(),
        "lengths": vars(report.lengths),
        "provenance": model.provenance_,
    }
    write_results(results, folder / "translation.json", budget)
    return Outcome(report.headline, [report.comparison], _figures(report, budget), results, report_path, model_path)


def _figures(report: TranslationReport, budget: Budget) -> list[Figure]:
    attention, without, copied, frequency = report.comparison.rows
    bleu = [
        Figure(
            measure,
            attention[value] or 0.0,
            {row.name: row[value] or 0.0 for row in (without, copied)},
            # In half a minute a network learns which words are likely, and hardly to translate.
            trivial=None if budget == "quick" else copied.name,
            higher_is_better=True,
            style=".1f",
        )
        for measure, value in {"BLEU": "bleu", f"BLEU over {report.long_words} words": "bleu_long"}.items()
    ]
    perplexity = Figure(
        "perplexity per sub-word",
        attention["perplexity"] or 0.0,
        {row.name: row["perplexity"] or 0.0 for row in (without, frequency)},
        trivial=frequency.name,
        style=".1f",
    )
    return [*bleu, perplexity]
