"""What does a study say? One call, from an audit to the tables over its runs, cells and factors."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.analysis.across.conditions import conditions
from posttrace.analysis.across.factors import aliasing, factor_contrasts
from posttrace.analysis.across.items import COLUMNS as ITEMS
from posttrace.analysis.across.items import other_items
from posttrace.analysis.across.models import mixed, sensitivity
from posttrace.analysis.across.rates import rates
from posttrace.analysis.across.routes import associations
from posttrace.analysis.across.runs import BASE, FACTORS, StudySettings, run_table, tidy
from posttrace.analysis.across.summaries import aggregates, best_of_k, improvement, profiles
from posttrace.analysis.audit.audit import Audit

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Runs

__all__ = ["SCHEMA", "Study", "StudySettings", "study"]

SCHEMA: Final = "posttrace-study/1"


@dataclass(frozen=True)
class Study:
    """Tidy tables, gains on 0..1, NaN where undefined, with the reason in the row.

    ``reasons``: table -> why it is empty. The functions that make the tables describe their columns.
    """

    settings: StudySettings
    runs: pd.DataFrame
    cells: pd.DataFrame
    contrasts: pd.DataFrame
    aliasing: pd.DataFrame
    association: pd.DataFrame
    rates: pd.DataFrame
    aggregates: pd.DataFrame
    improvement: pd.DataFrame
    profiles: pd.DataFrame
    best_of_k: pd.DataFrame
    items: pd.DataFrame
    mixed: pd.DataFrame
    sensitivity: pd.DataFrame
    reasons: dict[str, str]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by its name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("settings", "reasons")}

    def to_json(self) -> dict[str, Any]:
        """``posttrace-study/1``: each table as a list of rows; null where a number is undefined."""
        tables = {name: _records(table) for name, table in self.tables.items()}
        return {"schema": SCHEMA, "settings": asdict(self.settings), **tables, "reasons": self.reasons}


def study(audit: Audit, settings: StudySettings | None = None, traces: Runs | None = None) -> Study:
    """All that the runs of an audit say together.

    ``settings``: those of the audit where not given. With ``traces`` also budget, sandbox and grading of each
    run are looked at, contrasts match on them, and ``items`` is made. Without, runs are compared as if they
    were equal in these, except where one agent has several cells that look alike. Routes are compared where
    the audit knows them (``Audit.with_routes``).
    """
    settings = settings or StudySettings.of(audit.settings)
    beside = conditions(traces) if traces is not None else {}
    runs = run_table(audit, settings.exclude_policy, beside)
    factors = [*FACTORS, BASE, *sorted({name for values in beside.values() for name in values})]
    if traces is not None:
        runs["ended"] = runs["run_id"].map({record.run_id: record.status for record in traces.final})
    # random draws meet runs by position: in one order, whatever that of the traces was
    ordered = runs.sort_values("run_id", ignore_index=True)
    tables = {
        "cells": cells(audit),
        "contrasts": factor_contrasts(ordered, factors, settings),
        "aliasing": aliasing(runs, factors),
        "association": associations(ordered, settings),
        "rates": rates(runs, len(audit.excluded), settings.alpha),
        "aggregates": aggregates(ordered, settings),
        "improvement": improvement(ordered, settings),
        "profiles": profiles(ordered, settings),
        "best_of_k": best_of_k(runs),
        "items": tidy([], ITEMS) if traces is None else other_items(audit, traces, settings),
        "mixed": mixed(runs, settings.alpha),
        "sensitivity": sensitivity(audit),
    }
    tables = {"runs": runs, **tables}
    reasons = {name: _why_empty(name, runs) for name, table in tables.items() if table.empty}
    return Study(settings, **tables, reasons=reasons)


def cells(audit: Audit) -> pd.DataFrame:
    """One row a cell: runs, verdicts, mean gain and the interval that its runs support (``interval``)."""
    rows = [asdict(cell) for cell in audit.cells]
    for row in rows:
        row["verdicts"] = ", ".join(f"{n} {code}" for code, n in row["verdicts"].items())
        del row["sensitivity"]
    columns = (
        "cell_id task agent driver mode n_runs n_without_score verdicts mean_gain gain_kind low high interval"
    )
    return tidy(rows, columns)


def _why_empty(name: str, runs: pd.DataFrame) -> str:
    if runs.empty:
        return "no runs"
    if name == "items":
        return "needs the traces: outcomes of items are not in an audit"
    if name in ("contrasts", "mixed"):
        return "no factor varies"
    if name == "improvement":
        return "one configuration only"
    if name == "association":
        return (
            "routes are not known" if runs["route"].isna().all() else "no run with a gain and a known route"
        )
    return "no run with a gain"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain JSON; NaN and infinities become None."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(key): _plain(value) for key, value in row.items()} for row in plain.to_dict("records")]


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value
