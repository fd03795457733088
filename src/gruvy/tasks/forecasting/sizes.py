"""How far a forecaster looks ahead and back where the caller says neither."""

from __future__ import annotations

from gruvy.errors import note

HORIZON, CONTEXT = 24, 168


def usual_sizes(training: int, ahead: int, horizon: int | None = None, context: int | None = None) -> tuple[int, int]:
    """Return horizon and context: as given, else 24 and 168, or what fewer rows leave room for.

    Args:
        training: rows to learn from, of the longest series.
        ahead: rows to choose the best epoch by, or to measure on; the fewer of both.
        horizon, context: what is given.

    Example:
        >>> usual_sizes(700, 100), usual_sizes(101, 14), usual_sizes(101, 14, context=90)
        ((24, 168), (12, 44), (11, 90))
    """
    if horizon is None:
        horizon = HORIZON if ahead >= HORIZON else max(1, ahead - 2)
        if context is not None:
            horizon = max(1, min(horizon, training - context))
    if context is None:
        # As many windows to learn from as a window has rows to look back on.
        context = CONTEXT if training >= CONTEXT + horizon else max(1, (training - horizon) // 2)
    return horizon, context


def note_sizes(rows: int, horizon: int, context: int) -> None:
    """Say that a table is too short for the usual sizes, and what stands in their place."""
    note(
        f"{rows} rows are few for the usual {HORIZON} steps ahead and {CONTEXT} back: the model looks {horizon} ahead "
        f"and {context} back; --horizon and --context set them (horizon and context_length in Python)"
    )


def sizes_that_fit(training: int, ahead: int) -> str:
    """A cure for a table that is too short for the sizes asked for; "" if it is too short for any."""
    horizon, context = usual_sizes(training, ahead)
    if training < context + horizon or ahead < horizon:
        return ""
    return (
        f", or fit with --horizon {horizon} --context {context} (horizon={horizon}, context_length={context} in "
        "Python), for which there are enough"
    )
