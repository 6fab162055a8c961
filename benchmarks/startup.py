"""Start-up: ``posttrace --help`` and ``import posttrace``, each the median of fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.row import Row

GOAL_S = 0.25


def run(quick: bool) -> list[Row]:
    repeats = 5 if quick else 21
    bare = median_s(["-c", "pass"], repeats)
    rows = []
    for name, words in {
        "posttrace --help": ["-m", "posttrace", "--help"],
        "import posttrace": ["-c", "import posttrace"],
    }.items():
        taken = median_s(words, repeats)
        rows.append(
            Row(name, taken, f"s (bare Python {bare:.3f} s)", goal=f"< {GOAL_S} s", met=taken < GOAL_S)
        )
    return rows


def median_s(words: list[str], repeats: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    once()  # fill the page cache
    return statistics.median(once() for _ in range(repeats))
