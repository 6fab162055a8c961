"""Finished tables for the figures of the pack, small enough to be read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from posttrace.reports.figures import (
    best_of_k,
    crossover,
    failures,
    medals,
    modes,
    power,
    profiles,
    ranks,
    results,
    route_gains,
    slopes,
    wins,
)

NAN = np.nan


def _table(rows: list[tuple[object, ...]], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def best() -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [
        (task, agent, k, gain + k, 3) for task, gain in (("spell", 10.0), ("house", 2.0))
        for agent in ("sft", "grpo") for k in (1, 2, 3)
    ]  # fmt: skip
    return _table(rows, "task agent_label k expected_best_pp runs")


def main_results() -> pd.DataFrame:
    kind = "t interval over runs"
    return _table(
        [
            ("spell", "sft", 39.44, 37.0, 41.5, kind, 3, "exceeds exceeds underpowered"),
            ("spell", "grpo", -0.96, -1.4, -0.3, "bounds of a single run", 1, "regression"),
            ("house $5", "sft", NAN, NAN, NAN, "no scored run", 1, "invalid"),
        ],
        "task agent_label mean_gain_pp low_pp high_pp interval n_runs verdicts",
    )


def by_mode() -> pd.DataFrame:
    return _table(
        [
            ("spell", "free", 10.0, True, 3, "t interval over runs"),
            ("spell", "sft_only", 0.3, False, 3, "t interval over runs"),
            ("house", "free", NAN, False, 1, "no scored run"),
        ],
        "task row_label mean_gain_pp significant n_runs interval",
    )


def by_driver() -> pd.DataFrame:
    return _table(
        [
            ("driver", "small", "spell", 2.0, 3),
            ("driver", "small", "house", -1.0, 3),
            ("driver", "large", "spell", 9.0, 3),
            ("driver", "huge", "house", 5.0, 2),
        ],
        "factor level line gain_pp n_runs",
    )


def failed() -> pd.DataFrame:
    return _table(
        [
            ("runs", "timeout_no_submission", 2, 3, 10, 200 / 3),
            ("runs", "unknown", 1, 3, 10, 100.0),
            ("iterations", "code_error_runtime", 5, 5, 40, 100.0),
        ],
        "scope failure_type count failed of cumulative_pct",
    )


def detectable() -> pd.DataFrame:
    curve: list[tuple[object, ...]] = [
        ("spell", "curve", n, k, 100 * (1 + k / 10) / n**0.5, 20.0) for k in (1, 30) for n in (50, 500, 5000)
    ]
    return _table(
        [*curve, ("spell", "run", 200, 4, 6.0, 20.0)], "task kind n_items k detectable_pp baseline_pct"
    )


def pairs() -> pd.DataFrame:
    return _table(
        [
            ("sft", "grpo", 0.9, 0.7, 0.97, 2),
            ("grpo", "sft", 0.1, 0.03, 0.3, 2),
            ("sft", "rft", 0.6, 0.4, 0.8, 2),
            ("rft", "sft", 0.4, 0.2, 0.6, 2),
            ("grpo", "rft", NAN, NAN, NAN, 0),
            ("rft", "grpo", 0.8, NAN, NAN, 2),
        ],
        "one other probability low high tasks",
    )


def ranked() -> pd.DataFrame:
    means = {"sft": 1.0, "grpo": 2.0, "rft": 3.25, "copy": 3.75}
    rows: list[tuple[object, ...]] = [(name, rank, 4, 1.5, 0.01) for name, rank in means.items()]
    return _table(rows, "configuration mean_rank tasks critical_difference p")


def steps(names: tuple[str, ...] = ("sft", "grpo")) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [
        (name, t, 1 - t, max(0.0, 0.9 - t), 1.0, 2) for name in names for t in (0.0, 0.5, 1.0)
    ]
    return _table(rows, "configuration threshold share low high tasks")


def rates() -> pd.DataFrame:
    return _table(
        [
            ("one", 12.0, 30.0, 29.0, 31.0, 20.0, 41.0, 3),
            ("one", 24.0, 35.0, 34.5, 35.5, 25.0, 46.0, 3),
            ("other", 24.0, 17.0, NAN, NAN, 10.0, 27.0, NAN),
        ],
        "system hours rate_pct seed_low_pct seed_high_pct wilson_low_pct wilson_high_pct seeds",
    )


def crossing() -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for name, slope in (("tree", 1.0), ("greedy", 2.0)):
        rows += [
            ("observed", name, x, 10 + slope * x, 5 + slope * x, 15 + slope * x, NAN, NAN) for x in (5, 20)
        ]
        rows += [("fitted", name, x, 10 + slope * x, NAN, NAN, NAN, NAN) for x in (5, 10, 20)]
    rows.append(("crossover", "greedy against tree", 12.0, NAN, NAN, NAN, 9.0, 15.0))
    return _table(rows, "kind strategy strength rate_pct low_pct high_pct low_strength high_strength")


def gained() -> pd.DataFrame:
    return _table(
        [
            ("spell", "sft", "a", 10.0, "exceeds"),
            ("spell", "sft", "b", 12.0, "exceeds"),
            ("house", "grpo", "c", -3.0, "regression"),
        ],
        "task route run_id gain_pp verdict",
    )


DRAWN = {
    "best_of_k": (best_of_k, best),
    "crossover": (crossover, crossing),
    "failures": (failures, failed),
    "medals": (medals, rates),
    "modes": (modes, by_mode),
    "power": (power, detectable),
    "profiles": (profiles, steps),
    "ranks": (ranks, ranked),
    "results": (results, main_results),
    "route_gains": (route_gains, gained),
    "slopes": (slopes, by_driver),
    "wins": (wins, pairs),
}
"""Figure -> how it is drawn, and a table for it."""
