"""Collecting every problem of one call, so that the user mends them in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gruvy.errors import GruvyError


class Problems:
    """What is wrong with one input, raised together.

    Example:
        >>> problems = Problems("the table")
        >>> problems.raise_as(ValueError)
    """

    def __init__(self, subject: str):
        self.subject = subject
        self.found: list[str] = []

    def add(self, message: str) -> None:
        """Note one problem: the thing, what was expected, what was given, and the cure."""
        self.found.append(message)

    def raise_as(self, kind: type[GruvyError] | type[ValueError]) -> None:
        """Raise all that was found as one error of this kind; do nothing if all is well."""
        if len(self.found) == 1:
            raise kind(f"{self.subject}: {self.found[0]}")
        if self.found:
            listed = "".join(f"\n  {number}. {text}" for number, text in enumerate(self.found, 1))
            raise kind(f"{self.subject}: {len(self.found)} problems{listed}")


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    import difflib  # here, because it is seldom needed and slow to load

    names = [str(item) for item in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    # In marks where its ends are hard to see otherwise.
    names = [repr(one) if "," in one or one != one.strip() else one for one in names]
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"there are: {shown}"


def some(names: Sequence[object], most: int = 3) -> str:
    """The first names, and how many more there are: "'a', 'b', 'c' and 2 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(repr(name) for name in names[:most]) + more
