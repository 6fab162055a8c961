"""One agent against another on matched runs: same task, same seed, and so the same base model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from posttrace.analysis.stats.across.contrast import PairedContrast
from posttrace.traces.errors import InputError

GAIN = "corrected_gain"


def contrasts(
    verdicts: pd.DataFrame, pairs: Sequence[tuple[str, str]], method: PairedContrast | None = None
) -> pd.DataFrame:
    """One row a task and pair: corrected gain of ``one`` minus that of ``other``, run by run.

    ``verdicts`` is ``Audit.table()``. Columns: task, one, other, n (pairs), unmatched (runs of either without
    a partner or without a gain), mean, sd, low, high (0..1), p_t, p_flip, p_least. Raises ``InputError`` when
    a run of an agent is there twice, so that it is not clear which one matches.
    """
    method = method or PairedContrast()
    keys = ["task", "agent", "seed"]
    if verdicts.duplicated(keys).any():
        twice = verdicts[verdicts.duplicated(keys)].iloc[0]
        raise InputError(
            f"two runs of {twice['agent']} on {twice['task']} with seed {twice['seed']}; "
            "contrast one study at a time"
        )
    gains = verdicts.set_index(keys)[GAIN].unstack("agent")
    rows = []
    for one, other in pairs:
        if not {one, other} <= set(gains.columns):
            there = ", ".join(map(str, gains.columns))
            raise InputError(f"no runs of {one if one not in gains else other}; agents are {there}")
        both = gains[[one, other]]
        for task, of_task in both.groupby(level="task", sort=False):
            matched = of_task.dropna()
            unmatched = int(of_task.notna().sum().sum()) - 2 * len(matched)
            row = {"task": task, "one": one, "other": other, "unmatched": unmatched}
            if len(matched):
                found = method((matched[one] - matched[other]).to_numpy())
                row |= asdict(found) | {"p_least": found.p_least}
            else:
                row |= {"n": 0}
            rows.append(row)
    return pd.DataFrame(rows)
