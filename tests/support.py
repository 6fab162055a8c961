"""What several test files need: a run from the command line, and waiting for a condition."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

QUICK = ("grading.baseline_replicates=1", "budget.steps=4")


def posttrace(
    *words: object, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "posttrace", *map(str, words)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Poll until ``condition()`` is true; fail the test when it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds} s: {condition}"
        time.sleep(0.05)
