"""Models that appear in the workspace: which files, and what they say of themselves."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.recorder import rules
from posttrace.runner.recorder.listing import cut
from posttrace.runner.recorder.scan import Key, key_of
from posttrace.runner.recorder.weights import Weights, delta_l2_rel, same_as
from posttrace.traces.errors import InputError
from posttrace.traces.events import ArtifactObserved, Event, ModelInfo
from posttrace.traces.text import as_text

MAX_COMPARED_BYTES: Final = 8 << 30
"""Larger models are not compared with the base: it takes seconds a GiB."""
MAX_CONFIG_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 16

Fingerprint = tuple[tuple[str, Key], ...]


class Artifacts:
    """Looks for directories with ``*.safetensors``; what is there when it is made is not reported.

    A directory is reported when two scans in a row found its own files the same, and again after each change.
    Not thread-safe.
    """

    def __init__(self, workspace: Path, base_dir: Path, *, write: Callable[[Event], object]) -> None:
        self._workspace = workspace
        self._base_dir = base_dir
        self._write = write
        self._last = dict(model_folders(workspace))
        self._reported = dict(self._last)

    def scan(self, *, last: bool = False) -> None:
        """Report what is new and stable; at the ``last`` scan, whatever is new.

        Raises ``OSError`` or ``InputError`` when one directory could not be hashed; the others were reported.
        """
        found = dict(model_folders(self._workspace))
        failed: Exception | None = None
        for folder, state in found.items():
            if state == self._reported.get(folder) or not (last or state == self._last.get(folder)):
                continue
            self._reported[folder] = state
            try:
                self._report(folder, state)
            except (OSError, InputError) as error:
                failed = error
        self._last = found
        if failed is not None:
            raise failed

    def _report(self, folder: Path, state: Fingerprint) -> None:
        _, files = hash_directory(folder)
        newest = max(key[3] for name, key in state if name.endswith(".safetensors"))
        kept, omitted = cut(files)
        event = ArtifactObserved(
            path=as_text(os.path.relpath(folder, self._workspace))[0],
            files=kept,
            model=describe(folder, self._base_dir),
            mtime=_timestamp(newest),
        )
        if omitted:
            event.extra = {"files_omitted": omitted}
        self._write(event)


def model_folders(workspace: Path) -> Iterator[tuple[Path, Fingerprint]]:
    """Directories with weights and the state of their own files; links are not followed."""
    depth = len(workspace.parts)
    for parent, folders, names in os.walk(workspace):
        here = Path(parent)
        folders[:] = [
            name
            for name in folders
            if len(here.parts) - depth < MAX_DEPTH and rules.skip_directory(name, frozenset()) is None
        ]
        if any(name.endswith(".safetensors") for name in names):
            state = tuple(_states(here, names))
            if any(name.endswith(".safetensors") for name, _ in state):
                yield here, state


def _states(folder: Path, names: list[str]) -> Iterator[tuple[str, Key]]:
    for name in sorted(names):
        try:
            found = (folder / name).lstat()
        except OSError:  # it vanished
            continue
        if stat.S_ISREG(found.st_mode):
            yield name, key_of(found)


def _timestamp(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def describe(folder: Path, base_dir: Path) -> ModelInfo:
    """What a checkpoint says of itself; null where that cannot be read. Content never makes it raise."""
    info = ModelInfo(
        architecture=_architecture(folder / "config.json"),
        n_params=None,
        adapter=(folder / "adapter_config.json").exists(),
        same_as_base=None,
        delta_l2_rel=None,
    )
    try:
        with closing(Weights(folder)) as model:
            info.n_params = model.n_params
            if model.bytes <= MAX_COMPARED_BYTES:
                with closing(Weights(base_dir)) as base, np.errstate(all="ignore"):
                    info.same_as_base = same_as(model, base)
                    info.delta_l2_rel = 0.0 if info.same_as_base else delta_l2_rel(model, base)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError):  # cut short, corrupt, or replaced
        return info
    return info


def _architecture(config: Path) -> str | None:
    try:
        with open(os.open(config, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            values: Any = msgspec.json.decode(file.read(MAX_CONFIG_BYTES))
    except (OSError, RecursionError, msgspec.MsgspecError):
        return None
    if not isinstance(values, dict):
        return None
    names = values.get("architectures")
    first = names[0] if isinstance(names, list) and names else values.get("model_type")
    return first if isinstance(first, str) else None
