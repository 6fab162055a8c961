"""Reported results: a baseline and the best of some submissions, row by row, as a table printed them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from posttrace.analysis.published.tables import Table
from posttrace.traces.errors import InputError

REQUIRED: Final = ("task", "baseline", "best", "n_test")
IDENTITY: Final = ("task", "agent", "driver", "mode", "base_model", "budget", "seed", "run")
"""Columns that tell one run from another; rows that agree in all of them are rows of one run."""
JUDGES: Final = ("judge", "evaluator")
NOT_A_MEAN: Final = ("length-controlled", "dense", "reward")
"""Words of a metric that is no mean of 0/1 items."""


@dataclass(frozen=True)
class Result:
    """One row. Scores on 0..1, NaN where the table has none; ``problem``: why nothing can be tested.

    ``n``: items of one scoring. ``k``: submissions that the best was picked from, None where the table does
    not say. ``half``: half of the rounding units of both scores, 0 where only one count fits each.
    ``bounded``: the score is no mean of 0/1 items, or fits no count. ``noise``: standard deviation of one
    evaluation as reported, NaN where none is. ``cell_id``: the same for rows of one run.
    """

    run_id: str
    cell_id: str
    task: str
    agent: str
    driver: str | None
    mode: str | None
    base_model: str
    seed: int | None
    n: int | None
    k: int | None
    baseline: float
    best: float
    half: float
    bounded: bool
    noise: float
    source: str | None
    problem: str | None


def results(tables: Sequence[Table]) -> tuple[Result, ...]:
    """Rows of every table that has a baseline and a best score of tasks with n items.

    Columns ``task, baseline, best, n_test`` are needed; ``agent, driver, mode, base_model, budget, seed, run,
    submissions, judge, scale_max, metric, noise_pp, source`` are read where they are. Scores are percentages
    unless ``scale_max`` says otherwise. A table beside it with ``task`` and ``metric`` or ``noise_pp`` adds
    these by task. Raises ``InputError`` when no table has the needed columns, or when percentages look like
    scores on 0..1.
    """
    usable = [table for table in tables if set(REQUIRED) <= set(table.cells)]
    if not usable:
        for table in tables[:1]:
            table.require(REQUIRED)
        raise InputError(f"no table with the columns {', '.join(REQUIRED)}")
    known = {name: _by_task(tables, name) for name in ("metric", "noise_pp")}
    return tuple(row for table in usable for row in _Reader(table, known).rows())


def _by_task(tables: Sequence[Table], column: str) -> dict[str, str]:
    """Task -> what some table of the group says of it, the first one that does."""
    found: dict[str, str] = {}
    for table in tables:
        if {"task", column} <= set(table.cells):
            pairs = table.cells[["task", column]].dropna().itertuples(index=False)
            found = {str(task): str(value) for task, value in pairs} | found
    return found


class _Reader:
    """Reads the rows of one table; ``known``: column -> task -> what other tables say."""

    def __init__(self, table: Table, known: dict[str, dict[str, str]]) -> None:
        self.table, self.known = table, known
        self.scale = self._scale()
        # 0-based row -> digits after the point, of either score
        self.digits = [table.decimals("baseline"), table.decimals("best")]
        self.identity = [self._identity(i) for i in range(len(table.cells))]

    def rows(self) -> list[Result]:
        return [self._row(i) for i in range(len(self.table.cells))]

    def _text(self, column: str, i: int) -> str | None:
        if column not in self.table.cells:
            return None
        cell = self.table.cells[column].iloc[i]
        return None if pd.isna(cell) else str(cell)

    def _number(self, column: str, i: int) -> float:
        text = self._text(column, i)
        return math.nan if text is None else float(pd.to_numeric(text, errors="coerce"))

    def _scale(self) -> list[float]:
        """Largest possible score of each row."""
        cells = self.table.cells
        if "scale_max" in cells:
            return [float(x) for x in self.table.numbers("scale_max").fillna(100.0)]
        scores = pd.concat([self.table.numbers("baseline"), self.table.numbers("best")]).dropna()
        if len(scores) and scores.max() <= 1 and (scores % 1 != 0).any():
            raise InputError(
                f"{self.table.name}: every score is at most 1; add a column scale_max with 1 for scores on "
                "0..1, or 100 for percentages that small"
            )
        return [100.0] * len(cells)

    def _identity(self, i: int) -> str:
        parts = [self._text(column, i) for column in IDENTITY]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def _row(self, i: int) -> Result:
        scale, task = self.scale[i], self._text("task", i) or ""
        baseline, best = (self._number(column, i) / scale for column in ("baseline", "best"))
        n, k = self._count("n_test", i), self._count("submissions", i)
        half, counted = self._rounding(i, baseline, best, n)
        metric = self._text("metric", i) or self.known["metric"].get(task, "")
        noise = self._text("noise_pp", i) or self.known["noise_pp"].get(task, "")
        seed = self._number("seed", i)
        return Result(
            run_id=f"{self.table.name}:{i + 1}",
            cell_id=self.identity[i],
            task=task,
            agent=self._text("agent", i) or "",
            driver=self._text("driver", i),
            mode=self._text("mode", i),
            base_model=self._text("base_model", i) or "",
            seed=int(seed) if seed % 1 == 0 else None,
            n=n,
            k=k,
            baseline=baseline,
            best=best,
            half=half,
            bounded=any(word in metric for word in NOT_A_MEAN) or not counted,
            noise=float(pd.to_numeric(noise, errors="coerce")) / 100 if noise else math.nan,
            source=self._text("source", i),
            problem=self._problem(i, baseline, best, n, k),
        )

    def _count(self, column: str, i: int) -> int | None:
        value = self._number(column, i)
        return int(value) if value % 1 == 0 else None

    def _rounding(self, i: int, baseline: float, best: float, n: int | None) -> tuple[float, bool]:
        """Half of the rounding units of both scores, and whether counts of right answers fit both."""
        halves = [0.5 * 10.0 ** -int(digits.iloc[i]) / self.scale[i] for digits in self.digits]
        if n is None or n < 1:
            return sum(halves), False
        fitting = [
            math.floor(n * (score + half) + 1e-9) - math.ceil(n * (score - half) - 1e-9) + 1
            for score, half in zip((baseline, best), halves, strict=True)
            if not math.isnan(score)
        ]
        known = fitting == [1, 1]
        return (0.0 if known else sum(halves)), len(fitting) == 2 and min(fitting) >= 1

    def _problem(self, i: int, baseline: float, best: float, n: int | None, k: int | None) -> str | None:
        if math.isnan(baseline):
            text = self._text("baseline", i)
            missing = text is None or text.lower() == "nan"
            return "no baseline" if missing else f"baseline {text!r} is no number"
        if math.isnan(best):
            return "no scored submission"
        if not (0 <= baseline <= 1 and 0 <= best <= 1):
            return f"a score lies off its scale (0 to {self.scale[i]:g})"
        if n is None:
            return f"n_test is {self._text('n_test', i) or 'missing'}; the number of items is needed"
        return self._problem_of_k(i, k) or self._mixed(i)

    def _problem_of_k(self, i: int, k: int | None) -> str | None:
        stated, rows = self._text("submissions", i), self.identity.count(self.identity[i])
        if stated is not None and (k is None or k < 1):
            return f"submissions is {stated}; give a whole number from 1, or nothing where it is unknown"
        if k is not None and k < rows:
            return (
                f"submissions is {k}, but {rows} rows are of this run; add a column run or seed if they are "
                "different runs"
            )
        return None

    def _mixed(self, i: int) -> str | None:
        for column in JUDGES:
            same = (j for j, other in enumerate(self.identity) if other == self.identity[i])
            found = {text for j in same if (text := self._text(column, j))}
            if len(found) > 1:
                return f"mixed judges: {', '.join(sorted(found))}"
        return None
