"""How numbers and comparisons are written, on every report and in every table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def relation(error: float, other: float) -> str:
    """Return "12% less than" (better), "12% more than" (worse) or "as much as", from two errors."""
    if not (math.isfinite(error) and math.isfinite(other)) or other == 0:
        return "not comparable with"
    change = error / other - 1
    if abs(change) < 0.005:
        return "as much as"
    return f"{abs(change):.0%} {'less' if change < 0 else 'more'} than"


def decimals(values: Sequence[float | None]) -> int:
    """Return how many decimals show three significant digits of the smallest of the values (at most six)."""
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value) and value != 0]
    return min(6, max(0, 2 - math.floor(math.log10(min(sizes))))) if sizes else 0


def fixed(value: float | None, places: int) -> str:
    """Return a number with that many decimals, or a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:,.{places}f}"


def seconds(value: float | None) -> str:
    """Return a duration at two significant digits."""
    if value is None:
        return "–"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 0.1 else f"{value * 1000:.0f} ms"


def memory(value: int | None) -> str:
    """Return a size in megabytes (10^6 bytes)."""
    return "–" if value is None else f"{value / 1e6:,.0f} MB"


def listed(parts: Sequence[str]) -> str:
    """Return parts of a sentence strung together."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def beside(parts: Iterable[str]) -> str:
    """Return what a headline says of the others, as ", beside 2% of this and 3% of that"; "" if there are none."""
    others = list(parts)
    return f", beside {listed(others)}" if others else ""


def capitalised(text: str) -> str:
    """Return text with a capital at its beginning; `str.capitalize` makes the others small."""
    return text[:1].upper() + text[1:]
