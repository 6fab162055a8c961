"""What a store holds, as git itself lists and shows it: not through the code under test."""

from __future__ import annotations

import subprocess
from pathlib import Path


def stored(store: Path, commit: str) -> dict[bytes, bytes]:
    """Path -> content."""
    out = _git(store, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
    rows = (line.split(b"\t", 1) for line in out)
    return {path: _git(store, "cat-file", "blob", head.split()[2].decode()) for head, path in rows}


def _git(store: Path, *words: str) -> bytes:
    return subprocess.run(["git", "--git-dir", store, *words], capture_output=True, check=True).stdout
