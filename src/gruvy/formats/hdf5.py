"""Arrays in an HDF5 file that comes from elsewhere: nothing is followed out of it, and nothing claimed is allocated."""

from __future__ import annotations

import io
from pathlib import Path
from types import TracebackType

import numpy as np

from gruvy.errors import FileFormatError, MissingExtraError
from gruvy.formats.base import Array

_MOST = 100_000
_DEEPEST = 40


class Weights:
    """An open HDF5 file, from its bytes.

    Raises:
        FileFormatError: it is damaged.
        MissingExtraError: h5py is not installed.
    """

    def __init__(self, data: bytes, path: Path):
        try:
            import h5py
        except ModuleNotFoundError as error:
            raise MissingExtraError("a .keras or .h5 file", "keras", error.name) from error
        self._h5py = h5py
        self._path = path
        self._left = len(data)  # bytes; several names may lead to the same array
        try:
            self._file = h5py.File(io.BytesIO(data), "r")
        except Exception as error:  # h5py raises OSError, RuntimeError or ValueError
            raise self._damaged(error) from error

    def __enter__(self) -> Weights:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def arrays(self, group: str) -> list[Array]:
        """Return the arrays 0, 1, 2 ... of a group.

        Raises:
            FileFormatError: the group is missing, or an array's bytes are not all in the file.
        """
        try:
            found = self._file
            for name in group.split("/"):
                found = self._within(found, name)
            return [self._array(self._within(found, str(number))) for number in range(len(found))]
        except FileFormatError:
            raise
        except Exception as error:  # as above, at any byte of a damaged file
            raise self._damaged(error) from error

    def attribute(self, name: str) -> str | None:
        """Return a text that stands at the file's root, or None."""
        try:
            value = self._file.attrs.get(name)
        except Exception as error:  # as above
            raise self._damaged(error) from error
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)

    def datasets(self) -> dict[str, tuple[int, ...]]:
        """Return the path and the shape of every array, without following links.

        Raises:
            FileFormatError: the file is damaged, or holds more than a model has.
        """
        found: dict[str, tuple[int, ...]] = {}
        waiting = [("", self._file)]
        try:
            while waiting:
                path, group = waiting.pop()
                for name in group:
                    if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
                        continue
                    inner = f"{path}/{name}" if path else str(name)
                    each = group[name]
                    if isinstance(each, self._h5py.Dataset):
                        found[inner] = tuple(each.shape or ())
                    elif inner.count("/") < _DEEPEST:
                        waiting.append((inner, each))
                    if len(found) + len(waiting) > _MOST:
                        raise FileFormatError(f"{self._path}: holds more than {_MOST:,} arrays and groups")
        except FileFormatError:
            raise
        except Exception as error:  # as above
            raise self._damaged(error) from error
        return dict(sorted(found.items()))

    def array(self, path: str) -> Array:
        """Return one array by its path, as `arrays` does."""
        folder, _, name = path.rpartition("/")
        try:
            group = self._file
            for part in folder.split("/") if folder else ():
                group = self._within(group, part)
            return self._array(self._within(group, name))
        except FileFormatError:
            raise
        except Exception as error:  # as above
            raise self._damaged(error) from error

    def _within(self, group: object, name: str) -> object:
        h5py = self._h5py
        # Soft and external links could lead to other files.
        if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise FileFormatError(f"{self._path}: has no {name!r} where Keras 3 keeps the weights of a GRU layer")
        return group[name]

    def _array(self, dataset: object) -> Array:
        h5py = self._h5py
        if not isinstance(dataset, h5py.Dataset):
            raise FileFormatError(f"{self._path}: expected an array among the weights, found a group")
        if dataset.is_virtual or dataset.external or dataset.id.get_storage_size() != dataset.nbytes:
            raise FileFormatError(
                f"{self._path}: {dataset.name} claims {dataset.nbytes} bytes and has {dataset.id.get_storage_size()}"
            )
        self._left -= dataset.nbytes
        is_bfloat16 = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2  # which HDF5 lacks
        if (dataset.dtype.kind != "f" and not is_bfloat16) or self._left < 0:
            raise FileFormatError(f"{self._path}: {dataset.name} is not an array of weights of its own")
        array: Array = dataset[()]
        if is_bfloat16:
            array = (
                (np.frombuffer(array.tobytes(), "<u2").astype(np.uint32) << 16).view(np.float32).reshape(array.shape)
            )
        return array

    def _damaged(self, error: Exception) -> FileFormatError:
        reason = str(error).partition("\n")[0]
        return FileFormatError(f"{self._path}: its weights are damaged ({reason}); copy it again")
