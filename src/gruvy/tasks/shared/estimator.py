"""What all estimators have in common: the rules of their parameters, the training, the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from gruvy import files
from gruvy.errors import ArgumentError, FileFormatError, MissingExtraError, note
from gruvy.tasks.shared.params import SHARED, Rule, check_arguments
from gruvy.tasks.shared.provenance import provenance
from gruvy.tasks.shared.run import Run
from gruvy.tasks.shared.weights import network_arrays, set_network
from gruvy.timeseries import Problems
from gruvy.training import Batches, Loss, Progress, Schedule, mean_loss, train

# How a note says what ended a training.
_WHY = {"Ctrl-C": "by Ctrl-C", "time": "because its time was up,"}
# What a training has at least, where the caller does not say.
_EPOCHS = 10
_STEPS = 500
_PATIENCE = 3

Arrays = dict[str, NDArray[Any]]
Document = dict[str, Any]


class Estimator(BaseEstimator):
    """An estimator whose network is trained by `gruvy.training.train`.

    A subclass declares its parameters' rules, which of them shape the network, and its fitted attributes; and gives
    ``_state`` and ``_restore``, the two sides of its file.

    Attributes:
        history_: one row per epoch: epoch, train_loss, validation_loss, seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        provenance_: versions, machine, threads, date, seed, and what the estimator adds of its data; ``parent``, the
            model that a warm start began from; ``stopped``, what ended the training before its last epoch.
    """

    # What a file says that it holds; its name in `gruvy.tasks.catalogue`.
    TASK: ClassVar[str]
    # Parameter -> what it may be; those that all estimators have with the same meaning are in `params.SHARED`.
    _rules: ClassVar[Mapping[str, Rule]] = {}
    # The parameters that decide on the shapes of the network's weights, or on what they mean.
    _shaping: ClassVar[tuple[str, ...]]
    # The parameters that have no part in the training: a resumed one may have others, and a file has the latest values.
    _free: ClassVar[tuple[str, ...]] = ()
    # The fitted attributes that are plain JSON as they are.
    _fitted: ClassVar[tuple[str, ...]] = (
        "history_",
        "best_epoch_",
        "seconds_per_epoch_",
        "peak_memory_bytes_",
        "model_share_",
        "provenance_",
    )

    random_state: int | np.random.RandomState | None
    history_: list[dict[str, float]]
    best_epoch_: int
    n_parameters_: int
    seconds_per_epoch_: float
    peak_memory_bytes_: int
    model_share_: float | None
    provenance_: dict[str, Any]

    # As they were in the fit: what is set later holds from the next one on.
    _fitted_params: dict[str, Any]
    # The name of the file that it was loaded from.
    _file: str | None = None
    # What was trained.
    _network: nn.Module

    # The file

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fitted model to a .gruvy file; `gruvy.load` reads it back.

        Args:
            path: the file to write; an existing one is replaced.

        Returns:
            The path written.
        """
        check_is_fitted(self)
        arrays, document = self._state()
        fitted = {name: getattr(self, name) for name in self._fitted}
        return files.write(
            path,
            arrays,
            {
                "task": self.TASK,
                "params": self._saved_params(),
                **document,
                "fitted": {**fitted, **document.get("fitted", {})},
            },
        )

    @classmethod
    def of_file(cls, path: Path, arrays: Arrays, document: Document) -> Self:
        """Put a fitted estimator together from the content of its file.

        Raises:
            FileFormatError: parts are missing or do not fit each other.
            MissingExtraError: a package that this estimator needs is missing.
        """
        try:
            rules = cls._all_rules()
            estimator = cls(**{name: rules[name].of_json(value) for name, value in document["params"].items()})
            for name in cls._fitted:
                setattr(estimator, name, document["fitted"][name])
            estimator._restore(arrays, document)
        except (FileFormatError, MissingExtraError):
            raise
        except Exception as error:  # whatever a library raises for a part that it cannot read
            raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
        estimator._fitted_params = estimator.get_params()
        estimator._file = path.name
        return estimator

    def _state(self) -> tuple[Arrays, Document]:
        """What `_restore` needs besides the parameters and the attributes of `_fitted`."""
        raise NotImplementedError

    def _restore(self, arrays: Arrays, document: Document) -> None:
        """Take over what `_state` gave; the parameters and the attributes of `_fitted` are there already."""
        raise NotImplementedError

    def _weights(self) -> dict[str, Tensor]:
        """The weights of the fitted network, as a warm start begins with them."""
        weights: dict[str, Tensor] = self._network.state_dict()
        return weights

    def _network_arrays(self) -> Arrays:
        """The weights of the fitted network, as a file has them."""
        return network_arrays(self._network)

    def _set_network(self, network: nn.Module, arrays: Arrays | None = None) -> None:
        """Take over a trained network, or one that gets its weights from the arrays of a file."""
        if arrays is not None:
            set_network(network, arrays)
        self._network = network.eval()
        self.n_parameters_ = sum(weight.numel() for weight in network.parameters())

    def _saved_params(self) -> dict[str, Any]:
        """The parameters of the fit as plain JSON."""
        params = {**self._fitted_params, **{name: getattr(self, name) for name in self._free}}
        if not isinstance(params["random_state"], (int, np.integer)):  # the seed that was drawn is in the provenance
            params["random_state"] = None
        return {name: plain(value) for name, value in params.items()}

    # The parameters

    @classmethod
    def _all_rules(cls) -> Mapping[str, Rule]:
        return {**SHARED, **cls._rules}

    def check_params(self) -> None:
        """Refuse parameters that cannot work; ``fit`` does it too.

        Raises:
            ArgumentError: every parameter with a wrong type or value.
        """
        params = self.get_params()
        rules = self._all_rules()
        problems = check_arguments(type(self).__name__, rules, params)
        self._check_together({name: value for name, value in params.items() if rules[name].holds(value)}, problems)
        problems.raise_as(ArgumentError)

    def _check_together(self, params: Mapping[str, Any], problems: Problems) -> None:
        """Note parameters that cannot work together; ``params`` has those that could alone."""

    def _shapes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those of these parameters that a model has to share with one whose weights it begins with."""
        return {name: params[name] for name in self._shaping}

    # The training

    def _begin(
        self,
        checkpoint: str | os.PathLike[str] | None,
        resume: bool,
        progress: Callable[[Progress], None] | None,
        warm_start: Any,
        max_minutes: float | None,
        *,
        rescale: bool = False,
    ) -> Run[Self]:
        """Check the parameters, and what every ``fit`` is given of how it is to go."""
        self.check_params()
        return Run.of(
            self,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
            warm_start=warm_start,
            rescale=rescale,
            max_minutes=max_minutes,
        )

    def _schedule(self, batches: int) -> Schedule:
        """The most epochs, the patience and the learning rate of a training.

        Args:
            batches: of an epoch. Where ``max_epochs`` is None there are as many epochs as make enough training steps;
                where ``patience`` is, a fifth of the epochs.
        """
        params = self.get_params()
        epochs = params["max_epochs"] or max(_EPOCHS, -(-_STEPS // batches))
        return Schedule(epochs, params["patience"] or max(_PATIENCE, epochs // 5), params["learning_rate"])

    def _train(
        self,
        run: Run[Self],
        network: nn.Module,
        loss: Loss,
        training: Batches,
        validation: Batches,
        *,
        identity: Mapping[str, Any],
        facts: Mapping[str, Any],
    ) -> None:
        """Train a network, and keep what the run leaves beside its weights.

        Args:
            identity: what a resumed training has to have in common with this one; see `_identity`.
            facts: what the provenance says of the data.
        """
        before = None if run.parent is None else mean_loss(network, loss, validation)
        result = train(
            network,
            loss,
            training,
            validation,
            self._schedule(len(training)),
            seed=run.seed,
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
        self._note_end(run, "epoch", result.best_epoch, result.planned_epochs, result.stopped)

    def _note_end(self, run: Run[Self], what: str, best: int, planned: int, stopped: str) -> None:
        """Say, and write into the provenance, where a training has ended before its time."""
        if run.deadline is not None:
            self.provenance_[f"planned_{what}s"] = planned
        if stopped:
            self.provenance_["stopped"] = stopped
            note(
                f"the training was stopped {_WHY[stopped]} after {len(self.history_)} of {planned} {what}s; the model "
                f"is that of {what} {best}{', the best so far' if what == 'epoch' else ''}"
            )

    def _identity(self, data: Iterable[NDArray[Any] | str], **facts: Any) -> dict[str, Any]:
        """What a resumed fit must have in common with the one that was interrupted.

        Args:
            data: all that is learnt from, or that chooses the best epoch.
            facts: whatever else has to be the same, as plain JSON.
        """
        digest = hashlib.sha256()
        for one in data:
            content = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one.tobytes()
            digest.update(np.int64(len(content)).tobytes() + content)
        params = {
            name: repr(value.item() if isinstance(value, np.generic) else value)
            for name, value in self.get_params().items()
            if name not in self._free
        }
        if not isinstance(self.random_state, (int, np.integer)):  # the seed that it gave is in the state
            params.pop("random_state", None)
        return {**params, **facts, "data (sha256)": digest.hexdigest()}


def plain(value: Any) -> Any:
    """Return a parameter as plain JSON: NumPy's scalars become Python's, and a mapping, whose keys JSON wants as text,
    a list of pairs."""
    if isinstance(value, Mapping):
        return [[plain(key), plain(one)] for key, one in value.items()]
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
