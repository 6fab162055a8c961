"""Tables of a report on published results: what was printed, what the audit says of it, and its sources."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from posttrace.analysis.audit.reported import audit_table
from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.lint.finding import Findings
from posttrace.analysis.lint.lint import lint
from posttrace.analysis.published.tables import Table as Printed
from posttrace.analysis.published.tables import named_tables
from posttrace.reports.display import DASH, count, p_value, percent, plural, points
from posttrace.reports.runs import frames
from posttrace.reports.runs.frames import Z_TWO_SIDED
from posttrace.reports.runs.tables import SUMMARY
from posttrace.reports.shown import Prose, Table
from posttrace.reports.style import VERDICT_MARKS

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit

PARTS: Final = ("agent", "driver", "base_model")
CURVES: Final = {
    "time": (("delta_6h", "6 h"), ("delta_12h", "12 h"), ("delta_24h", "24 h")),
    "pass": (("pass@1", "1"), ("pass@3", "3"), ("pass@5", "5")),
}
"""Kind of a table -> its columns and what they are called on an axis."""


@dataclass(frozen=True)
class Published:
    """Reported tables with their audit and what the linter found."""

    tables: tuple[Printed, ...]
    audit: Audit
    findings: Findings

    @classmethod
    def of(cls, words: Sequence[str], settings: AuditSettings) -> Published:
        """Read what ``words`` name (``published:NAME``, CSV files).

        Raises ``InputError`` as ``audit_table`` does.
        """
        tables = named_tables(words)
        return cls(tables, audit_table(tables, settings), lint(tables))

    def verdicts(self) -> pd.DataFrame:
        """The frame of ``frames.verdicts`` with ``source``, and ``label_row``: agent and what else varies."""
        rows = frames.verdicts(self.audit)
        found = {
            f"{t.name}:{i + 1}": row for t in self.tables for i, row in enumerate(t.cells.to_dict("records"))
        }
        for name in ("source", "budget"):
            rows[name] = [found[run_id].get(name) for run_id in rows["run_id"]]
        parts = [name for name in ("driver", "mode", "base_model", "budget") if rows[name].nunique() > 1]
        labels = _joined(rows, ["agent", *parts])
        rows["label_row"] = labels.where(labels != "", rows["run_id"])
        return rows


def summary(verdicts: pd.DataFrame, delta_eq: float) -> Prose:
    """How many reported results got which verdict."""
    counts = verdicts["verdict"].value_counts()
    parts = [
        f"{counts[code]} {words[int(counts[code] > 1)].format(delta=100 * delta_eq)}"
        for code, words in SUMMARY.items()
        if code in counts
    ]
    unknown = int((~verdicts["k_known"].astype(bool)).sum())
    return Prose(
        f"{plural(len(verdicts), 'reported result')}: {', '.join(parts)}. {unknown} of them do not state how "
        "many submissions the best was picked from."
    )


def verdict_table(verdicts: pd.DataFrame) -> Table:
    """Every row that reports a baseline and a best score, with bounds, p, MDE and its place in print."""
    bounds = [
        f"{points(low)} to {points(high)}"
        for low, high in zip(verdicts["lcb_pp"], verdicts["ucb_pp"], strict=True)
    ]
    cells = pd.DataFrame(
        {
            "task": verdicts["task"],
            "result": verdicts["label_row"],
            "verdict": [
                f"{VERDICT_MARKS[c].symbol} {label}"
                for c, label in zip(verdicts["verdict"], verdicts["label"], strict=True)
            ],
            "items": verdicts["n_items"].map(count),
            "k": verdicts["k"].map(count),
            "baseline %": verdicts["baseline_pct"].map(percent),
            "best %": verdicts["reported_best_pct"].map(percent),
            "gain, pp": verdicts["reported_gain_pp"].map(points),
            "bounds, pp": bounds,
            "MDE, pp": verdicts["mde80_pp"].map(percent),
            "p": verdicts["p_raw"].map(p_value),
            "p Holm": verdicts["p_holm"].map(p_value),
            "printed in": verdicts["source"].map(short),
        }
    )
    note = f"k {DASH}: not stated; p, bounds and MDE are then those of one submission, the least it can be."
    return Table("verdicts", cells, verdicts, (note,), tuple(cells.columns[3:-1]), "task")


def main_rows(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Of each task, agent, driver and base model the row with the largest gain, the first of equals."""
    known = verdicts[verdicts["reported_gain_pp"].notna()]
    best = known.groupby(["task", *PARTS], sort=False, dropna=False)["reported_gain_pp"].idxmax()
    parts = [name for name in ("driver",) if verdicts[name].nunique() > 1]
    rows = known.loc[sorted(best)]
    labels = _joined(rows, ["agent", *parts])
    return rows.assign(row_label=labels.where(labels != "", rows["run_id"]), group=rows["base_model"])


def modes(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Columns of ``figures.modes``: modes that agents with several were reported in, on two tasks or more.

    ``significant``: the bounds, at the stated k or 1, are both above 0 or both below.
    """
    of_agent = verdicts.groupby(["agent", "driver"], dropna=False)["mode"].transform("nunique")
    rows = verdicts[of_agent > 1].copy()
    rows["row_label"] = _joined(
        rows, [*(["agent"] if rows["agent"].nunique() > 1 else []), "base_model", "mode"]
    )
    rows = rows.drop_duplicates(["task", "row_label"]).sort_values("base_model", kind="stable")
    rows = rows[rows.groupby("row_label")["task"].transform("nunique") > 1]
    rows["mean_gain_pp"] = rows["reported_gain_pp"]
    apart = (rows["lcb_pp"] > 0) | (rows["ucb_pp"] < 0)
    return rows.assign(significant=apart, n_runs=float("nan"), interval="one reported row")


def curves(published: Published, kind: str) -> pd.DataFrame:
    """Columns of ``figures.published_curves``: gains by budget (``time``), or by number of runs (``pass``).

    The noise is that of a task's baseline with the widest band, items taken as independent 0/1 outcomes.
    """
    columns = CURVES[kind]
    verdicts = frames.verdicts(published.audit)
    p0 = verdicts["baseline_pct"] / 100
    noise = 100 * Z_TWO_SIDED * (2 * p0 * (1 - p0) / verdicts["n_items"].astype("float64")) ** 0.5
    largest = noise.groupby(verdicts["task"]).max()
    rows = []
    for table in published.tables:
        there = [pair for pair in columns if pair[0] in table.cells]
        if not there or not {"task", "agent"} <= set(table.cells):
            continue
        for i, cells in enumerate(table.cells.to_dict("records")):
            for place, (name, label) in enumerate(columns):
                gain = table.numbers(name).iloc[i] if name in table.cells else float("nan")
                about = (
                    cells["task"],
                    cells["agent"],
                    label,
                    place,
                    gain,
                    largest.get(cells["task"], float("nan")),
                )
                rows.append((*about, f"{table.name}:{i + 1}", cells.get("source")))
    names = ["task", "agent", "at", "place", "gain_pp", "noise_pp", "run_id", "source"]
    return pd.DataFrame(rows, columns=pd.Index(names))


def sources(published: Published) -> Table:
    """Every table that was read: its rows, where they were printed, and the hash of its cells."""
    rows = pd.DataFrame(
        [(t.name, len(t.cells), _printed(t), _hash(t)) for t in published.tables],
        columns=pd.Index(["table", "rows", "printed in", "sha256"]),
    )
    return Table("sources", rows.assign(rows=rows["rows"].map(count)), rows, (), ("rows",))


def cited(rows: pd.DataFrame) -> Prose:
    """Where a figure's numbers stand: table, rows and place in print. Nothing where it shows nothing."""
    parts: list[str] = []
    table = rows["run_id"].astype("str").str.rsplit(":", n=1).str[0]
    for name, group in rows.groupby(table, sort=False):
        places = " · ".join(dict.fromkeys(short(source) for source in group["source"]))
        found = sorted({int(run_id.rpartition(":")[2]) for run_id in group["run_id"]})
        parts.append(f"{name}, {plural(len(found), 'row')} ({_ranges(found)}); printed in {places}")
    return Prose("Source: " + "; ".join(parts) + "." if parts else "")


def _ranges(numbers: Sequence[int]) -> str:
    """``1-3, 7``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in spans)


def _printed(table: Printed) -> str:
    if "source" not in table.cells:
        return DASH
    return "; ".join(dict.fromkeys(str(x) for x in table.cells["source"].dropna()))


def _hash(table: Printed) -> str:
    return hashlib.sha256(table.cells.to_csv(index=False).encode()).hexdigest()


def short(source: object) -> str:
    """The place itself, without what is remarked on it."""
    return str(source).split(";")[0] if isinstance(source, str) else DASH


def _joined(rows: pd.DataFrame, names: list[str]) -> pd.Series:
    """Values of the columns side by side, those that are missing left away."""
    values = rows[names].to_numpy(dtype=object)
    texts = [" · ".join(str(x) for x in row if not pd.isna(x) and x != "") for row in values]
    return pd.Series(texts, index=rows.index, dtype="object")
