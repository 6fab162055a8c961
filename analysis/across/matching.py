"""Which runs may be compared: those that differ in one factor and, as far as is known, in nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Match:
    """Runs with a gain at one of two ``levels`` of ``factor``, matched by task, seed and all ``others``.

    ``runs`` have a ``stratum``, empty where a run has no partner; under the null runs of one stratum are
    exchangeable. It is a pair (same seed), or all runs of a block where no seed is on both sides. ``hidden``:
    blocks were left out because a level has several cells there: they differ in what no column shows.
    """

    runs: pd.DataFrame
    factor: str
    levels: tuple[str, str]
    others: tuple[str, ...]
    hidden: bool

    @cached_property
    def matched(self) -> pd.DataFrame:
        """The runs that have a partner."""
        return self.runs[self.runs["stratum"] != ""]

    @property
    def paired(self) -> bool:
        """Every stratum is a pair."""
        return bool(len(self.matched)) and bool((self.matched["stratum"].value_counts() == 2).all())

    def count(self, level: str, matched: bool) -> int:
        """Runs of a level with a partner, or without."""
        return int(((self.runs[self.factor] == level) & ((self.runs["stratum"] != "") == matched)).sum())

    def of_task(self, task: str) -> Match:
        """The part of one task."""
        return replace(self, runs=self.runs[self.runs["task"] == task])

    @property
    def reason(self) -> str:
        """Why nothing matched."""
        if len(self.matched):
            return ""
        sides = [self.runs[self.runs[self.factor] == level] for level in self.levels]
        missing = [level for level, side in zip(self.levels, sides, strict=True) if side.empty]
        if missing:
            return f"no gain of {' and '.join(missing)}"
        if self.hidden:
            return "cells differ in settings that are not among the factors"
        one, other = sides
        apart = [name for name in ("task", *self.others) if not set(one[name]) & set(other[name])]
        return "no matched cells: the two never share " + (", ".join(apart) or "a task with all else equal")


def match(runs: pd.DataFrame, factor: str, levels: tuple[str, str], others: Sequence[str]) -> Match:
    """Match the runs of two ``levels`` of ``factor``."""
    found = runs[runs[factor].isin(levels) & runs["gain"].notna()].copy()
    found["block"] = found.groupby(["task", *others]).ngroup()
    both = found.groupby("block")[factor].transform("nunique") == 2
    cells = found.groupby(["block", factor])["cell_id"].transform("nunique")
    alone = cells.groupby(found["block"]).transform("max") == 1
    # runs without a seed have no group, and so no partner by seed
    same_seed = both & alone & (found.groupby(["block", "seed"])[factor].transform("nunique") == 2)
    by_seed = same_seed.groupby(found["block"]).transform("any")
    block = found["block"].astype(str)
    found["stratum"] = np.where(
        same_seed, block + " " + found["seed"].astype(str), np.where(both & alone & ~by_seed, block, "")
    )
    hidden = bool((both & ~alone).any())
    return Match(found.drop(columns="block"), factor, levels, tuple(others), hidden)
