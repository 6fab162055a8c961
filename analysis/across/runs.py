"""The runs of an audit as a tidy table, with the one gain that every statistic over runs takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from posttrace.analysis.audit.cells import entry
from posttrace.analysis.audit.settings import AuditSettings, ExcludePolicy
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.stats.across.aggregate import normalised_gain
from posttrace.analysis.stats.items.resampling import TIE

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit

FACTORS = ("agent", "driver", "mode")
"""What a study contrasts. Base models are matched on: they may go with seeds, and always go with tasks."""
BASE = "base_model"
UNSET = "–"
"""A level that was not given."""


def tidy(rows: Sequence[Any], columns: str) -> pd.DataFrame:
    """Rows (tuples or dicts) as a frame that has its columns, named in one string, also without rows."""
    return pd.DataFrame(rows, columns=pd.Index(columns.split()))


@dataclass(frozen=True)
class StudySettings:
    """``alpha``: two-sided level of intervals. ``seed``: of every resampling.

    ``exclude_policy``: how a run without a scored submission enters. ``planned``: contrasts as (factor, one,
    other), chosen before results were seen, which alone are tested and adjusted for; None tests every pair of
    levels. Raises ``InputError`` for values that make no sense.
    """

    alpha: float = 0.05
    resamples: int = 10_000
    seed: int = 0
    exclude_policy: ExcludePolicy = "drop"
    planned: tuple[tuple[str, str, str], ...] | None = None

    def __post_init__(self) -> None:
        # what makes no sense for an audit makes none here
        AuditSettings(self.alpha, 0.0, 0.02, self.resamples, self.seed, self.exclude_policy)

    @classmethod
    def of(cls, audit: AuditSettings) -> StudySettings:
        """The same level, seed, resamples and policy as an audit."""
        return cls(audit.alpha, audit.resamples, audit.seed, audit.exclude_policy)

    def stream(self, part: str) -> np.random.Generator:
        """Random numbers of one part: they depend on no other part."""
        name = int.from_bytes(hashlib.sha256(part.encode()).digest()[:16], "big")
        return np.random.default_rng(np.random.SeedSequence([self.seed, name]))


def run_table(
    audit: Audit,
    policy: str = "drop",
    conditions: Mapping[str, Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """One row a run: task, agent, driver, mode, base_model, seed, route, verdict, baseline, and

    ``gain``: corrected, else reported, 0..1; a run without a scored submission (``failed``) by policy; NaN
    leaves it out. ``improved``: gain above 0 by more than rounding. ``gain_kind``: corrected, sealed items,
    fresh items, reported, by policy or undefined. ``normalised``: share of the headroom. ``conditions``: run
    id -> settings beside the factors, a column each.
    """
    columns = ["run_id", "cell_id", "task", *FACTORS, BASE, "seed", "route", "verdict", "baseline", "k"]
    table = audit.table()
    frame = table[columns].copy()
    for factor in (*FACTORS, BASE):
        frame[factor] = frame[factor].astype(object).where(frame[factor].notna(), UNSET)
    corrected, reported = table["corrected_gain"].astype(float), table["reported_gain"].astype(float)
    frame["failed"] = table["k"] == 0
    taken = corrected.where(corrected.notna(), reported)
    rows = zip(taken, table["baseline"].astype(float), frame["failed"], strict=True)
    frame["gain"] = np.array([entry(gain, p0, failed, policy) for gain, p0, failed in rows], dtype=np.float64)
    frame["gain_kind"] = [
        _kind(row.flags, *of_run)
        for row, *of_run in zip(audit.runs, corrected, frame["gain"], frame["failed"], strict=True)
    ]
    frame["improved"] = frame["gain"] > TIE
    frame["normalised"] = normalised_gain(frame["gain"].to_numpy(), frame["baseline"].to_numpy(dtype=float))
    for name in sorted({name for values in (conditions or {}).values() for name in values}):
        frame[name] = [(conditions or {}).get(run, {}).get(name, UNSET) for run in frame["run_id"]]
    return frame


def _kind(flags: tuple[str, ...], corrected: float, gain: float, failed: bool) -> str:
    for split, flag in RESTS_ON.items():
        if flag in flags:
            return f"{split} items"
    if not np.isnan(corrected):
        return "corrected"
    return "undefined" if np.isnan(gain) else "by policy" if failed else "reported"
