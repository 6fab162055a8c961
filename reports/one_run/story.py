"""One run told in order: its commands, code, model folders and submissions, and what changed in between."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.analysis.routes.record.history import History
from posttrace.analysis.routes.record.models import BASE
from posttrace.analysis.routes.record.recorded import read_history
from posttrace.analysis.routes.record.revision import RevisionError, Revisions
from posttrace.analysis.routes.route import NO_TRAIN, UNKNOWN
from posttrace.analysis.runs.reread import reread
from posttrace.reports import style
from posttrace.reports.figures.timeline import COLUMNS
from posttrace.reports.one_run.clock import last_seen_s
from posttrace.reports.one_run.commands import Command, commands
from posttrace.reports.one_run.diffs import Change, changes
from posttrace.traces.events import CodeRevision, FileChange, LogMetrics, ProcessObserved

if TYPE_CHECKING:
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.analysis.runs.tables import TraceSet

RULE: Final = (
    "of the audited runs the one whose submissions were trained in the most different ways; of equals the "
    "one with the most submissions, then the first in the order of Table 1"
)
UNRECORDED: Final = "no revision of the code was recorded with it"
"""Why the code of one submission is not known where that of others is."""
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Chapter:
    """What came between two submissions."""

    submission_id: int | None
    """That it ends with; null for what came after the last."""
    from_s: float
    to_s: float
    changes: tuple[Change, ...]
    aside: int
    """Changed files that are not shown: of model folders and training logs, or not listed by the record."""
    problem: str | None
    """Why the code cannot be compared."""
    commits: tuple[str, str] | None = None
    """Of ``revisions.git``: what ``changes`` lie between; null without any revision."""


@dataclass(frozen=True)
class Story:
    """One run; ``events`` is the timeline's table. Without a run to tell it is empty."""

    run_id: str
    name: str
    events: pd.DataFrame
    commands: tuple[Command, ...] = ()
    chapters: tuple[Chapter, ...] = ()


def choose(routed: pd.DataFrame) -> str | None:
    """The run that a report tells in full, by ``RULE``; null when no audited run has a submission."""
    if routed.empty:
        return None
    known = routed["route"].where(~routed["route"].isin([UNKNOWN, NO_TRAIN]))
    counts = known.groupby(routed["run_id"], sort=False).agg(["nunique", "size"])
    return str(counts.sort_values(["nunique", "size"], ascending=False, kind="stable").index[0])


def tell(traces: TraceSet, routed: pd.DataFrame, submissions: pd.DataFrame, run_id: str | None) -> Story:
    """The story of one run; ``submissions`` is the trajectories' table, ``routed`` has the routes.

    Raises ``TraceError`` when the trace changed since it was loaded.
    """
    if run_id is None:
        return Story("", style.NOTHING, _events([]))
    run = next(run for run in traces.final if run.run_id == run_id)
    history = read_history(run)
    found = list(reread(run, (CodeRevision, ProcessObserved, LogMetrics)))
    revisions = [event for event in found if isinstance(event, CodeRevision)]
    aside = _aside(history, found)
    ran = commands((e for e in found if isinstance(e, ProcessObserved)), history.versions, history.root)
    rows = [
        *_submission_rows(submissions[submissions["run_id"] == run_id], routed, run),
        *(("command", c.script, c.ending, c.started_s, c.ended_s, None, None, None) for c in ran),
        *_revision_rows(revisions, aside),
        *_model_rows(history),
    ]
    name = submissions.loc[submissions["run_id"] == run_id, ["task", "agent_label", "seed_label"]].iloc[0]
    chapters = tuple(_chapters(run, revisions, aside))
    return Story(run_id, " · ".join(filter(None, name)), _events(rows), tuple(ran), chapters)


def _events(rows: Sequence[Row]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS)).astype("object")
    numbers = ["start_s", "end_s", "score_pct"]
    table[numbers] = table[numbers].astype("float64")
    table["submission_id"] = table["submission_id"].astype("Int64")
    return table


@dataclass(frozen=True)
class _Aside:
    """Files of the workspace that are products and not code."""

    folders: frozenset[str]
    files: frozenset[str]

    def __contains__(self, path: str) -> bool:
        return path in self.files or any(path.startswith(f"{folder}/") for folder in self.folders)


def _aside(history: History, events: Iterable[object]) -> _Aside:
    logs = frozenset(event.source for event in events if isinstance(event, LogMetrics))
    return _Aside(frozenset(version.path for version in history.versions), logs)


def _submission_rows(rows: pd.DataFrame, routed: pd.DataFrame, run: RunRecord) -> Iterable[Row]:
    routes = routed[routed["run_id"] == run.run_id].set_index("submission_id")["route"]
    for row in rows.to_dict("records"):
        number = int(row["submission_id"])
        label = None if row["kind"] == "baseline" else routes[number]
        start = 60 * row["elapsed_min"]
        yield "submission", "score", row["kind"], start, None, row["score_pct"], label, number


def _revision_rows(revisions: Sequence[CodeRevision], aside: _Aside) -> Iterable[Row]:
    for event in revisions:
        files = [file for file in event.files if file.path not in aside]
        added = sum(file.added or 0 for file in files)
        removed = sum(file.removed or 0 for file in files)
        if files and event.trigger != "start":
            label = f"+{added} \N{MINUS SIGN}{removed}"
            yield "revision", "code", event.trigger, event.t_s, None, None, label, None


def _model_rows(history: History) -> Iterable[Row]:
    for version in history.versions:
        if not version.given:
            kind = "base" if version.weights == BASE else "written"
            yield "model", version.path, kind, version.window[1], None, None, None, None


def _chapters(run: RunRecord, revisions: Sequence[CodeRevision], aside: _Aside) -> Iterable[Chapter]:
    store = Revisions(Path(run.path))
    commits = [event.commit for event in revisions]
    place, from_s = 0, 0.0
    for item in run.submissions:
        to_s = item.received_s or from_s
        about = item.submission_id, from_s, to_s
        if revisions and item.revision not in commits:
            yield Chapter(*about, (), 0, UNRECORDED)  # what changed until then is told with the next
        else:
            end = commits.index(item.revision, place) if item.revision in commits[place:] else place
            yield _chapter(store, revisions[place : end + 1], aside, about)
            place = end
        from_s = to_s
    if revisions:
        yield _chapter(store, revisions[place:], aside, (None, from_s, last_seen_s(run) or from_s))


def _chapter(
    store: Revisions, span: Sequence[CodeRevision], aside: _Aside, about: tuple[int | None, float, float]
) -> Chapter:
    """``span``: the revision that it begins with, and those up to its end."""
    paths = {_name(file): file.path for event in span[1:] for file in event.files}
    shown = {name for name, path in paths.items() if path not in aside}
    omitted = sum(int((event.extra or {}).get("files_omitted", 0)) for event in span[1:])
    try:
        if not span:
            raise RevisionError("the record holds no revision of the code")
        commits = span[0].commit, span[-1].commit
        found = changes(store.files(commits[0]), store.files(commits[1]), shown)
        found = tuple(replace(change, path=paths[change.path]) for change in found)
    except RevisionError as error:
        return Chapter(*about, (), len(paths) - len(shown) + omitted, str(error))
    return Chapter(*about, found, len(paths) - len(shown) + omitted, None, commits)


def _name(file: FileChange) -> str:
    """As ``Revisions`` names it: the record spells out what is not UTF-8, and keeps the bytes beside it."""
    return file.path if file.path_b64 is None else os.fsdecode(base64.b64decode(file.path_b64))
