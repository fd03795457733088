"""What all estimators have in common: the seed, the training, and what a resumed one must be like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from torch import Tensor, nn

from gruvy.errors import note
from gruvy.tasks.provenance import provenance
from gruvy.tasks.run import Run
from gruvy.training import Batches, Loss, Schedule, mean_loss, train
from gruvy.training.checkpoint import kept_seed

# How a note says what ended a training.
_WHY = {"Ctrl-C": "by Ctrl-C", "time": "because its time was up,"}


class Estimator(BaseEstimator):
    """An estimator whose network is trained by `gruvy.training.train`.

    Attributes:
        history_: one row per epoch: epoch, train_loss, validation_loss, seconds.
        best_epoch_: whose weights are in use.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: share of the training steps' time that is the model's own work.
        provenance_: versions, machine, threads, date, seed, and what the estimator adds of its data; ``parent``, the
            model that a warm start began from; ``stopped``, what ended the training before its last epoch.
    """

    # The parameters that decide on the shapes of the network's weights, or on what they mean.
    _shaping: ClassVar[tuple[str, ...]]

    random_state: int | np.random.RandomState | None
    history_: list[dict[str, float]]
    best_epoch_: int
    seconds_per_epoch_: float
    peak_memory_bytes_: int
    model_share_: float | None
    provenance_: dict[str, Any]

    # As they were in the fit: what is set later holds from the next one on.
    _fitted_params: dict[str, Any]
    # The name of the file that it was loaded from.
    _file: str | None = None
    # What the fit has left: the network and what stands before and after it.
    _model: Any

    def _weights(self) -> dict[str, Tensor]:
        """The weights of the fitted network, as a warm start begins with them."""
        weights: dict[str, Tensor] = self._model.network.state_dict()
        return weights

    def _shapes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those of these parameters that a model has to share with one whose weights it begins with."""
        return {name: params[name] for name in self._shaping}

    def _seed(self, run: Run[Self]) -> int:
        """The seed of a fit: the random state, if it is one; that of the training to go on with; or a new one."""
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        kept = kept_seed(run.checkpoint) if run.checkpoint is not None and run.resume else None
        return int(check_random_state(self.random_state).randint(2**31 - 1)) if kept is None else kept

    def _train(
        self,
        network: nn.Module,
        loss: Loss,
        training: Batches,
        validation: Batches,
        schedule: Schedule,
        *,
        run: Run[Self],
        seed: int,
        identity: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> None:
        """Train a network, and keep what the run leaves beside its weights, with ``facts`` of the data."""
        before = None if run.parent is None else mean_loss(network, loss, validation)
        result = train(
            network,
            loss,
            training,
            validation,
            schedule,
            seed=seed,
            checkpoint=run.checkpoint,
            resume=run.resume,
            identity={**identity, **run.identity},
            progress=run.progress,
            deadline=run.deadline,
        )
        self._fitted_params = self.get_params()
        self.history_ = result.history
        self.best_epoch_ = result.best_epoch
        self.seconds_per_epoch_ = result.seconds_per_epoch
        self.peak_memory_bytes_ = result.peak_memory_bytes
        self.model_share_ = result.model_share
        after = result.history[result.best_epoch - 1]["validation_loss"]
        self.provenance_ = {**provenance(), "seed": result.seed, **facts, **run.lineage(before, after)}
        self._keep_end(run, "epoch", result.best_epoch, result.planned_epochs, result.stopped)

    def _keep_end(self, run: Run[Self], what: str, kept: int, planned: int, stopped: str) -> None:
        """Say, and keep in the provenance, where a training has ended before its time."""
        if run.deadline is not None:
            self.provenance_[f"planned_{what}s"] = planned
        if stopped:
            self.provenance_["stopped"] = stopped
            note(
                f"the training was stopped {_WHY[stopped]} after {len(self.history_)} of {planned} {what}s; the model "
                f"is that of {what} {kept}{', the best so far' if what == 'epoch' else ''}"
            )

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
