"""One kind of estimator a folder: the estimator, its network, its data and its report; `catalogue` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gruvy.tasks.catalogue import ESTIMATORS

if TYPE_CHECKING:
    from gruvy.tasks.catalogue import *  # noqa: F403
    from gruvy.tasks.shared.persistence import load as load
else:
    __all__ = [*sorted(ESTIMATORS), "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from gruvy.tasks.shared.persistence import load

        return load
    if name in ESTIMATORS:
        return ESTIMATORS[name].load()
    raise AttributeError(f"module 'gruvy.tasks' has no attribute {name!r}; it has {', '.join(ESTIMATORS)}")
