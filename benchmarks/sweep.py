"""Reading a whole sweep: 2,000 runs, 5 GB, from a disk whose cache was dropped, every line verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._traces import write_trace
from benchmarks.row import Row

RUNS = 2000
EVENTS = 720
"""A run, about 2.5 MB."""
EVERY = 70
"""Events between submissions: 10 a run, 1,319 items each."""
GOAL_S = 90.0
GOAL_BYTES = 1e9

JOB = """
import json, resource, sys, time
import posttrace as pt
start = time.perf_counter()
traces = pt.load(sys.argv[1])
shape = len(traces.runs), len(traces.submissions), len(traces.final)
taken = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([taken, peak, *shape]))
"""


def run(quick: bool) -> list[Row]:
    """Quick: a twentieth of the runs; the goals are for all of them and are not judged."""
    count = RUNS // 20 if quick else RUNS
    with tempfile.TemporaryDirectory() as folder:
        size = sum(_write(Path(folder), seed) for seed in range(count)) / 1e9
        done = subprocess.run([sys.executable, "-c", JOB, folder], capture_output=True, text=True, check=True)
    taken, peak, runs, submissions, final = json.loads(done.stdout)
    expected = count, count * ((EVENTS - 2) // EVERY), count
    if (runs, submissions, final) != expected:
        raise AssertionError(f"read {(runs, submissions, final)}, wrote {expected}")
    name = f"tables from {count:,} runs, {size:.2f} GB, imports included"
    return [
        Row(name, taken, "s", goal=f"< {GOAL_S:g} s", met=None if quick else taken < GOAL_S),
        Row(
            "peak memory of it",
            peak / 1e6,
            "MB RSS",
            goal="< 1000 MB",
            met=None if quick else peak < GOAL_BYTES,
        ),
    ]


def _write(folder: Path, seed: int) -> int:
    """One run on disk and out of the page cache; its bytes."""
    path = folder / f"seed-{seed}" / "trace.jsonl"
    path.parent.mkdir()
    write_trace(path, EVENTS, seed=seed, every=EVERY)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path.stat().st_size
