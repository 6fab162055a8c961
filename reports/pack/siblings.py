"""Rows of the figures on sibling benchmarks, from tables: medal rates over hours, crossover of strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import StudySettings
from posttrace.analysis.siblings.crossover import Crossover
from posttrace.analysis.siblings.grades import complexity
from posttrace.analysis.siblings.logistic import logistic_lines
from posttrace.analysis.stats.proportions import wilson
from posttrace.reports.figures.crossover import COLUMNS as CROSSOVER
from posttrace.reports.figures.medals import COLUMNS as MEDALS
from posttrace.reports.pack.entry import Unsupported
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from posttrace.analysis.published.tables import Table
    from posttrace.reports.pack.material import Material

LEADERBOARD: Final = ("system", "budget", "all_pct")
STRATEGIES: Final = ("strategy", "strength")
POINTS: Final = 60
"""Of a fitted line."""


def medals(material: Material) -> pd.DataFrame:
    """One row a system and budget of a leaderboard: ``figures.medals.COLUMNS``.

    Columns that are read: system, budget (such as 24h), all_pct, and all_err, error_is, n_seeds,
    n_competitions where they are; without the last the competitions of MLE-bench are counted.
    """
    table = _table(material, LEADERBOARD, "of medal rates over hours")
    cells = table.cells
    frame = pd.DataFrame({"system": cells["system"].astype(str)})
    frame["hours"] = pd.to_numeric(
        cells["budget"].str.extract(r"^([\d.]+)\s*h", expand=False), errors="coerce"
    )
    frame["rate_pct"] = table.numbers("all_pct")
    error = _column(table, "all_err")
    kind = cells["error_is"].fillna("") if "error_is" in cells else pd.Series("", index=cells.index)
    frame["seeds"] = _column(table, "n_seeds")
    # what is not said to be a standard error of the mean is not drawn as one
    sem = error.where(kind == "SEM")
    frame["seed_low_pct"], frame["seed_high_pct"] = frame["rate_pct"] - sem, frame["rate_pct"] + sem
    of = _column(table, "n_competitions").fillna(len(complexity()))
    frame["competitions"] = of
    alpha = material.settings.alpha
    bounds = [_wilson(rate, n, alpha) for rate, n in zip(frame["rate_pct"], of, strict=True)]
    frame["wilson_low_pct"], frame["wilson_high_pct"] = zip(*bounds, strict=True) if bounds else ((), ())
    frame = frame[frame["hours"].notna() & frame["rate_pct"].notna()]
    if frame.empty:
        raise Unsupported("no row with hours and a medal rate")
    frame = frame.sort_values(["system", "hours"], kind="stable")
    return frame[[*MEDALS, "competitions"]].assign(source=table.name).reset_index(drop=True)


def crossover(material: Material) -> pd.DataFrame:
    """Observed rates, fitted lines and the crossover of two strategies: ``figures.crossover.COLUMNS``.

    Columns that are read: strategy, strength, successes and trials, or any_medal; perhaps competition.
    """
    table = _table(material, STRATEGIES, "of strategies over strengths")
    frame = table.cells.copy()
    for name in ("strength", "successes", "trials", "any_medal"):
        if name in frame:
            frame[name] = table.numbers(name)
    names = list(dict.fromkeys(frame["strategy"].dropna().astype(str)))
    if len(names) != 2:
        raise Unsupported(f"{len(names)} strategies; a crossover is of two")
    if "successes" not in frame and "any_medal" in frame:
        frame = frame.assign(successes=frame["any_medal"], trials=1.0)
    reference, challenger = names
    settings = StudySettings.of(material.settings)
    try:
        method = Crossover(challenger, reference, settings.alpha)
        found = method(frame, settings.stream("crossover"))
    except InputError as error:
        raise Unsupported(str(error)) from None
    observed = _observed(frame, settings.alpha)
    cross = {
        "kind": "crossover",
        "strategy": f"{challenger} against {reference}",
        "strength": found.crossover,
        "low_strength": found.low,
        "high_strength": found.high,
        "reason": found.reason,
    }
    fitted = pd.concat([_line(observed, name) for name in names])
    whole = pd.concat([observed, fitted, pd.DataFrame([cross])], ignore_index=True)
    return whole[[*CROSSOVER, "low_strength", "high_strength", "successes", "trials", "reason"]]


def _table(material: Material, columns: tuple[str, ...], what: str) -> Table:
    for table in material.tables:
        if set(columns) <= set(table.cells):
            return table
    raise Unsupported(f"no table {what} (columns {', '.join(columns)})")


def _column(table: Table, name: str) -> pd.Series:
    return table.numbers(name) if name in table.cells else pd.Series(np.nan, index=table.cells.index)


def _wilson(rate_pct: float, n: float, alpha: float) -> tuple[float, float]:
    """As if the seeds of a competition always agreed: conservative."""
    if not np.isfinite(rate_pct) or not n > 0:
        return np.nan, np.nan
    low, high = wilson(rate_pct / 100 * n, n, alpha)  # a mean over seeds is no whole count
    return 100 * low, 100 * high


def _observed(frame: pd.DataFrame, alpha: float) -> pd.DataFrame:
    sums = frame.groupby(["strategy", "strength"], as_index=False, sort=False)[["successes", "trials"]].sum()
    sums["strategy"] = sums["strategy"].astype(str)
    counts = zip(sums["successes"], sums["trials"], strict=True)
    bounds = [wilson(int(won), int(n), alpha) for won, n in counts]
    low, high = ([100 * bound[i] for bound in bounds] for i in (0, 1))
    rate = 100 * sums["successes"] / sums["trials"]
    return sums.assign(kind="observed", rate_pct=rate, low_pct=low, high_pct=high)


def _line(observed: pd.DataFrame, name: str) -> pd.DataFrame:
    own = observed[observed["strategy"] == name]
    x, won, n = (own[column].to_numpy(dtype=float) for column in ("strength", "successes", "trials"))
    intercept, slope = logistic_lines(x, won[None], n[None])[0]
    at = np.linspace(x.min(), x.max(), POINTS)
    rate = 100 / (1 + np.exp(-intercept - slope * at))
    return pd.DataFrame({"kind": "fitted", "strategy": name, "strength": at, "rate_pct": rate})
