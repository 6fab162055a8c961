"""What a run used of its budget, as far as its record tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.analysis.digits import rounded, significant
from posttrace.reports.display import plural
from posttrace.reports.one_run.clock import last_seen_s

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord

NOT_RECORDED: Final = "not recorded"


def used(run: RunRecord, usage: pd.DataFrame) -> Iterator[str]:
    """A clause for each limit that was set; ``usage``: what the agent's steps report, by model."""
    limits = run.started.budget
    if limits.wall_s is not None:
        yield f"time {_time(run)} of {limits.wall_s:,.0f} s"
    if limits.submissions is not None:
        yield f"submissions {len(run.submissions)} of {limits.submissions}"
    if limits.steps is not None:
        yield f"steps: limit {limits.steps:,}, use {NOT_RECORDED}"
    tokens = usage[["input_tokens", "output_tokens"]].sum(min_count=1).sum(min_count=1)
    usd = usage["cost_usd"].sum(min_count=1)
    if limits.tokens is not None:
        shown = None if pd.isna(tokens) else f"{int(tokens):,} without cached ones"
        yield f"tokens: limit {limits.tokens:,}, {_reported(shown, usage)}"
    if limits.usd is not None:
        yield f"USD: limit {limits.usd:,.2f}, {_reported(None if pd.isna(usd) else cost(usd), usage)}"


def cost(usd: float) -> str:
    """Cents, or two digits of what is less than that."""
    return rounded(usd, ",.2f") if usd == 0 or usd >= 0.01 else significant(usd, 2)


def _time(run: RunRecord) -> str:
    seen = last_seen_s(run)
    if seen is None:
        return NOT_RECORDED
    return f"{seen:,.1f}" if run.wall_s is not None else f"at least {seen:,.1f}"


def _reported(shown: str | None, usage: pd.DataFrame) -> str:
    """With how many steps tell it: the others may have used some as well."""
    if shown is None:
        return f"use {NOT_RECORDED}"
    steps: Any = usage[["steps_with_usage", "steps"]].sum()
    known, of = int(steps["steps_with_usage"]), int(steps["steps"])
    return f"{shown} reported by {known:,} of {plural(of, 'step')} of the agent"
