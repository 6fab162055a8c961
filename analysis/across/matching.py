"""Which runs may be compared: those that differ in one factor and, as far as is known, in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Matched:
    """``runs``: those of both levels that have a partner; under the null exchangeable in their ``stratum``.

    That is a pair (same seed), or all runs of a block where no seed is on both sides. ``paired``: every
    stratum is a pair. ``unmatched_one``, ``unmatched_other``: runs left out. ``reason``: why nothing matched.
    """

    runs: pd.DataFrame
    paired: bool
    unmatched_one: int
    unmatched_other: int
    reason: str


def match(runs: pd.DataFrame, factor: str, levels: tuple[str, str], others: Sequence[str]) -> Matched:
    """Match runs with a gain whose ``factor`` is one of two ``levels``, by task, seed and all ``others``.

    A level that has several cells in one block differs there in settings that no column shows: such a block
    is left out.
    """
    one, other = levels
    of_both = runs[runs[factor].isin(levels) & runs["gain"].notna()]
    parts, hidden = [], False
    for _, block in of_both.groupby(["task", *others], sort=False):
        cells = block.groupby(factor)["cell_id"].nunique()
        if len(cells) < 2:
            continue
        if cells.max() > 1:
            hidden = True
            continue
        parts.append(_strata(block, factor))
    kept = pd.concat(parts) if parts else of_both.iloc[:0].assign(stratum=pd.Series(dtype=object))
    left = of_both[factor].value_counts().sub(kept[factor].value_counts(), fill_value=0)
    return Matched(
        runs=kept,
        paired=bool(len(kept)) and bool((kept.groupby("stratum")["run_id"].count() == 2).all()),
        unmatched_one=int(left.get(one, 0)),
        unmatched_other=int(left.get(other, 0)),
        reason="" if len(kept) else _why(of_both, factor, levels, others, hidden),
    )


def _strata(block: pd.DataFrame, factor: str) -> pd.DataFrame:
    """The runs of a block that have a partner; its strata are seeds, where one is on both sides."""
    name = block["run_id"].iloc[0]
    both = block.groupby("seed")[factor].nunique()
    shared = block[block["seed"].isin(both.index[both == 2])]
    if shared.empty:
        return block.assign(stratum=name)
    return shared.assign(stratum=name + " " + shared["seed"].astype(str))


def _why(
    runs: pd.DataFrame, factor: str, levels: tuple[str, str], others: Sequence[str], hidden: bool
) -> str:
    missing = [level for level in levels if not (runs[factor] == level).any()]
    if missing:
        return f"no gain of {' and '.join(missing)}"
    if hidden:
        return "cells differ in settings that are not among the factors"
    sides = [
        set(zip(*(runs.loc[runs[factor] == level, name] for name in ["task", *others]), strict=True))
        for level in levels
    ]
    apart = [
        name
        for i, name in enumerate(["task", *others])
        if not {row[i] for row in sides[0]} & {row[i] for row in sides[1]}
    ]
    return "no matched cells: the two never share " + (", ".join(apart) or "a task with all else equal")
