"""From a fitted LanguageModel to the values that its report shows."""

from __future__ import annotations

import numpy as np

from gruvy.nn.cells import CELL_NAMES
from gruvy.report import Comparison
from gruvy.report.language import BITS_COLUMNS, LanguageReport, Passage, Written, bits_row
from gruvy.tasks.language.model import LanguageModel
from gruvy.tasks.shared.reporting import loss_curve, repeatable

_TEMPERATURES = (0.4, 0.7, 1.0)
_LENGTH = 600
_PASSAGE = 700
# What the test part of a fit is called in sentences.
HELD_OUT = "the held-out text"


def language_report(
    model: LanguageModel,
    test: str,
    *,
    title: str = "A language model",
    name: str = HELD_OUT,
    prompt: str = "",
    description: str = "",
    command: str = "",
) -> LanguageReport:
    """Gather what a report shows of a language model.

    Args:
        model: fitted.
        test: the text that ``model.scores_`` were measured on.
        title: the headline.
        name: the test text as it stands in sentences.
        prompt: what the model's own texts begin with.
        description: one or two sentences on the texts.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Example:
        >>> write_report(language_report(model, test), "report.html")  # doctest: +SKIP
    """
    parts = model.provenance_["characters"]
    return LanguageReport(
        title=title,
        test=name,
        characters=model.scores_[0]["characters"],
        comparison=bits_table(model),
        losses=[loss_curve(CELL_NAMES[model.cell], model)],
        written=[
            Written(temperature, prompt, model.generate(prompt, _LENGTH, temperature=temperature, seed=0))
            for temperature in _TEMPERATURES
        ],
        passage=_typical(model, test),
        provenance=_provenance(model, command),
        description=description
        or f"Learnt from {parts['training']:,} characters, stopped by the next {parts['validation']:,}, "
        f"measured on the last {parts['test']:,}.",
    )


def bits_table(model: LanguageModel) -> Comparison:
    """Return the comparison on the test part of the fit, from ``model.scores_``."""
    own, *others = model.scores_
    bits, characters = own["bits_per_character"], own["characters"]
    rows = [
        bits_row(CELL_NAMES[own["name"]], "model", bits, characters, parameters=model.n_parameters_),
        *(bits_row(row["name"], "baseline", row["bits_per_character"], characters) for row in others),
    ]
    return Comparison(BITS_COLUMNS, rows)


def _typical(model: LanguageModel, text: str) -> Passage:
    """Return the passage whose bits per character are nearest to the median of all: none is picked by eye."""
    bits = model.surprise(text)
    length = min(_PASSAGE, len(text))
    starts = [0] + [at + 1 for at, character in enumerate(text[:-length]) if character == "\n"]
    means = np.array([bits[start : start + length].mean() for start in starts])
    start = starts[int(np.abs(means - np.median(means)).argmin())]
    return Passage(text[start : start + length], bits[start : start + length])


def _provenance(model: LanguageModel, command: str) -> dict[str, str]:
    made = model.provenance_
    parts = made["characters"]
    about = {
        "Network": f"{model.num_layers} x {model.hidden_size} units, {len(model.pieces_):,} {model.tokens}s",
        "Training characters": f"{parts['training']:,}",
        "Validation characters": f"{parts['validation']:,}",
        "Test characters": f"{parts['test']:,}",
        "Time per epoch": f"{model.seconds_per_epoch_:.1f} s",
    }
    return repeatable(model, about, command)
