"""From what a user points at to the traces that are meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from posttrace.traces.errors import InputError

TRACE_NAME: Final = "trace.jsonl"
_CLAIM_NAME: Final = "claim.json"


def find_traces(paths: Iterable[Path | str]) -> list[Path]:
    """Return the traces under ``paths``, each once, in sorted order for each path.

    A path is a ``.jsonl`` file, a run directory, or any directory above some. Links to directories are not
    followed, and nothing below a run directory is searched: what the agent puts into its workspace is never
    taken for a record.

    Raises ``InputError`` for a path that is missing, is neither, or holds no trace, and when there is none.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        found.update(dict.fromkeys(_under(path)))
    if not found:
        raise InputError("no path was given: name a trace.jsonl, a run directory or a directory above some")
    return list(found)


def find_rescores(trace: Path) -> list[Path]:
    """Return the ``rescore-<n>.jsonl`` beside a trace, by n."""
    numbered = {
        int(number): path
        for path in trace.parent.glob("rescore-*.jsonl")
        if (number := path.stem.removeprefix("rescore-")).isdecimal()
    }
    return [numbered[n] for n in sorted(numbered)]


def _under(path: Path) -> list[Path]:
    if path.is_file():
        if path.suffix != ".jsonl":
            raise InputError(f"{path} is not a trace: name a .jsonl file or a directory")
        return [path]
    if not path.is_dir():
        raise InputError(f"{path} does not exist")
    traces = sorted(_walk(path))
    if not traces:
        what = f"holds no {TRACE_NAME}" if any(path.iterdir()) else "is empty"
        raise InputError(f"{path} {what}: name a run directory, or a directory above some")
    return traces


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        if TRACE_NAME in files:
            yield Path(folder, TRACE_NAME)
        if TRACE_NAME in files or _CLAIM_NAME in files:
            folders.clear()
