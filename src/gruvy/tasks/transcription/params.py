"""The checks of a Transcriber's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_shared, check_unknown, is_int, is_real
from gruvy.tasks.transcription.normalizing import check_normalize
from gruvy.timeseries import Problems

_COUNTS = ("n_mels", "subsampling", "hidden_size", "num_layers", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``Transcriber.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("Transcriber")
    check_shared(params, problems, counts=_COUNTS)
    for name in ("bidirectional", "masking"):
        if not isinstance(params[name], bool):
            problems.add(f"{name}: expected True or False, got {params[name]!r}")
    stretch = params["time_stretch"]
    if not is_real(stretch) or not 0 <= stretch <= 0.5:
        problems.add(f"time_stretch: expected a share from 0 to 0.5, got {stretch!r}")
    consistency = params["consistency"]
    if not is_real(consistency) or not consistency >= 0:
        problems.add(f"consistency: expected a number from 0 on, got {consistency!r}")
    fraction = params["validation_fraction"]
    if not is_real(fraction) or not 0 < fraction < 1:
        problems.add(f"validation_fraction: expected a number between 0 and 1, got {fraction!r}")
    check_unknown(params["unknown"], problems)
    problems.raise_as(ArgumentError)
    check_normalize(params["normalize"])


def check_beam(beam_width: Any, language_weight: Any, length_bonus: Any) -> None:
    """Refuse what no search can use, all of it at once.

    Raises:
        ArgumentError: every argument with a wrong type or value.
    """
    problems = Problems("the search")
    if not is_int(beam_width) or beam_width < 1:
        problems.add(f"beam_width: expected a whole number from 1 on, got {beam_width!r}")
    if not is_real(language_weight) or not language_weight >= 0:
        problems.add(f"language_weight: expected a number from 0 on, got {language_weight!r}")
    if not is_real(length_bonus):
        problems.add(f"length_bonus: expected a number, got {length_bonus!r}")
    problems.raise_as(ArgumentError)
