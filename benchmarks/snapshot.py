"""What a code revision costs, beside ``git add -A && git commit`` on a copy of the same tree."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.row import Row
from posttrace.runner.recorder import Revisions

GOAL_MS: Final = 100.0
FILES: Final = 1000
FOLDERS: Final = 40
FILE_BYTES: Final = 50_000
SIZE: Final = f"{FILES} files, {FILES * FILE_BYTES // 10**6} MB"
CHANGED: Final = 3
SETTLE_S: Final = 0.1
"""Between a change and its revision: what was written just now is read again, by git too."""


def run(quick: bool) -> list[Row]:
    rounds = 5 if quick else 21
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        make_tree(ours)
        shutil.copytree(ours, theirs)
        revisions = Revisions(ours, Path(folder) / "revisions.git")
        git(theirs, "init", "-q")
        begun = first_rows(*first(revisions), git_commit(theirs))
        pairs = []
        for number in range(rounds):
            for tree in (ours, theirs):
                change(tree, number)
            time.sleep(SETTLE_S)
            pairs.append((snapshot(revisions), git_commit(theirs)))
    return [*rows(pairs), *begun]


def first_rows(seconds: float, missing: int, git_seconds: float) -> list[Row]:
    name = f"first code revision of {SIZE}"
    ratio = git_seconds / seconds
    return [
        Row(name, 1000 * seconds, "ms", ratio=ratio, baseline="git add -A && git commit"),
        Row(f"{name}: files left out or not counted", missing, "", goal="0", met=missing == 0),
    ]


def rows(pairs: list[tuple[float, float]]) -> list[Row]:
    mine, gits = (1000 * median(times) for times in zip(*pairs, strict=True))
    return [
        Row(
            f"code revision of {SIZE}, {CHANGED} changed: median of {len(pairs)}",
            mine,
            "ms",
            ratio=gits / mine,
            baseline="git add -A && git commit",
            goal=f"< {GOAL_MS:g} ms",
            met=mine < GOAL_MS,
        ),
        Row("code revision: slowest of these", 1000 * max(seconds for seconds, _ in pairs), "ms"),
    ]


def make_tree(root: Path) -> None:
    """Source-like text that compresses as little as random numbers do."""
    rng = random.Random(0)
    for number in range(FILES):
        file = source(root, number)
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"value_{rng.random()}\n" for _ in range(FILE_BYTES // 20))
        file.write_text(lines[: FILE_BYTES - 1].ljust(FILE_BYTES, "\n"))


def source(root: Path, number: int) -> Path:
    return root / "code" / f"package_{number % FOLDERS}" / f"module_{number}.py"


def change(root: Path, round_number: int) -> None:
    for number in range(CHANGED):
        with source(root, number).open("a") as file:
            file.write(f"round_{round_number}\n")


def first(revisions: Revisions) -> tuple[float, int]:
    """Seconds for the first revision, and the files that it left out or did not count the lines of."""
    started = time.perf_counter()
    event = revisions.snapshot("start")
    seconds = time.perf_counter() - started
    assert event is not None
    return seconds, FILES - sum(file.added is not None for file in event.files)


def snapshot(revisions: Revisions) -> float:
    """Seconds for one revision, which must hold exactly the changed files."""
    started = time.perf_counter()
    event = revisions.snapshot("submission")
    seconds = time.perf_counter() - started
    assert event is not None
    rows = [(file.status, file.added, file.removed) for file in event.files]
    assert rows == [("modified", 1, 0)] * CHANGED, rows
    return seconds


def git_commit(tree: Path) -> float:
    started = time.perf_counter()
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "workspace")
    return time.perf_counter() - started


def git(tree: Path, *words: str) -> None:
    """Run git with its own defaults, whatever the user's configuration says."""
    clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    author = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run(["git", *author, *words], cwd=tree, check=True, env=os.environ | clean)
