"""The tables of a report, printed for people. Each takes frames of ``posttrace.reports.runs.frames``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from posttrace.analysis.audit.baseline import Baseline
from posttrace.analysis.audit.wording import NO_SCORE, ONLY_BASE, SCOPES, says_what_numbers_are_of
from posttrace.reports.display import DASH, count, listed, p_value, percent, plural, points
from posttrace.reports.shown import Prose, Table
from posttrace.reports.style import VERDICT_MARKS

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.runs.tables import TraceSet

UNPROTECTED = "unprotected ("
"""How the audit's flag of a run in a sandbox that enforces nothing begins."""

SUMMARY = {
    "exceeds": ("gain exceeds noise", "gains exceed noise"),
    "within_noise": ("within noise", "within noise"),
    "no_gain_larger_than_delta": ("no gain larger than {delta:g} pp",) * 2,
    "regression": ("regression", "regressions"),
    "underpowered": ("underpowered", "underpowered"),
    "undetermined": ("undetermined", "undetermined"),
    ONLY_BASE: (f"with {ONLY_BASE}",) * 2,
    NO_SCORE: ("without a scored submission",) * 2,
    "invalid": ("invalid", "invalid"),
}
"""Verdict code, or the reason of an invalid run without a fault of its record -> its words after a count of
one, and of several, in the order of the sentence."""


def summary(verdicts: pd.DataFrame, n_excluded: int, *, delta_eq: float) -> Prose:
    """One sentence: how many runs got which verdict, and how many were left out."""
    counts = _said_as(verdicts).value_counts()
    parts = [
        f"{counts[code]} {words[int(counts[code] > 1)].format(delta=100 * delta_eq)}"
        for code, words in SUMMARY.items()
        if code in counts
    ]
    said = ", ".join(parts) if parts else "nothing to audit"
    left_out = f"; {plural(n_excluded, 'more trace')} left out" if n_excluded else ""
    return Prose(f"{plural(len(verdicts), 'run')}: {said}{left_out}.")


def _said_as(verdicts: pd.DataFrame) -> pd.Series:
    """Key of ``SUMMARY`` for each run."""
    keys = verdicts["verdict"].copy()
    for reason in (NO_SCORE, ONLY_BASE):
        keys[(keys == "invalid") & verdicts["reason"].str.startswith(reason)] = reason
    return keys


def verdict_table(verdicts: pd.DataFrame, route_notes: Sequence[str] = ()) -> Table:
    """The main table: what each run reported, what is left of it, by which route, and the verdict."""
    both = [
        f"{points(gain)} [{points(low)}]" if pd.notna(low) else points(gain)
        for gain, low in zip(verdicts["corrected_gain_pp"], verdicts["lcb_pp"], strict=True)
    ]
    cells = pd.DataFrame(
        {
            "task": verdicts["task"],
            "agent": verdicts["agent_label"],
            "seed": verdicts["seed"].map(count),
            "route": [DASH if pd.isna(route) else route for route in verdicts["route"]],
            "verdict": [_verdict(c, t) for c, t in zip(verdicts["verdict"], verdicts["label"], strict=True)],
            "items": verdicts["n_items"].map(count),
            "k": verdicts["k"].map(count),
            "baseline %": verdicts["baseline_pct"].map(percent),
            "best %": verdicts["reported_best_pct"].map(percent),
            "gain, pp": verdicts["reported_gain_pp"].map(points),
            "corrected [LCB]": both,
            "p": verdicts["p_raw"].map(p_value),
            "p Holm": verdicts["p_holm"].map(p_value),
            "integrity": verdicts["integrity"],
        }
    )
    shown = ["baseline_pct", "reported_best_pct", "reported_gain_pp", "corrected_gain_pp", "lcb_pp", "p_raw"]
    notes = (
        *_missing(verdicts, shown),
        *_scopes(verdicts),
        *_flagged(verdicts),
        *route_notes,
        *_bare(verdicts),
    )
    return Table("verdicts", cells, verdicts, notes, tuple(cells.columns[5:-1]), "task")


def _verdict(code: str, label: str) -> str:
    return f"{VERDICT_MARKS[code].symbol} {label}"


def _missing(verdicts: pd.DataFrame, columns: list[str]) -> tuple[str, ...]:
    """One note that says why numbers of some rows are a dash."""
    gaps = verdicts[verdicts[columns].isna().any(axis=1)]
    if gaps.empty:
        return ()
    # the reason of a verdict is also why its numbers are undefined; what follows a semicolon is detail
    names = gaps["task"] + " · " + gaps["run_label"]
    groups = names.groupby(gaps["reason"].str.split(";").str[0], sort=False)
    said = "; ".join(f"{why}, in {listed(runs, len(verdicts))}" for why, runs in groups)
    return (f"{DASH} = not defined: {said}.",)


def _scopes(verdicts: pd.DataFrame) -> tuple[str, ...]:
    """What the verdicts may be said of: one note a scope, naming its runs where there are several."""
    tested = verdicts[verdicts["p_raw"].notna()]
    notes = []
    for scope, says in SCOPES.items():
        runs = tested[tested["scope"] == scope]
        names = listed(runs["task"] + " · " + runs["run_label"], len(tested))
        rest = " that could be tested" if 1 < len(runs) == len(tested) < len(verdicts) else ""
        notes += [f"Scope: {scope} ({names}{rest}). {says}"] * (not runs.empty)
    return tuple(notes)


def _flagged(verdicts: pd.DataFrame) -> tuple[str, ...]:
    """What some numbers of a row are of, where that is not what a reader expects, naming the runs."""
    runs = _runs_by_flag(verdicts, says_what_numbers_are_of)
    return tuple(f"{flag[0].upper()}{flag[1:]} ({named})." for flag, named in runs.items())


def _bare(verdicts: pd.DataFrame) -> tuple[str, ...]:
    """Which runs were not protected at all, once for each kind of sandbox."""
    runs = _runs_by_flag(verdicts, lambda flag: flag.startswith(UNPROTECTED))
    why = "nothing kept the agent from reading test data or rewriting the record"
    return tuple(f"Integrity: {flag} ({named}): {why}." for flag, named in runs.items())


def _runs_by_flag(verdicts: pd.DataFrame, chosen: Callable[[str], bool]) -> dict[str, str]:
    """Flag of the audit -> the runs that have it, as a note names them."""
    names = verdicts["task"] + " · " + verdicts["run_label"]
    pairs = zip(names, verdicts["flags"], strict=True)
    runs: dict[str, list[str]] = {}
    for flag, name in sorted((flag, name) for name, flags in pairs for flag in flags if chosen(flag)):
        runs.setdefault(flag, []).append(name)
    return {flag: listed(named, len(verdicts)) for flag, named in runs.items()}


def cell_table(audit: Audit, verdicts: pd.DataFrame) -> Table:
    """One row a cell (same task, agent, settings), with no more of an interval than its runs support."""
    labels = verdicts.drop_duplicates("cell_id").set_index("cell_id")["agent_label"]
    rows = pd.DataFrame(
        [
            {
                "cell_id": cell.cell_id,
                "task": cell.task,
                "agent": labels[cell.cell_id],
                "runs": cell.n_runs,
                "without_score": cell.n_without_score,
                "exceeds": cell.verdicts.get("exceeds", 0),
                "mean_pp": 100 * cell.mean_gain,
                "gain_kind": cell.gain_kind,
                "low_pp": 100 * cell.low,
                "high_pp": 100 * cell.high,
                "interval": cell.interval,
            }
            for cell in sorted(audit.cells, key=lambda cell: list(labels.index).index(cell.cell_id))
        ]
    )
    if rows.empty:
        return Table("cells", rows, rows)
    spans = [
        f"{points(low)} to {points(high)} ({kind})" if pd.notna(low) else f"{DASH} ({kind})"
        for low, high, kind in zip(rows["low_pp"], rows["high_pp"], rows["interval"], strict=True)
    ]
    cells = pd.DataFrame(
        {
            "task": rows["task"],
            "agent": rows["agent"],
            "runs": rows["runs"].map(count),
            "without a score": rows["without_score"].map(count),
            "exceed noise": [f"{a} of {b}" for a, b in zip(rows["exceeds"], rows["runs"], strict=True)],
            "mean gain, pp": rows["mean_pp"].map(points),
            "gain taken": rows["gain_kind"],
            "between runs, pp": spans,
        }
    )
    return Table("cells", cells, rows, (), tuple(cells.columns[2:6]), "task")


def run_counts(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """Where the runs went: found, left out by state, audited."""
    excluded = pd.Series([trace.state for trace in traces.excluded], dtype="str").value_counts().sort_index()
    rows = pd.DataFrame(
        [
            ("traces found", len(verdicts) + len(traces.excluded)),
            *((f"left out: {str(state).replace('_', ' ')}", n) for state, n in excluded.items()),
            ("audited", len(verdicts)),
        ],
        columns=pd.Index(["runs", "count"]),
    )
    return Table("run_counts", rows.assign(count=rows["count"].map(count)), rows, (), ("count",))


def exclusions(traces: TraceSet) -> Table:
    """Every trace, and every rescoring of a trace, that was left out, and why."""
    rows = pd.DataFrame(
        [
            *((trace.path, trace.state, trace.reason) for trace in traces.excluded),
            *((path, "rescore left out", why) for run in traces.final for path, why in run.unusable.items()),
        ],
        columns=pd.Index(["path", "state", "reason"]),
    ).astype("str")
    return Table("exclusions", rows, rows)


def denominators(traces: TraceSet, verdicts: pd.DataFrame) -> Table:
    """How every audited run ended and what became of its submissions: the parts add up to ``received``."""
    table = traces.submissions
    table = table[table["run_id"].isin(verdicts["run_id"]) & (table["state"] == "final")]
    status = table["status"].where(
        ~(table["is_base_copy"].fillna(False) & (table["status"] == "graded")), "base copy"
    )
    columns = ("graded", "base copy", "duplicate", "rejected", "error", "timeout", "cancelled", "pending")
    counts = pd.crosstab(table["run_id"], status).reindex(
        index=pd.Index(verdicts["run_id"]), columns=pd.Index(columns), fill_value=0
    )
    always = [name for name in columns if name in columns[:5] or counts[name].any()]
    counts = counts[always].reset_index(drop=True)
    scorings = {run.run_id: Baseline.of(run).n for run in traces.final}
    ended = verdicts["run_id"].map({run.run_id: run.status for run in traces.final})
    rows = pd.concat(
        [
            verdicts[["run_id", "task", "agent_label", "seed"]],
            ended.astype("str").str.replace("_", " ").rename("run ended"),
            verdicts["n_items"],
            verdicts["run_id"].map(scorings).rename("baseline scorings"),
            counts.sum(axis=1).rename("received"),
            counts,
            verdicts["k"],
        ],
        axis=1,
    )
    numbers = ["seed", "n_items", "baseline scorings", "received", *always, "k"]
    cells = rows.drop(columns="run_id").rename(columns={"agent_label": "agent", "n_items": "items"})
    numbers = ["items" if name == "n_items" else name for name in numbers]
    cells[numbers] = cells[numbers].apply(lambda column: column.map(count))
    notes = (
        "k = distinct scored submissions that the best was picked from. Duplicates, copies of the base and "
        "submissions without a score are not among them; none of them is counted as a score of 0.",
        "Baseline scorings: those that the baseline is the mean of, scored copies of the base included.",
    )
    return Table("denominators", cells, rows, notes, tuple(numbers[1:]), "task")
