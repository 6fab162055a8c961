"""What recorded the run: the host and the software, as far as they matter to a reader of the score."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from posttrace.traces.events import Software


def describe_host() -> dict[str, Any]:
    """Kind and size of the machine; nothing that names it or its user."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }


def software() -> Software:
    """Versions; the commit only when posttrace runs from a checkout of its own."""
    commit, dirty = _git()
    return Software(
        python=platform.python_version(), posttrace=version("posttrace"), git_commit=commit, git_dirty=dirty
    )


def _git() -> tuple[str | None, bool | None]:
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None, None
    try:
        head = _run_git(root, "rev-parse", "HEAD")
        return head.strip(), bool(_run_git(root, "status", "--porcelain", "--untracked-files=no").strip())
    except (OSError, subprocess.SubprocessError):
        return None, None


def _run_git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout
