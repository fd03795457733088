"""How one call of ``fit`` is to go: what it begins from, what is kept of it, and how long it may take."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from torch import Tensor, nn

from gruvy import files
from gruvy.errors import ArgumentError, note
from gruvy.tasks.shared.params import is_real
from gruvy.timeseries import Problems
from gruvy.training import Progress, reproducible
from gruvy.training.checkpoint import kept_seed

# From which share on a higher validation loss is worth a word.
_WORSE = 0.01


class Trainable(Protocol):
    """What a run needs of an estimator, and of the fitted one that it begins from; see `Estimator`."""

    TASK: ClassVar[str]
    random_state: int | np.random.RandomState | None
    provenance_: dict[str, Any]
    _fitted_params: dict[str, Any]
    _file: str | None

    @classmethod
    def of_file(cls, path: Path, arrays: dict[str, NDArray[Any]], document: dict[str, Any]) -> Self:
        """See `Estimator.of_file`."""
        ...

    def get_params(self) -> dict[str, Any]:
        """The parameters of the constructor."""
        ...

    def _weights(self) -> dict[str, Tensor]: ...

    def _shapes(self, params: Mapping[str, Any]) -> dict[str, Any]: ...


Fitted = TypeVar("Fitted", bound=Trainable)
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Run(Generic[Fitted]):
    """The arguments of a ``fit`` that all estimators share, checked.

    Attributes:
        checkpoint: a folder in which the training is kept.
        resume: go on with the training kept there.
        progress: told of the progress.
        parent: the fitted estimator whose weights the training begins with.
        rescale: take the scaling from the new data, and not from the parent.
        deadline: when to have ended, of `time.perf_counter`.
        seed: the random state, if it is a seed; that of the training to go on with; or a new one.
    """

    checkpoint: Path | None
    resume: bool
    progress: Callable[[Progress], None] | None
    parent: Fitted | None
    rescale: bool
    deadline: float | None
    seed: int

    @classmethod
    def of(
        cls,
        estimator: Fitted,
        *,
        checkpoint: str | os.PathLike[str] | None,
        resume: bool,
        progress: Callable[[Progress], None] | None,
        warm_start: Any,
        rescale: bool = False,
        max_minutes: float | None,
    ) -> Run[Fitted]:
        """Check them.

        Raises:
            ArgumentError: they cannot work, or ``warm_start`` is no fitted estimator of this kind and these parameters.
            FileFormatError: ``warm_start`` is a file that cannot be read.
        """
        if resume and checkpoint is None:
            raise ArgumentError("resume=True: expected checkpoint, the folder of the training to go on with, got None")
        if rescale and warm_start is None:
            raise ArgumentError("rescale=True: expected warm_start, the fitted model to go on with, got None")
        if max_minutes is not None and not (is_real(max_minutes) and math.isfinite(max_minutes) and max_minutes > 0):
            raise ArgumentError(f"max_minutes: expected a number of minutes above 0, got {max_minutes!r}")
        parent = None
        if warm_start is not None:
            parent = parent_of(type(estimator), warm_start)
            check_shapes(estimator, parent)
        folder = None if checkpoint is None else Path(checkpoint)
        return cls(
            folder,
            resume,
            progress,
            parent,
            rescale,
            None if max_minutes is None else time.perf_counter() + 60 * max_minutes,
            _seed(estimator.random_state, folder if resume else None),
        )

    @property
    def keeps_scaling(self) -> bool:
        """Whether the parent's scaling is used."""
        return self.parent is not None and not self.rescale

    @property
    def identity(self) -> dict[str, Any]:
        """What a resumed training has in common with its beginning, besides data and parameters."""
        if self.parent is None:
            return {}
        return {"warm_start": weights_digest(self.parent._weights()), "rescale": self.rescale}

    def start(self, make: Callable[[], Network]) -> Network:
        """Make a network from the seed, and give it the parent's weights, if there is one.

        Raises:
            ArgumentError: they are of other shapes.
        """
        with reproducible(self.seed):
            network = make()
        if self.parent is None:
            return network
        try:
            network.load_state_dict(self.parent._weights())
        except RuntimeError as error:
            raise ArgumentError(
                "warm_start: the network of the model has other weights than this fit needs; give data of the same "
                "form and the same parameters"
            ) from error
        return network

    def lineage(self, before: float | None = None, after: float | None = None) -> dict[str, Any]:
        """What the provenance says of the parent: nothing without one.

        Args:
            before, after: validation loss of the parent and of the new model, on the new data; None without validation.
        """
        if self.parent is None:
            return {}
        made = self.parent.provenance_
        told = {
            "file": self.parent._file,
            "weights_sha256": weights_digest(self.parent._weights()),
            "date": made["date"],
            "rescaled": self.rescale,
        }
        if before is not None:
            told["validation_loss"] = before
        if before is not None and after is not None and after > (1 + _WORSE) * before:
            note(
                f"on the validation part of the new data the model that this one began from was better: a loss of "
                f"{before:.4f}, and {after:.4f} now; a lower learning rate changes it less"
            )
        return {"parent": told | ({"parent": made["parent"]} if "parent" in made else {})}


def _seed(random_state: int | np.random.RandomState | None, resumed: Path | None) -> int:
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    seed = None if resumed is None else kept_seed(resumed)
    return int(check_random_state(random_state).randint(2**31 - 1)) if seed is None else seed


def parent_of(kind: type[Fitted], warm_start: Any, *, what: str = "warm_start") -> Fitted:
    """Return the fitted model that a ``warm_start`` is, read from its file if it is a path.

    Args:
        kind: of the estimator that is about to be fitted.
        warm_start: a fitted one, or a path.
        what: the argument that it is, for messages.

    Raises:
        ArgumentError: it is something else.
        FileFormatError: a file that cannot be read.
    """
    name = kind.__name__
    if isinstance(warm_start, (str, os.PathLike)):
        path = Path(warm_start)
        arrays, document = files.read(path)
        if document.get("task") == kind.TASK:
            return kind.of_file(path, arrays, document)
        warm_start = f"a file for {document.get('task')!r} ({path.name})"
    if not isinstance(warm_start, kind):
        came = type(warm_start).__name__ if hasattr(warm_start, "get_params") else warm_start
        came = came if isinstance(came, str) else repr(came)
        file = getattr(warm_start, "_file", None)
        raise ArgumentError(
            f"{what}: expected {_article(name)} {name} that was fitted, or the path of its file, got {came}"
            f"{f' ({file})' if file else ''}; give a model that the same estimator has made"
        )
    if not hasattr(warm_start, "_fitted_params"):
        raise ArgumentError(f"{what}: expected a fitted {name}, got one that is not; fit it first")
    return warm_start


def check_shapes(
    estimator: Trainable, parent: Trainable, *, what: str = "warm_start", named: Callable[[str], str] = str
) -> None:
    """Refuse parameters that give the network other weights than those of a parent.

    Args:
        estimator: about to be fitted.
        parent: fitted.
        what: the argument that names the parent, for messages.
        named: what a parameter is called there.

    Raises:
        ArgumentError: every parameter that differs.
    """
    then, now = parent._shapes(parent._fitted_params), estimator._shapes(estimator.get_params())
    problems = Problems(f"{what}: the model has other parameters, which its weights have been learnt with")
    for name, value in now.items():
        if value != then[name]:
            problems.add(f"{named(name)} is {then[name]!r} there, got {value!r}")
    if problems.found:
        problems.found[-1] += "; leave them as they are there, or fit anew"
    problems.raise_as(ArgumentError)


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """The SHA-256 of a network's weights: of the names in their order, each followed by its values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].detach()
        digest.update(name.encode() + value.to(torch.device("cpu")).contiguous().numpy().tobytes())
    return digest.hexdigest()


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"
