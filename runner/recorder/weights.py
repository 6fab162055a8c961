"""Safetensors files of an agent: what their headers say, and how far they are from the base.

They are read, not mapped: a mapped file that its owner cuts short ends the reader with SIGBUS.
So the library, which maps, is used only on files that the agent cannot write.
Format: https://huggingface.co/docs/safetensors (8 bytes of little-endian length, JSON header, tensor data).
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAX_HEADER_BYTES: Final = 100 << 20
"""The format's own limit."""
_MAX_DIMENSIONS: Final = 64
_CHUNK: Final = 1 << 20
"""Elements compared at a time."""
_DTYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Tensor(NamedTuple):
    """Where one tensor lies: an open file, and bytes in it."""

    fd: int
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


class Weights:
    """The tensors of all ``*.safetensors`` directly in a directory, by name.

    Raises ``OSError`` when a file cannot be read, ``ValueError`` when one is not what it says.
    """

    def __init__(self, folder: Path) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.bytes = 0
        with ExitStack() as stack:
            for path in sorted(folder.glob("*.safetensors")):
                fd = os.open(path, _OPEN)
                stack.callback(os.close, fd)
                self._add(fd)
            self._stack = stack.pop_all()

    def _add(self, fd: int) -> None:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("no regular file")
        length = int.from_bytes(_exactly(fd, 8, 0), "little")
        if not 0 < length <= min(_MAX_HEADER_BYTES, found.st_size):
            raise ValueError("no safetensors header")
        header: dict[str, Any] = msgspec.json.decode(_exactly(fd, length, 8), type=dict[str, Any])
        header.pop("__metadata__", None)
        for name, entry in msgspec.convert(header, dict[str, _Entry]).items():
            start, end = (offset + 8 + length for offset in entry.data_offsets)
            if not 8 + length <= start <= end <= found.st_size:
                raise ValueError(f"{name}: lies outside the file")
            if not _may_hold(end - start, entry.shape):
                raise ValueError(f"{name}: has no room for its shape")
            self.tensors[name] = Tensor(fd, entry.dtype, tuple(entry.shape), start, end)
            self.bytes += end - start

    @property
    def n_params(self) -> int:
        """Elements of all tensors."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())

    def close(self) -> None:
        """Close the files."""
        self._stack.close()


def _may_hold(size: int, shape: list[int]) -> bool:
    """Whether so many bytes can be a tensor of this shape; the smallest elements take a bit."""
    if len(shape) > _MAX_DIMENSIONS or min(shape, default=0) < 0:
        return False
    return math.prod(shape) <= 8 * size


def same_as(model: Weights, base: Weights) -> bool:
    """Whether names, types, shapes and bytes of all tensors are equal."""
    if model.tensors.keys() != base.tensors.keys():
        return False
    pairs = [(tensor, base.tensors[name]) for name, tensor in model.tensors.items()]
    if any((a.dtype, a.shape, a.end - a.start) != (b.dtype, b.shape, b.end - b.start) for a, b in pairs):
        return False
    return all(x == y for a, b in pairs for x, y in zip(_chunks(a, 8), _chunks(b, 8), strict=True))


def delta_l2_rel(model: Weights, base: Weights) -> float | None:
    """L2 norm of (model - base) over that of the base, all tensors as one vector, in float64.

    Null when names or shapes differ, a type has no float64 values here, or the result is not finite.
    """
    if not base.tensors or model.tensors.keys() != base.tensors.keys():
        return None
    difference = norm = 0.0
    for name, tensor in model.tensors.items():
        other = base.tensors[name]
        if tensor.shape != other.shape or not {tensor.dtype, other.dtype} <= _DTYPES.keys():
            return None
        for x, y in zip(_values(tensor), _values(other), strict=True):
            difference += float(np.square(x - y).sum())
            norm += float(np.square(y).sum())
    result = math.sqrt(difference / norm) if norm > 0 else math.nan
    return result if math.isfinite(result) else None


def _values(tensor: Tensor) -> Iterator[npt.NDArray[np.float64]]:
    dtype = np.dtype(_DTYPES[tensor.dtype])
    if tensor.end - tensor.start != dtype.itemsize * math.prod(tensor.shape):
        raise ValueError("a tensor's bytes do not fit its shape")
    for chunk in _chunks(tensor, dtype.itemsize):
        values = np.frombuffer(chunk, dtype)
        if tensor.dtype == "BF16":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        yield values.astype(np.float64)


def _chunks(tensor: Tensor, itemsize: int) -> Iterator[bytes]:
    for start in range(tensor.start, tensor.end, _CHUNK * itemsize):
        yield _exactly(tensor.fd, min(_CHUNK * itemsize, tensor.end - start), start)


def _exactly(fd: int, size: int, offset: int) -> bytes:
    parts = []
    while size:
        part = os.pread(fd, size, offset)
        if not part:
            raise ValueError("the file ends too early")
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return b"".join(parts)
