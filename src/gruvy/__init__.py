"""gruvy: Gated Recurrent Units, from the equation to deployment.

``import gruvy`` costs milliseconds: whatever needs torch, pandas or Lightning is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gruvy.tasks.catalogue import ESTIMATORS

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gruvy.formats import doctor as doctor
    from gruvy.streaming import StreamingGRU as StreamingGRU
    from gruvy.tasks.catalogue import *  # noqa: F403
    from gruvy.tasks.shared.persistence import load as load

# public name -> (module that defines it, or is it, extra that brings what the module imports, if any)
_LAZY: dict[str, tuple[str, str | None]] = {
    **dict.fromkeys((*ESTIMATORS, "load"), ("gruvy.tasks", "train")),
    "StreamingGRU": ("gruvy.streaming", None),
    "doctor": ("gruvy.formats.doctor", None),
}

if not TYPE_CHECKING:  # type checkers take a list of this kind for an empty one
    __all__ = [*sorted(_LAZY), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'gruvy' has no attribute {name!r}; it has {', '.join(_LAZY)}")
    module, extra = _LAZY[name]
    try:
        found = importlib.import_module(module)
        return found if module.endswith(f".{name}") else getattr(found, name)
    except ModuleNotFoundError as error:
        if extra is None or (error.name or "").startswith("gruvy"):
            raise
        from gruvy.errors import MissingExtraError

        raise MissingExtraError(f"gruvy.{name}", extra, error.name) from error


def __dir__() -> list[str]:
    return [*_LAZY, "__version__"]
