"""The audit's test against what a user would pick instead: 10,000 resamples x 1,319 items x 30 submissions.

0/1 outcomes of submissions without a true gain. Ours draws two null distributions (sign flips, bootstrap) and
yields step-down p, bounds and corrected gain too; ``arch`` and scipy draw one. Each job runs in fresh
processes with one BLAS thread. What counts are seconds of processor time, which a busy machine changes
little, and of several runs the best.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.row import Row

ITEMS, SUBMISSIONS, RESAMPLES = 1319, 30, 10_000
GOAL_S, GOAL_BYTES, GOAL_RATIO = 0.3, 150e6, 8

DATA = """
import numpy as np
rng = np.random.default_rng(0)
chance = rng.beta(0.5, 0.5, items)
base = (rng.random(items) < chance).astype(float)
scored = (rng.random((items, k)) < chance[:, None]).astype(float)
d = scored - base[:, None]
g, s = d.mean(axis=0), d.std(axis=0, ddof=1)
"""
OURS = """
from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired
def job():
    test = MaxT(resamples=B, chunk=CHUNK)(Paired(base[None], scored), np.random.default_rng(1))
    return [*test.p, *test.p_stepdown, test.critical, test.critical_abs, test.corrected.gain]
"""
SPA = """
from arch.bootstrap import SPA
def job():
    test = SPA(1 - base, 1 - scored, block_size=1, reps=B, studentize=True, nested=False, seed=1)
    test.compute()
    return list(test.pvalues)
"""
STEPM = """
from arch.bootstrap import StepM
def job():
    test = StepM(1 - base, 1 - scored, size=0.05, block_size=1, reps=B, studentize=True, seed=1)
    test.compute()
    return list(test.superior_models)
"""
BOOTSTRAP = """
from scipy import stats
def largest(*columns, axis):
    t = [np.sqrt(len(g)) * (c.mean(axis=axis) - m) / sd for c, m, sd in zip(columns, g, s)]
    return np.max(t, axis=0)
def job():
    options = dict(paired=True, vectorized=True, n_resamples=B, batch=200, method="percentile")
    found = stats.bootstrap(tuple(d.T), largest, rng=np.random.default_rng(1), **options)
    return np.quantile(found.bootstrap_distribution, [0.5, 0.95]).tolist()
"""
PERMUTATION = """
from scipy import stats
square = (d**2).mean(axis=0)
def largest(signs, axis):
    mean = np.moveaxis(signs, axis, -1) @ d / items
    variance = (square - mean**2) * items / (items - 1)
    return (np.sqrt(items) * mean / np.sqrt(variance)).max(axis=-1)
def job():
    options = dict(permutation_type="samples", vectorized=True, n_resamples=B, batch=200)
    found = stats.permutation_test((np.ones(items),), largest, rng=np.random.default_rng(1), **options)
    return [float(found.pvalue)]
"""
MEASURED = """
import json, resource, sys, time
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
items, k, B, CHUNK, repeats = json.loads(sys.argv[1])
{data}
{job}
before, taken = peak(), []
for _ in range(repeats):
    start = time.process_time()
    answer = job()
    taken.append(time.process_time() - start)
print(json.dumps([min(taken), before, peak(), [float(x) for x in answer]]))
"""
OTHERS = {
    "arch SPA": SPA,
    "arch StepM": STEPM,
    "scipy bootstrap": BOOTSTRAP,
    "scipy permutation_test": PERMUTATION,
}


@dataclass(frozen=True)
class Found:
    """``seconds``: the fastest. ``loaded``, ``peak``: bytes, before the job and at most."""

    seconds: float
    loaded: float
    peak: float
    answer: list[float]


def run(quick: bool) -> list[Row]:
    """Quick: one process each instead of three."""
    rounds = 1 if quick else 3
    ours = best([measure(OURS, repeats=5) for _ in range(rounds)])
    name = f"audit test, {RESAMPLES:,} x {ITEMS:,} items x {SUBMISSIONS} submissions"
    rows = [
        Row(name, ours.seconds, "s", goal=f"<= {GOAL_S} s", met=ours.seconds <= GOAL_S),
        Row(
            f"peak memory of it ({ours.loaded / 1e6:.0f} MB of that numpy and scipy)",
            ours.peak / 1e6,
            "MB RSS",
            goal=f"<= {GOAL_BYTES / 1e6:.0f} MB",
            met=ours.peak <= GOAL_BYTES,
        ),
        _same(ours.answer),
    ]
    return rows + [_against(other, job, ours, rounds) for other, job in OTHERS.items()]


def best(found: list[Found]) -> Found:
    """The fastest."""
    return min(found, key=lambda one: one.seconds)


def measure(job: str, repeats: int, chunk: int | None = None, threads: int = 1) -> Found:
    """Time a job in a process of its own; imports and data are not counted."""
    given = json.dumps([ITEMS, SUBMISSIONS, RESAMPLES, chunk, repeats])
    counts = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "OMP", "MKL")}
    code = MEASURED.format(data=DATA, job=job)
    command = [sys.executable, "-W", "ignore", "-c", code, given]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | counts)
    return Found(*json.loads(done.stdout))


def _same(answer: list[float]) -> Row:
    """Every p, bound and gain again with other chunks and threads."""
    others = [measure(OURS, 1, chunk, threads).answer for chunk in (137, 10_000) for threads in (1, 2)]
    differing = sum(other != answer for other in others)
    name = "audit test: results that differ over 4 chunk sizes and thread counts"
    return Row(name, differing, "", goal="0", met=differing == 0)


def _against(name: str, job: str, ours: Found, rounds: int) -> Row:
    if name.startswith("arch") and not _has_arch():
        return Row(f"audit test against {name}: arch not installed (pip install arch)", float("nan"), "")
    other = best([measure(job, repeats=1) for _ in range(rounds)])
    ratio = other.seconds / ours.seconds
    judged = name == "arch SPA"
    return Row(
        f"audit test ({name} {other.seconds:.2f} s, {other.peak / 1e6:.0f} MB)",
        ours.seconds,
        "s",
        ratio,
        name,
        goal=f">= {GOAL_RATIO}x" if judged else None,
        met=ratio >= GOAL_RATIO if judged else None,
    )


def _has_arch() -> bool:
    return (
        subprocess.run([sys.executable, "-c", "import arch"], capture_output=True, check=False).returncode
        == 0
    )
