"""What all estimators have in common: the seed, the training, and what a resumed one must be like."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from torch import nn

from gruvy.errors import ArgumentError
from gruvy.tasks.provenance import provenance
from gruvy.training import Batches, Loss, Progress, Schedule, train
from gruvy.training.checkpoint import kept_seed


class Estimator(BaseEstimator):
    """An estimator whose network is trained by `gruvy.training.train`.

    Attributes:
        history_: one row per epoch: epoch, train_loss, validation_loss, seconds.
        best_epoch_: whose weights are in use.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: share of the training steps' time that is the model's own work.
        provenance_: versions, machine, threads, date, seed, and what the estimator adds of its data.
    """

    random_state: int | np.random.RandomState | None
    history_: list[dict[str, float]]
    best_epoch_: int
    seconds_per_epoch_: float
    peak_memory_bytes_: int
    model_share_: float | None
    provenance_: dict[str, Any]

    # As they were in the fit: what is set later holds from the next one on.
    _fitted_params: dict[str, Any]

    def _seed(self, checkpoint: str | os.PathLike[str] | None, resume: bool) -> int:
        """The seed of a fit: the random state, if it is one; that of the training to go on with; or a new one."""
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        kept = kept_seed(Path(checkpoint)) if checkpoint is not None and resume else None
        return int(check_random_state(self.random_state).randint(2**31 - 1)) if kept is None else kept

    def _train(
        self,
        network: nn.Module,
        loss: Loss,
        training: Batches,
        validation: Batches,
        schedule: Schedule,
        *,
        seed: int,
        checkpoint: str | os.PathLike[str] | None,
        resume: bool,
        identity: Mapping[str, Any],
        progress: Callable[[Progress], None] | None,
        facts: Mapping[str, Any],
    ) -> None:
        """Train a network, and keep what the run leaves beside its weights, with ``facts`` of the data."""
        result = train(
            network,
            loss,
            training,
            validation,
            schedule,
            seed=seed,
            checkpoint=None if checkpoint is None else Path(checkpoint),
            resume=resume,
            identity=identity,
            progress=progress,
        )
        self._fitted_params = self.get_params()
        self.history_ = result.history
        self.best_epoch_ = result.best_epoch
        self.seconds_per_epoch_ = result.seconds_per_epoch
        self.peak_memory_bytes_ = result.peak_memory_bytes
        self.model_share_ = result.model_share
        self.provenance_ = {**provenance(), "seed": result.seed, **facts}

    def _identity(
        self, data: Iterable[NDArray[Any] | str], *, left_out: Iterable[str] = (), **facts: Any
    ) -> dict[str, Any]:
        """What a resumed fit must have in common with the one that was interrupted.

        Args:
            data: all that is learnt from, or that chooses the best epoch.
            left_out: parameters that have no part in the training.
            facts: whatever else has to be the same, as plain JSON.
        """
        digest = hashlib.sha256()
        for one in data:
            content = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one.tobytes()
            digest.update(np.int64(len(content)).tobytes() + content)
        params = {
            name: repr(value.item() if isinstance(value, np.generic) else value)
            for name, value in self.get_params().items()
            if name not in left_out
        }
        if not isinstance(self.random_state, (int, np.integer)):  # the seed that it gave is in the state
            params.pop("random_state", None)
        return {**params, **facts, "data (sha256)": digest.hexdigest()}

    def _saved_params(self, *current: str) -> dict[str, Any]:
        """Return the parameters of the fit as plain JSON, for the estimator's file.

        Args:
            current: names of parameters that have no part in the fit, whose values of now are saved.
        """
        params = {**self._fitted_params, **{name: getattr(self, name) for name in current}}
        if not isinstance(params["random_state"], (int, np.integer)):  # the seed that was drawn is in the provenance
            params["random_state"] = None
        return {name: plain(value) for name, value in params.items()}


def plain(value: Any) -> Any:
    """Return a parameter as plain JSON: NumPy's scalars become Python's, and a mapping, whose keys JSON wants as text,
    a list of pairs."""
    if isinstance(value, Mapping):
        return [[plain(key), plain(one)] for key, one in value.items()]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def check_resume(checkpoint: str | os.PathLike[str] | None, resume: bool) -> None:
    """Refuse to resume from nowhere.

    Raises:
        ArgumentError: ``resume`` without a ``checkpoint``.
    """
    if resume and checkpoint is None:
        raise ArgumentError("resume=True: expected checkpoint, the folder of the training to go on with, got None")
