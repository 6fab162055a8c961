"""Tables and progress in a terminal: rich for a person, plain lines for a pipe."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from posttrace.analysis.audit.wording import says_what_numbers_are_of
from posttrace.analysis.digits import rounded
from posttrace.reports.display import DASH, plain, plural
from posttrace.reports.observations import integrity
from posttrace.reports.terminal.blocks import blocks

if TYPE_CHECKING:
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.routes.routes import Routes
    from posttrace.analysis.runs.records import Exclusion
    from posttrace.analysis.runs.tables import TraceSet

REFRESH_S = 1.0
UNFOLDED = 240
"""Characters a row may take in a pipe or a file, which have no width; prose beyond them is folded."""
LEFT_OUT = 20
"""Lines of exclusions below a table."""
Result = TypeVar("Result")


def print_frame(frame: pd.DataFrame, title: str, notes: Sequence[str] = ()) -> None:
    """Print a finished frame, and notes below it; missing values as an en dash, never as a number.

    A frame without rows is its title alone: it or the notes say why there are none.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=UNFOLDED)
    console.print(Text(plain(title), style="bold"), soft_wrap=True)
    if not frame.empty:
        for table in blocks(frame, console.width):
            console.print(table)
    for note in notes:
        console.print(Text(plain(note)), soft_wrap=True)


def integrity_words(traces: TraceSet) -> dict[str, str]:
    """Run -> its integrity flags that matter, or ``none``."""
    return {run.run_id: integrity(run.flags, torn=run.torn) for run in traces.final}


def audit_table(
    audit: Audit, observed: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, str, list[str]]:
    """The columns of an audit that a person reads, gains in percentage points, their title, and notes.

    ``observed``: run -> what ``integrity_words`` says of it; without it there is no such column.
    """
    rows = audit.table()
    # runs have seeds to tell them apart, and a base model that goes with the task
    parts = ["driver", "mode", *(["base_model"] if rows["seed"].isna().all() else [])]
    varying = [name for name in parts if rows[name].nunique() > 1]
    shown = rows[["task", "agent", *varying, "seed", "k"]].astype({"k": "Int64", "seed": "Int64"})
    for column, name in (
        ("baseline", "baseline"),
        ("reported_best", "best"),
        ("reported_gain", "gain"),
        ("corrected_gain", "corrected"),
        ("lcb", "lower bound"),
    ):
        shown[name] = _points(rows[column])
    shown["p"] = rows["p_raw"].map(_p_value)
    shown["p Holm"] = rows["p_holm"].map(_p_value)
    shown["route"] = rows["route"]
    if observed is not None:
        shown["integrity"] = rows["run_id"].map(observed)
    shown["verdict"] = rows["label"]
    # a published table has no seeds, no routes, and nothing to correct a gain by
    empty = {"seed": rows["seed"], "corrected": rows["corrected_gain"], "route": rows["route"]}
    shown = shown.drop(columns=[name for name, column in empty.items() if column.isna().all()])
    said = f"Audit of {plural(len(rows), 'run')}, {len(audit.excluded)} excluded"
    title = f"{said}; scores and gains in percentage points"
    notes = [*_flagged(audit), *_left_out(audit)]
    by = [name for name in ("task", "agent", *varying, "seed") if name in shown]
    return shown.sort_values(by, kind="stable"), title, notes


def routes_table(routes: Routes) -> tuple[pd.DataFrame, str, list[str]]:
    """Route of every submission with its main evidence, a title, and what each run tried beyond it."""
    rows = routes.submissions
    shown = rows[["run_id", "agent", "submission_id", "status", "route", "coarse", "tier"]].rename(
        columns={"run_id": "run", "submission_id": "submission"}
    )
    unknown = rows["candidates"].notna()
    shown["route"] = rows["route"].where(
        ~unknown, rows["route"] + ": " + rows["candidates"].str.replace(", ", " or ") + "?"
    )
    shown["evidence"] = rows["evidence"].fillna(DASH)
    title = f"Routes of {plural(len(rows), 'submission')} in {plural(len(routes.runs), 'run')}"
    runs = routes.runs
    tried = [
        f"{run}: attempted {attempted}; submitted {DASH if pd.isna(route) else route}"
        for run, attempted, route in zip(runs["run_id"], runs["attempted"], runs["route"], strict=True)
        if pd.notna(attempted)
        and (pd.isna(route) or attempted.replace("reward_model, ", "").replace(", ", ">") != route)
    ]
    problems = [
        f"{run}: {problem}"
        for run, problem in zip(runs["run_id"], runs["problem"], strict=True)
        if pd.notna(problem)
    ]
    return shown, title, [*tried, *problems]


def _flagged(audit: Audit) -> list[str]:
    """What some numbers of a row are of, where that is not what a reader expects."""
    marked = Counter(flag for row in audit.runs for flag in row.flags if says_what_numbers_are_of(flag))
    of = len(audit.runs)
    return [
        f"{'all' if n == of > 1 else f'{n} of'} {plural(of, 'run')}: {flag}"
        for flag, n in sorted(marked.items())
    ]


def left_out(trace: Exclusion) -> str:
    """A trace that no table is of, and why; its path once."""
    words = f"{trace.state.replace('_', ' ')}: {trace.reason}"
    return words if trace.reason.startswith(str(trace.path)) else f"{trace.path}: {words}"


def _left_out(audit: Audit) -> list[str]:
    lines = [left_out(each) for each in audit.excluded]
    more = len(lines) - LEFT_OUT
    return [*lines[:LEFT_OUT], f"... and {more} more"] if more > 0 else lines


def live(work: Callable[[], Result], lines: Callable[[], dict[str, str]]) -> Result:
    """Do ``work`` while another thread shows ``lines()``: in place for a person, as changes for a pipe."""
    console = Console(stderr=True)
    done = threading.Event()
    show = _redraw if console.is_terminal else _print_changes
    watcher = threading.Thread(target=show, args=(console, lines, done), daemon=True)
    watcher.start()
    try:
        return work()
    finally:
        done.set()
        watcher.join()


def _redraw(console: Console, lines: Callable[[], dict[str, str]], done: threading.Event) -> None:
    with Live(console=console, refresh_per_second=4, transient=True) as display:
        while not done.wait(REFRESH_S):
            display.update(Group(*(Text(f"{name:<28} {text}") for name, text in lines().items())))


def _print_changes(console: Console, lines: Callable[[], dict[str, str]], done: threading.Event) -> None:
    shown: dict[str, str] = {}
    while True:
        ended = done.wait(REFRESH_S)  # once more after the end, for the last word of each run
        for name, text in lines().items():
            if shown.get(name) != text:
                console.print(f"{name}: {text}", highlight=False, soft_wrap=True)
                shown[name] = text
        if ended:
            return


def _points(values: pd.Series) -> pd.Series:
    return values.map(lambda x: "–" if pd.isna(x) else rounded(100 * x, "z.2f"))


def _p_value(p: float) -> str:
    return "–" if pd.isna(p) else ("<.001" if p < 0.001 else rounded(p, ".3f"))
