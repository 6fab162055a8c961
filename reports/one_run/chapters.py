"""The texts below a timeline: what changed and what ran before each submission, and tables of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.reports.display import DASH, code_span, cut, escaped, percent, plain, plural
from posttrace.reports.one_run.diffs import counted
from posttrace.reports.shown import Folded, Prose, Table

if TYPE_CHECKING:
    from posttrace.reports.one_run.commands import Command
    from posttrace.reports.one_run.story import Chapter, Story

SHOWN_FILES: Final = 12
"""Diffs of a chapter that are shown; of more files the names and counts stand in the table."""
SHOWN_CHARACTERS: Final = 300
"""Characters of a command that are shown: a whole program may stand in one; the JSON has all of it."""
ENDINGS: Final = {
    "ended": "",
    "session": "",
    "no_model": "left no model",
    "failed": "failed",
    "unfinished": "its end was not seen",
}


def lead(story: Story) -> Prose:
    """The line above ``folds``."""
    if not story.chapters:
        return Prose("Neither a submission nor code was recorded.")
    return Prose("What was run and what was changed before each submission:")


def folds(story: Story, routed: pd.DataFrame) -> list[Folded]:
    """One folded text a submission, and one for what came after the last."""
    rows = routed[routed["run_id"] == story.run_id].set_index("submission_id")
    return [
        Folded(_summary(chapter, rows), _body(chapter, story), anchor(chapter.submission_id))
        for chapter in story.chapters
    ]


def anchor(submission_id: int | None) -> str:
    """What a link leads to the text of a submission by; null: of what came after the last."""
    return "after-the-last" if submission_id is None else f"submission-{submission_id}"


def command_table(story: Story) -> Table:
    """Every command that was seen, and how it ended."""
    names = ["run_id", "script", "line", "started_s", "ended_s", "exit_code", "ending"]
    rows = pd.DataFrame(
        [
            (story.run_id, c.script, c.line, c.started_s, c.ended_s, c.exit_code, c.ending)
            for c in story.commands
        ],
        columns=pd.Index(names),
    )
    cells = pd.DataFrame(
        {
            "from, s": rows["started_s"].map(_seconds),
            "to, s": rows["ended_s"].map(_seconds),
            "exit code": [DASH if pd.isna(code) else str(int(code)) for code in rows["exit_code"]],
            "ended": rows["ending"].map(ENDINGS),
            "command": rows["line"].map(_shown),
        }
    )
    notes = (f"{DASH}: not seen. Commands are seen by sampling: a short one may be missing.",)
    return Table("commands", cells, rows, notes if story.commands else (), ("from, s", "to, s", "exit code"))


def change_table(story: Story) -> Table:
    """Every file of the code that changed before a submission, with its lines."""
    names = ["run_id", "submission_id", "path", "status", "added", "removed"]
    rows = pd.DataFrame(
        [
            (story.run_id, chapter.submission_id, c.path, c.status, c.added, c.removed)
            for chapter in story.chapters
            for c in chapter.changes
        ],
        columns=pd.Index(names),
    )
    return Table("code_changes", rows.drop(columns="run_id"), rows)


def _summary(chapter: Chapter, rows: pd.DataFrame) -> str:
    parts = [f"After the last submission, to {chapter.to_s:.1f} s"]
    if chapter.submission_id is not None:
        score_pct: Any = rows.at[chapter.submission_id, "score_pct"]
        score = "no score" if pd.isna(score_pct) else f"{percent(score_pct)} %"
        route = plain(rows.at[chapter.submission_id, "route"])
        parts = [f"Submission {chapter.submission_id} at {chapter.to_s:.1f} s", score, route]
    return " · ".join([*parts, _changed(chapter)])


def _changed(chapter: Chapter) -> str:
    if chapter.problem is not None:
        return "code not known"
    if not chapter.changes:
        return "code as before"
    return f"{plural(len(chapter.changes), 'file')} changed, {counted(chapter.changes)}"


def _body(chapter: Chapter, story: Story) -> str:
    ran = [c for c in story.commands if c.ending != "session" and _overlaps(c, chapter)]
    parts = [_ran(ran, chapter)]
    if chapter.problem is not None:
        parts.append(escaped(f"The code cannot be compared: {chapter.problem}."))
    parts += [change.markdown() for change in chapter.changes[:SHOWN_FILES]]
    more = len(chapter.changes) - SHOWN_FILES
    if more > 0:
        parts.append(f"… {plural(more, 'more file')} changed.")
    if chapter.changes and chapter.commits is not None:
        parts.append(f"In full, in the folder of the run: {code_span(_git(*chapter.commits))}")
    if chapter.aside:
        parts.append(
            escaped(f"Not shown: {plural(chapter.aside, 'file')} of model folders and training logs.")
        )
    return "\n\n".join(parts)


def _git(before: str, after: str) -> str:
    return f"git --git-dir=revisions.git diff {before[:12]} {after[:12]}"


def _ran(commands: Sequence[Command], chapter: Chapter) -> str:
    if not commands:
        return "No command of the agent was seen."
    return "\n".join(f"- {_command(command, chapter)}" for command in commands)


def _command(command: Command, chapter: Chapter) -> str:
    """The line as typed, when it ran, and how it ended where that is not by writing a model."""
    over = command.ended_s is not None and command.ended_s <= chapter.to_s
    begun = f"from {command.started_s:.1f} s " if command.started_s > chapter.from_s else ""
    words = [f"{begun}to {command.ended_s:.1f} s" if over else f"{begun}and still running"]
    words += [f"exit code {command.exit_code}"] if over and command.exit_code else []
    said = ENDINGS[command.ending] if over or command.ending == "unfinished" else ""
    state = f": **{said}**" if said else ""
    line = code_span(_shown(command.line)) if command.line else _shown(command.line)
    return f"{line} {escaped(', '.join(words))}{state}"


def _shown(line: str) -> str:
    return cut(line, SHOWN_CHARACTERS) or "(its words were not seen)"


def _overlaps(command: Command, chapter: Chapter) -> bool:
    ended = float("inf") if command.ended_s is None else command.ended_s
    return command.started_s <= chapter.to_s and ended > chapter.from_s


def _seconds(value: float | None) -> str:
    return DASH if pd.isna(value) else f"{value:.1f}"
