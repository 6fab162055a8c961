"""Tables of real (simulated) results, printed as somebody might: any rounding, any digits, zeros stripped."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pandas as pd
from scipy.special import comb

ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN, ROUND_FLOOR)
MODES = ("sft", "rl", "free", "best over modes")


class Printer:
    """Prints each number with its own number of digits and its own rounding; ``scale`` 100 is per cent."""

    def __init__(self, rng, scale=100, most=3):
        self.rng, self.scale, self.most = rng, scale, most

    def __call__(self, value, scaled=True):
        """``value`` is a Fraction or a float; ``scaled``: on 0..1, printed on the table's scale."""
        exact = Fraction(value) * (self.scale if scaled else 1)
        with localcontext() as context:
            context.prec = 60
            number = Decimal(exact.numerator) / Decimal(exact.denominator)
            unit = Decimal(1).scaleb(-int(self.rng.integers(0, self.most + 1)))
            text = f"{number.quantize(unit, str(self.rng.choice(ROUNDINGS))):f}"
        if "." in text and self.rng.random() < 0.3:
            text = text.rstrip("0").rstrip(".")
        return text


def results(rng):
    """A results table: best over modes, improvements of exact or of printed numbers, one baseline a task."""
    printed = Printer(rng, int(rng.choice([1, 100])))
    rows = []
    for task in range(rng.integers(1, 4)):
        n = int(rng.integers(2, 2000))
        baseline = Fraction(int(rng.integers(0, n + 1)), n)
        scores = [Fraction(int(rng.integers(0, n + 1)), n) for _ in MODES[:-1]]
        for mode, score in zip(MODES, [*scores, max(scores)], strict=True):
            submissions = int(rng.integers(1, 30))
            row = {"Task": f"t{task}", "agent": "a", "mode": mode, "base model": "b", "n_test": str(n)}
            row |= {"baseline": printed(baseline), "best": printed(score), "submissions": str(submissions)}
            row["best_at_submission"] = str(rng.integers(1, submissions + 1))
            gain = score - baseline
            if rng.random() < 0.5:
                gain = (Fraction(row["best"]) - Fraction(row["baseline"])) / printed.scale
            rows.append(row | {"improvement": printed(gain)})
    return pd.DataFrame(rows)


def best_of(values, k):
    """Mean of the largest of k values over all subsets of size k."""
    n = len(values)
    weights = [comb(i, k - 1, exact=True) for i in range(n)]
    return sum(w * v for w, v in zip(weights, sorted(values), strict=True)) / comb(n, k, exact=True)


def repeated(rng):
    """A table of repeated runs: gains k/n minus a baseline; mean, SD, extremes, rates, expected best of k."""
    printed, rows = Printer(rng, int(rng.choice([1, 100]))), []
    for task in range(rng.integers(1, 5)):
        n, runs = int(rng.integers(5, 1500)), int(rng.integers(2, 15))
        centre, width = rng.uniform(0.05, 0.95), rng.choice([0.0, 0.01, 0.1, 0.5])
        kept = np.clip(rng.normal(centre, width, runs), 0, 1)
        baseline = Fraction(round(n * centre), n)
        gains = [Fraction(int(k), n) - baseline for k in np.round(kept * n)]
        if rng.random() < 0.3:  # one run stands out, or one failed
            gains[0] = rng.choice([1, -1]) * Fraction(int(rng.integers(0, n + 1)), n)
        spread = float(np.std([float(g) for g in gains], ddof=int(rng.integers(0, 2))))
        row = {"task": f"t{task}", "agent": "a", "n_test": str(n), "n_runs": str(runs)}
        row |= {"mean_delta": printed(sum(gains) / runs), "std_delta": printed(spread)}
        row |= {"max_delta": printed(max(gains)), "min_delta": printed(min(gains))}
        row |= {"improve_sr_pct": Printer(rng)(Fraction(sum(g > 0 for g in gains), runs))}
        row |= {f"best@{k}": printed(best_of(gains, k)) for k in (1, 3, 5) if k <= runs}
        sem = np.std([float(g) for g in gains], ddof=1) / np.sqrt(runs)
        rows.append(row | {"sem": printed(float(sem))})
    return pd.DataFrame(rows)


def totals(rng):
    """Counts and amounts with a total; whole numbers may be rounded to tens or hundreds together."""
    rows, to = int(rng.integers(2, 8)), int(rng.choice([1, 10, 100]))
    calls = rng.integers(1, 5000, rows)
    usd = [Fraction(int(cents), 100) for cents in rng.integers(1, 50_000, rows)]
    failed = [int(rng.integers(0, c + 1)) for c in calls]
    printed = Printer(rng)
    share = [Fraction(f, int(c)) for f, c in zip(failed, calls, strict=True)]
    frame = pd.DataFrame(
        {
            "task": [*(f"t{i}" for i in range(rows)), "TOTAL"],
            "n_items": [*map(str, calls), str(calls.sum())],
            "api_calls": [str(int(round(c / to) * to)) for c in (*calls, calls.sum())],
            "usd": [printed(x, scaled=False) for x in (*usd, sum(usd))],
            "failed_pct": [printed(x) for x in (*share, Fraction(sum(failed), int(calls.sum())))],
        }
    )
    hours = np.maximum.accumulate(rng.normal(0, 0.1, (rows, 3)), axis=1)
    for j, name in enumerate(("best_6h", "best_12h", "best_24h")):
        frame[name] = [*(printed(float(x)) for x in hours[:, j]), pd.NA]
    parts = rng.integers(0, 6, (rows, 3))
    for j, name in enumerate(("SFT", "GRPO", "copy_or_missing")):
        frame[name] = [*map(str, parts[:, j]), pd.NA]
    frame["n_runs"] = [*map(str, parts.sum(axis=1)), str(parts.sum())]
    return frame


def report(rng):
    """Tables of one report: tasks, results, the same with a column for each task, and submissions."""
    printed, tasks, results, wide, submitted = Printer(rng), [], [], [], []
    sizes = {f"t{i}": int(rng.integers(2, 1500)) for i in range(3)}
    baselines = {task: Fraction(int(rng.integers(0, n + 1)), n) for task, n in sizes.items()}
    wide.append({"base_model": "b-7B-it", "mode": "baseline"} | {t: printed(x) for t, x in baselines.items()})
    for task, n in sizes.items():
        tasks.append({"task": task, "n_test": str(n), "metric": "accuracy %"})
    for mode in MODES[:-1]:
        wide.append({"base_model": "b-7B-it", "mode": mode})
        for task, n in sizes.items():
            of = {"task": task, "agent": "a", "mode": mode, "base_model": "b-7B-it"}
            scores = [Fraction(int(k), n) for k in rng.integers(0, n + 1, 4)]
            results.append(of | {"baseline": printed(baselines[task]), "best": printed(max(scores))})
            wide[-1][task] = printed(max(scores))
            rows = [(str(i + 1), x, "best" if x == max(scores) else pd.NA) for i, x in enumerate(scores)]
            for number, score, note in (("0", baselines[task], "baseline"), *rows):
                submitted.append(of | {"submission": number, "score": printed(score), "note": note})
    return [pd.DataFrame(rows) for rows in (tasks, results, wide, submitted)]
