"""The files of a report: where they go, and how they appear, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from posttrace.traces.errors import InputError


def check_folder(page: Path) -> None:
    """Make the folder of ``page`` and try that it takes files, before the long work.

    Raises ``InputError`` when it does not, or when ``page`` is a folder itself.
    """
    if page.is_dir():
        raise InputError(f"{page} is a folder: give the name of a file in it")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=page.parent):
            pass
    except OSError as error:
        raise InputError(f"{page}: cannot write there ({error.strerror}): choose another folder") from error


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, by its name below ``folder``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        write(path, content)


def write(path: Path, content: bytes) -> None:
    """Replace ``path`` in one step: a reader sees the old file or the new one, also after a crash."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except OSError as error:
        Path(scratch).unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
