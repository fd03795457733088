"""Folders and sharded files: which file in them has the weights, and the shards that an index names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gruvy.errors import FileFormatError, note

# As Hugging Face, accelerate, Keras and Lightning call them; the first that is there.
_USUAL = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model.onnx",
    "model.keras",
    "model.weights.h5",
)
_ENDINGS = (".gruvy", ".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".index.json", ".npz", ".keras", ".h5", ".onnx")
# Beside the weights, and none themselves.
_BESIDE = ("optimizer", "scheduler", "scaler", "random_states", "rng_state", "training_args", "sampler", "tokenizer")
# Files that tell what else a folder is -> what it is, and what to do.
_STRANGERS = {
    "saved_model.pb": "a TensorFlow SavedModel; load it with keras and save it as .keras",
    "_CHECKPOINT_METADATA": "an Orbax checkpoint; restore it with orbax and give gruvy.formats.read the tree of arrays",
    "_METADATA": "an Orbax checkpoint; restore it with orbax and give gruvy.formats.read the tree of arrays",
    ".metadata": "a distributed checkpoint of PyTorch; make one file of it with "
    "python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt",
    "checkpoint": "a TensorFlow checkpoint; load it with keras and save it as .keras",
}


def file_in(folder: Path) -> Path:
    """Return the file of weights in a folder, and say which it is.

    Raises:
        FileFormatError: there is none, or there are several.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    usual = [name for name in _USUAL if name in names]
    candidates = [name for name in names if name.endswith(_ENDINGS) and not name.startswith(_BESIDE)]
    if not usual and len(candidates) == 1:
        usual = candidates
    if usual:
        note(f"{folder}: a folder; {usual[0]} in it is read")
        return folder / usual[0]
    for name, what in _STRANGERS.items():
        if (folder / name).exists():
            raise FileFormatError(f"{folder}: {what}")
    if candidates:
        raise FileFormatError(f"{folder}: a folder with several files of weights; give one of {', '.join(candidates)}")
    there = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    raise FileFormatError(f"{folder}: a folder without a file of weights (in it: {there}); give the file")


@contextmanager
def shards(
    index: Path, opened: Callable[[Path], AbstractContextManager[Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Give the arrays of all shards that an index of Hugging Face names, ``opened`` being what opens one.

    Raises:
        FileFormatError: it is no such index, or a shard or an array of it is missing.
    """
    try:
        places = json.loads(index.read_bytes())["weight_map"]
        files = {str(name): str(file) for name, file in places.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(f"{index}: no index of shards, which has a weight_map of names to files") from error
    with ExitStack() as stack:
        parts: dict[str, Mapping[str, Any]] = {}
        for file in dict.fromkeys(files.values()):
            path = index.parent / file
            if Path(file).name != file or file.endswith(".index.json") or not path.is_file():
                raise FileFormatError(f"{index}: names the shard {file!r}, which is not beside it; copy it there")
            parts[file] = stack.enter_context(opened(path))
        lost = [name for name, file in files.items() if name not in parts[file]]
        if lost:
            raise FileFormatError(f"{index}: {lost[0]} is not in {files[lost[0]]}, where it should be; copy both again")
        yield {name: parts[file][name] for name, file in files.items()}
