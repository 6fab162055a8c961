"""Which tables there are: those of the traces, of the audit, of routes and failures, and of the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.reports.display import DASH, percent, points
from posttrace.reports.figures.results import marks
from posttrace.reports.pack import gains
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.printed import Printed, as_it_is, printing
from posttrace.reports.pack.words import legend
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material


@dataclass(frozen=True)
class Sheet:
    """One table. ``row``: what a row is, and its units. ``print_as``: the same for people.

    ``long``: in LaTeX and Markdown only when it is asked for by name.
    """

    name: str
    row: str
    frame: Callable[[Material], pd.DataFrame]
    print_as: Callable[[pd.DataFrame, Material], Printed] | None = None
    long: bool = False

    def printed(self, frame: pd.DataFrame, material: Material) -> Printed:
        """What is read of the ``frame``, and its caption."""
        return (self.print_as or partial(as_it_is, self.row))(frame, material)


def chosen(names: tuple[str, ...]) -> tuple[Sheet, ...]:
    """The tables of these names, all for none. Raises ``InputError`` for a name that no table has."""
    known = {sheet.name: sheet for sheet in SHEETS}
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"no table {', '.join(unknown)}; tables are {', '.join(known)}")
    return tuple(sheet for sheet in SHEETS if not names or sheet.name in names)


def _of_traces(name: str, material: Material) -> pd.DataFrame:
    found: pd.DataFrame = getattr(material.traces, name)
    return found


def _of_study(name: str, material: Material) -> pd.DataFrame:
    """The table, with the names that tell cells apart: an agent may have several drivers, modes or bases."""
    table = material.study.tables[name]
    if table.empty:
        raise Unsupported(material.study.reasons.get(name, "no row"))
    if "cell_id" not in table:
        return table
    cells = {"agent_label": table["cell_id"], **({"other_label": table["other"]} if "other" in table else {})}
    return table.assign(**{name: ids.map(gains.labels(material)).fillna("") for name, ids in cells.items()})


def _association(material: Material) -> pd.DataFrame:
    """Of the study, with the routes of the runs."""
    from posttrace.analysis.across.routes import associations
    from posttrace.analysis.across.runs import StudySettings, run_table

    audit = material.routing.within(material.audit)
    runs = run_table(audit, material.settings.exclude_policy).sort_values("run_id", ignore_index=True)
    table = associations(runs, StudySettings.of(material.settings))
    if table.empty:
        raise Unsupported("no run with a gain and a known route")
    return table


def _of_failures(name: str, material: Material) -> pd.DataFrame:
    found: pd.DataFrame = getattr(material.failures, name)
    return found


def _submissions(material: Material) -> pd.DataFrame:
    if not material.audit.submissions:
        raise Unsupported("no submission was audited")
    return pd.DataFrame([vars(one) for one in material.audit.submissions])


def results_printed(table: pd.DataFrame, material: Material) -> Printed:
    """Agents down, tasks across: gain, the marks of the runs, and interval, as one text a cell."""
    rows = table.to_dict("records")
    cells = {(str(row["agent_label"]), str(row["task"])): _cell(row) for row in rows}
    agents, tasks = (list(dict.fromkeys(str(row[name]) for row in rows)) for name in ("agent_label", "task"))
    columns = {task: [cells.get((agent, task), "") for agent in agents] for task in tasks}
    return Printed(pd.DataFrame({"agent": agents, **columns}), _results_say(table, material))


def _results_say(table: pd.DataFrame, material: Material) -> tuple[str, ...]:
    kinds = sorted(set(table.loc[table["low_pp"].notna() | table["high_pp"].notna(), "interval"]))
    codes = {code for cell in table["verdicts"] for code in cell.split()}
    gains = ", ".join(sorted(set(table.loc[table["mean_gain_pp"].notna(), "gain_kind"])))
    means = f"Mean gain of the runs of each agent on each task, in percentage points ({gains})."
    brackets = (f"Brackets: {', '.join(kinds)}.",) if kinds else ()
    return means, *brackets, f"A mark for each run: {legend(codes, material.settings.delta_eq)}."


def _cell(row: dict[Any, Any]) -> str:
    """The end of a line is where LaTeX may fold it."""
    if pd.isna(row["mean_gain_pp"]):
        return f"{DASH} ({row['interval']})"
    low, high = percent(row["low_pp"]), percent(row["high_pp"])
    bounds = "" if pd.isna(row["low_pp"]) else f"\n[{low},\N{NO-BREAK SPACE}{high}]"
    return f"{points(row['mean_gain_pp'])} {marks(str(row['verdicts']))}{bounds}"


_TRACES: Final = {
    "runs": "a readable run, final or not; scores on 0..1",
    "submissions": "a submission of a readable run",
    "revisions": "a code revision",
    "items": "an item of an evaluation",
    "steps": "a step of an agent",
    "usage": "a run and model: tokens and cost",
    "resources": "a resource sample",
}
_STUDY: Final = {
    "study_runs": ("runs", "a run, with the one gain that statistics over runs take; gains on 0..1"),
    "cells": ("cells", "a cell: mean gain of its runs, on 0..1"),
    "contrasts": ("contrasts", "two levels of a factor on matched runs, over all tasks or on one; on 0..1"),
    "aliasing": ("aliasing", "two factors: do they vary apart?"),
    "rates": ("rates", "a rate of a group of runs, with its denominator"),
    "aggregates": ("aggregates", "an agent and statistic of its gain as a share of the headroom"),
    "improvement": ("improvement", "two agents: chance that a run of one gains more"),
    "profiles": ("profiles", "an agent and threshold: share of runs that gain more"),
    "best_of_k": ("best_of_k", "a cell and k: expected best gain of k runs, on 0..1"),
    "other_items": ("items", "a cell, or two: gain over other runs and other items, on 0..1"),
    "mixed": ("mixed", "a level of a factor in gain ~ factor + (1 | task), on 0..1"),
    "sensitivity": ("sensitivity", "a cell: mean gain by what a run without a score counts as, on 0..1"),
}

SHEETS: Final = (
    Sheet(
        "results",
        "an agent on a task: mean corrected gain, interval and verdicts; percentage points",
        gains.results,
        results_printed,
    ),
    Sheet(
        "audit",
        "an audited run: verdict, gains, bounds and p; on 0..1",
        lambda m: m.audit.table(),
        printing("audit"),
    ),
    Sheet(
        "audit_submissions",
        "a submission of an audited run: gain and bounds; on 0..1",
        _submissions,
        printing("audit_submissions"),
    ),
    *(Sheet(name, row, partial(_of_traces, name), long=True) for name, row in _TRACES.items()),
    Sheet("routes", "a submission: its route and evidence", lambda m: m.routing.found.submissions, long=True),
    Sheet(
        "association",
        "a route against all others within tasks; gains on 0..1",
        _association,
        printing("association"),
    ),
    Sheet(
        "failed_runs",
        "a run, failed or not: type of failure",
        partial(_of_failures, "runs"),
        printing("failed_runs"),
    ),
    Sheet("failed_iterations", "an iteration, failed or not", partial(_of_failures, "iterations"), long=True),
    Sheet("failure_causes", "a cited line of a failure's cause", partial(_of_failures, "causes"), long=True),
    *(
        Sheet(name, row, partial(_of_study, table), printing(name, table))
        for name, (table, row) in _STUDY.items()
    ),
)
