"""From a fitted model of music and its test part to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.music import LOWEST, TEMPO
from gruvy.report import Comparison
from gruvy.report.music import FRAME_COLUMNS, Foreseen, MusicReport
from gruvy.tasks.music.polyphonic import PolyphonicModel
from gruvy.tasks.shared.reporting import loss_curves, repeatable, table_row

# Frames of the piece that the model draws.
_FRAMES = 64
# What the baselines of every model are.
_ABOUT = {
    "note by note": "each note is forecast from whether it sounded in the last frame, and from nothing else.",
    "note frequencies": "each note is as likely as it was frequent in training, whatever came before.",
}
_STEPS = {
    Fraction(4): "whole note",
    Fraction(2): "half note",
    Fraction(1): "quarter note",
    Fraction(1, 2): "eighth note",
    Fraction(1, 4): "sixteenth note",
}


def music_report(
    models: Mapping[str, PolyphonicModel],
    X: Sequence[NDArray[Any]],
    names: Sequence[str],
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    title: str,
    description: str = "",
    command: str = "",
) -> MusicReport:
    """Gather what a report shows of models that were fitted on the same pieces.

    The first model is the one that the report is about.

    Args:
        models: fitted estimators by the name that the report gives them.
        X: N pieces, none of them of the fit.
        names: what they are called.
        baselines: more rows as those of ``evaluate``.
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: pieces that cannot be used.

    Example:
        >>> report = music_report({"GRU": model}, X, names, title="Chorales")  # doctest: +SKIP
    """
    model = next(iter(models.values()))
    scores = [one.evaluate(X) for one in models.values()]
    counted = scores[0][1:]
    step = model.files_.step
    return MusicReport(
        title=title,
        comparison=Comparison(
            FRAME_COLUMNS,
            [
                *(table_row(name, rows[0], one) for (name, one), rows in zip(models.items(), scores, strict=True)),
                *(table_row(row["name"], row, about=_ABOUT.get(row["name"], "")) for row in (*baselines, *counted)),
            ],
        ),
        piece=_median_piece(model, X, names),
        drawn=model.sample(_FRAMES, seed=model.provenance_["seed"]),
        losses=loss_curves(models),
        provenance=_provenance(model, len(X), command),
        lowest=LOWEST.get(model.n_features_in_),
        step=_STEPS.get(Fraction(step).limit_denominator(96), "step"),
        seconds=step * 60 / TEMPO,
        description=description,
    )


def _median_piece(model: PolyphonicModel, X: Sequence[NDArray[Any]], names: Sequence[str]) -> Foreseen:
    """The piece in the middle of the order by likelihood: it is not picked by eye."""
    means = [float(-frames.mean()) for frames in model.log_likelihood(X)]
    row = int(np.argsort(means, kind="stable")[len(means) // 2])
    return Foreseen(names[row], means[row], np.asarray(X[row]), model.predict_proba([X[row]])[0])


def _provenance(model: PolyphonicModel, tested: int, command: str) -> dict[str, str]:
    made = model.provenance_
    about = {
        "Pieces": f"{made['pieces']:,} to learn from and to validate with, {tested:,} to test",
    }
    return repeatable(model, about, command)
