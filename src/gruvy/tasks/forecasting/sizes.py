"""How far a forecaster looks ahead and back where the caller says neither."""

from __future__ import annotations

HORIZON, CONTEXT = 24, 168
_TRAINING, _VALIDATION = 0.7, 0.1  # of the rows, as the split by time has them


def usual_sizes(rows: int) -> tuple[int, int]:
    """Return horizon and context: 24 and 168, or what a table of fewer rows leaves room for.

    Args:
        rows: of the longest series.

    Example:
        >>> usual_sizes(1000), usual_sizes(144)
        ((24, 168), (12, 44))
    """
    training, ahead = int(_TRAINING * rows), int(_VALIDATION * rows)
    horizon = HORIZON if ahead >= HORIZON else max(1, ahead - 2)
    if training >= CONTEXT + horizon:
        return horizon, CONTEXT
    # As many windows to learn from as a window has rows to look back on.
    return horizon, max(1, (training - horizon) // 2)
