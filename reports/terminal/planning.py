"""Plans as tables for a terminal: gains in percentage points, undefined as an en dash."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from posttrace.analysis.digits import rounded
from posttrace.analysis.stats.plan.design import Claim, Design
from posttrace.analysis.stats.plan.planning import UNATTAINABLE, Answer, Needed
from posttrace.reports.display import DASH

CLAIMS: dict[Claim, str] = {"run": "one run", "agent": "the agent"}


def answers_table(found: Sequence[Answer], gain: float | None) -> tuple[pd.DataFrame, str]:
    """One row a claim of one design, and a title."""
    rows = []
    for answer in found:
        design = answer.design
        row: dict[str, object] = {
            "claim about": CLAIMS[answer.claim],
            "items": design.items,
            "submissions": design.submissions,
            "replicates": design.replicates,
            "runs": design.runs if answer.claim == "agent" else 1,
            "detectable gain": _points(answer.detectable),
        }
        if gain is not None:
            row[_power_at(gain)] = rounded(answer.power, ".2f")
        rows.append(row)
    return pd.DataFrame(rows), "Detectable gain in percentage points"


def grid_table(found: Sequence[Answer], gain: float | None) -> tuple[pd.DataFrame, str]:
    """Items down, submissions across: the power at ``gain``, or the detectable gain without one."""
    cells: dict[int, dict[str, object]] = {}
    for answer in found:
        design = answer.design
        column = f"k = {design.submissions}" if answer.claim == "run" else f"mean of {design.runs} runs"
        row = cells.setdefault(design.items, {"items": design.items})
        row[column] = _points(answer.detectable) if gain is None else rounded(answer.power, ".2f")
    frame = pd.DataFrame(list(cells.values()))
    last = [column for column in frame.columns if column.startswith("mean")]
    frame = frame[[column for column in frame.columns if column not in last] + last]
    title = "Detectable gain in percentage points" if gain is None else _power_at(gain).capitalize()
    return frame, title


def needed_table(
    found: Sequence[tuple[Claim, Needed]], gain: float, wanted: float
) -> tuple[pd.DataFrame, str]:
    """What each number would have to be, alone, for the wanted power."""
    rows = [
        {
            "claim about": CLAIMS[claim],
            "change": needed.lever,
            "now": needed.now,
            "needed": DASH if needed.count is None else needed.count,
            "because": needed.why,
        }
        for claim, needed in found
    ]
    return pd.DataFrame(rows), f"For power {wanted:g} at a gain of {100 * gain:g} points, changing one number"


def assumptions(design: Design, wanted: float, found: Sequence[Answer]) -> list[str]:
    """What the numbers rest on."""
    level = f"one-sided level {design.alpha:g}"
    lines = [f"Detectable: found with probability {wanted:g} at {level}, the best of k submissions picked."]
    if design.item_sd is not None:
        lines.append(f"Continuous scores: sd {100 * design.item_sd:g} points over items of the difference.")
    else:
        source = "as given" if design.discordance is not None else "2 p0 (1 - p0), as if independent"
        share = f"{100 * design.psi0:.3g} %"
        lines.append(f"0/1 items: {share} differ from the baseline though nothing was gained ({source}).")
    if design.deterministic:
        lines.append("Scoring is deterministic: replicates of the baseline count once.")
    if any(math.isnan(answer.detectable) for answer in found):
        lines.append(f"{DASH}: {UNATTAINABLE}.")
    return lines


def _power_at(gain: float) -> str:
    return f"power at {100 * gain:g} points"


def _points(value: float) -> str:
    return DASH if math.isnan(value) else rounded(100 * value, ".1f")
