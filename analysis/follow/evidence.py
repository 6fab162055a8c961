"""The e-value of one submission, from its item outcomes and those of the baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from posttrace.analysis.audit.itemtable import ItemError, ItemTable
from posttrace.analysis.runs.records import Evaluation
from posttrace.analysis.stats.items.evalue import log_e_greater
from posttrace.analysis.stats.items.paired import Paired


@dataclass(frozen=True)
class Compared:
    """A submission against the baseline, item by item.

    ``gained``, ``lost``: items, mean over scorings of the baseline. ``log_e``: log e-value, the mean of the
    e-values against each scoring (a mean of e-values is one under any dependence). NaN with ``why`` where
    there is none.
    """

    gained: float = math.nan
    lost: float = math.nan
    log_e: float = math.nan
    why: str | None = None


def compare(baseline: Sequence[Evaluation], scored: Evaluation) -> Compared:
    """Compare ``scored`` with the scorings of the baseline on the same items.

    An outcome that the evaluator lost counts against a gain.
    """
    why = _incomparable(baseline, scored)
    if why is not None:
        return Compared(why=why)
    try:
        table = ItemTable.align(baseline, [(scored,)])
    except ItemError as error:
        return Compared(why=str(error))
    paired = table.adverse(to_gain=True)
    if not paired.zero_one:
        return Compared(why="e-values need 0/1 items")
    if paired.clusters is not None:
        return Compared(why="e-values need independent items, these come in clusters")
    return _counted(paired)


def _incomparable(baseline: Sequence[Evaluation], scored: Evaluation) -> str | None:
    if not baseline:
        return f"no baseline on the {scored.split} items so far"
    if any(e.values is None or e.item_ids is None for e in (*baseline, scored)):
        return "no per-item outcomes"
    judges = {e.evaluator for e in (*baseline, scored) if e.evaluator is not None}
    return "another evaluator than the baseline's" if len(judges) > 1 else None


def _counted(paired: Paired) -> Compared:
    d = paired.submissions[:, 0] - paired.baseline
    gained, lost = (d > 0).sum(axis=1), (d < 0).sum(axis=1)
    each = [log_e_greater(int(b), int(c)) for b, c in zip(gained, lost, strict=True)]
    log_e = float(logsumexp(each)) - math.log(len(each))
    return Compared(float(np.mean(gained)), float(np.mean(lost)), log_e)
