"""Other runs and other items: what a cell would gain on both, from outcomes that no selection saw."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import StudySettings, tidy
from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.audit.baseline import baseline_on
from posttrace.analysis.audit.clean import confirmation
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.stats.across.hierarchical import MIN_RUNS, HierarchicalBootstrap, TaskOutcomes

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit, Runs, RunVerdict
    from posttrace.analysis.runs.records import RunRecord

COLUMNS = "task cell_id other runs items gain low high reason"


def other_items(audit: Audit, traces: Runs, settings: StudySettings) -> pd.DataFrame:
    """One row a cell, and one for each two cells of a task (``cell_id`` minus ``other``): gain on 0..1.

    ``low``, ``high``: hierarchical bootstrap, runs and then items, one draw of items for all runs, agents and
    baselines of a task. Only runs whose verdict rests on items that no selection saw: elsewhere the winner
    was picked on the items that would be drawn. NaN with a ``reason`` below 5 such runs of the cell. A task's
    ``items`` are those that every one of these runs has an outcome of.
    """
    records = {record.run_id: record for record in traces.final}
    cells: dict[str, dict[str, list[pd.Series[float] | str]]] = {}
    for row in audit.runs:
        found = _differences(records.get(row.run_id), row)
        cells.setdefault(row.task, {}).setdefault(row.cell_id, []).append(found)
    rows = [row for task, of_task in sorted(cells.items()) for row in _task(task, of_task, settings)]
    return tidy(rows, COLUMNS)


def _differences(record: RunRecord | None, row: RunVerdict) -> pd.Series[float] | str:
    """Outcome of the winner less that of the baseline by item id, or why not."""
    if record is None:
        return "trace not given"
    for split, flag in RESTS_ON.items():
        if flag in row.flags:
            winner = next(s for s in record.submissions if s.submission_id == row.winner)
            table, ids = confirmation(record, winner, split), baseline_on(record, split)[0].item_ids
            assert table is not None, "a verdict that rests on a split has outcomes there"
            if table.clusters is not None:
                return "items come in clusters"
            d = table.submissions[:, 0] - table.baseline.mean(axis=0)
            return pd.Series(d, index=pd.Index(ids or ()))
    return "no items that no selection saw"


def _task(
    task: str, cells: dict[str, list[pd.Series[float] | str]], settings: StudySettings
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    usable: dict[str, list[pd.Series[float]]] = {}
    for cell, found in cells.items():
        runs = [d for d in found if not isinstance(d, str)]
        if len(runs) >= MIN_RUNS:
            usable[cell] = runs
            continue
        why = "; ".join(sorted({d for d in found if isinstance(d, str)})) or f"{MIN_RUNS} are needed"
        reason = f"{len(runs)} of {len(found)} runs: {why}"
        rows.append((task, cell, "", len(runs), 0, *[np.nan] * 3, reason))
    return rows + _resampled(task, usable, settings)


def _resampled(
    task: str, cells: dict[str, list[pd.Series[float]]], settings: StudySettings
) -> list[tuple[object, ...]]:
    common = (
        pd.concat([d for runs in cells.values() for d in runs], axis=1, join="inner").dropna()
        if cells
        else None
    )
    if common is None or common.empty:
        reason = "no item that all runs of the task have an outcome of"
        return [(task, cell, "", len(runs), 0, *[np.nan] * 3, reason) for cell, runs in cells.items()]
    ends = np.cumsum([len(runs) for runs in cells.values()])
    agents: list[FloatArray] = np.split(common.to_numpy().T, ends[:-1])
    method = HierarchicalBootstrap(settings.alpha, settings.resamples)
    found = method([TaskOutcomes(tuple(agents))], settings.stream(f"items {task}"))
    rows: list[tuple[object, ...]] = [
        (task, cell, "", len(runs), len(common), *map(float, interval), "")
        for (cell, runs), *interval in zip(cells.items(), found.means, found.low, found.high, strict=True)
    ]
    for (i, one), (j, other) in combinations(enumerate(cells), 2):
        runs = len(cells[one]) + len(cells[other])
        rows.append((task, one, other, runs, len(common), *found.difference(i, j), ""))
    return rows
