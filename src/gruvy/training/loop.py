"""Lightning's loop without its noise."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning

from gruvy.training.interruption import StoppedError
from gruvy.training.module import Batches, Schedule, TrainingModule


def run_loop(module: TrainingModule, training: Batches, validation: Batches, schedule: Schedule, **how: Any) -> None:
    """Let Lightning run; nothing of the loop's own state outlives the call."""
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        gradient_clip_val=schedule.clip_norm,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **how,
    )
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, training, validation)
    except SystemExit as end:
        # Lightning turns Ctrl-C into exit(1) and leaves SIGINT ignored; the caller is to see the
        # KeyboardInterrupt.
        if isinstance(end.__context__, KeyboardInterrupt):
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, interrupt)
            raise end.__context__ from None
        if module.interruption.wanted:  # it looks for SIGTERM by itself, which the command line takes as Ctrl-C
            raise StoppedError from None
        raise


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back Lightning's remarks on devices and reasons to stop, and a warning about its own code."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 uses a class that torch 2.13 has deprecated.
            warnings.filterwarnings("ignore", message=r".*LeafSpec.* is deprecated", category=FutureWarning)
            yield
    finally:
        logger.setLevel(level)
