"""One run told in order: which one, its events, and what changed between its submissions."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pygit2
import pytest

from posttrace.analysis.audit.audit import audit
from posttrace.analysis.routes.record.revision import Revisions
from posttrace.analysis.runs.load import load
from posttrace.reports import alt
from posttrace.reports.one_run import chapters, story
from posttrace.reports.one_run.story import Story
from posttrace.reports.render.html import markdown
from posttrace.reports.runs import frames
from posttrace.reports.runs.routing import Routing
from posttrace.traces.events import CodeRevision, FileChange
from tests.reports.page import Page
from tests.reports.run import write_told_run
from tests.reports.study import QUICK


def told_of(folder: Path) -> tuple[Story, pd.DataFrame]:
    traces = load([folder])
    verdicts = frames.verdicts(audit(traces, QUICK))
    submissions = frames.trajectories(traces, verdicts)
    routed = Routing.of(traces).submissions(verdicts, submissions)
    return story.tell(traces, routed, submissions, story.choose(routed)), routed


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, pd.DataFrame]:
    return told_of(write_told_run(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def told(both: tuple[Story, pd.DataFrame]) -> Story:
    return both[0]


def lane(told: Story, name: str) -> list[tuple[object, ...]]:
    rows = told.events[told.events["lane"] == name]
    return list(rows[["row", "kind", "start_s", "label"]].itertuples(index=False, name=None))


def test_the_run_with_most_routes_then_most_submissions_is_told(routed: pd.DataFrame) -> None:
    # spell sft has two routes in each run; seed 0 has 6 submissions, seed 1 has 4
    chosen = routed[routed["run_id"] == story.choose(routed)]
    assert (chosen["run_label"].iloc[0], len(chosen)) == ("sft · seed 0", 6)
    alike = routed.assign(route="unknown")  # what is not known is no route: the most submissions decide
    assert story.choose(alike) == story.choose(routed)
    untrained = routed.assign(
        route=routed["route"].where(routed["run_id"] == story.choose(routed), "no_train")
    )
    assert story.choose(untrained) == story.choose(routed)
    assert story.choose(routed[:0]) is None


def test_submissions_have_their_scores_and_the_failed_one_none(told: Story) -> None:
    rows = told.events[told.events["lane"] == "submission"].set_index("submission_id")
    assert list(rows["kind"]) == ["baseline", "scored", "failed", "scored"]
    assert list(rows["start_s"]) == [0, 30, 50, 80]
    assert rows["score_pct"].dropna().tolist() == [20, 30, 45]  # 40, 60 and 90 of 200


def test_commands_stand_by_script_with_their_ending(told: Story) -> None:
    assert [row[:3] for row in lane(told, "command")] == [
        ("sft.py", "ended", 10),
        ("grpo.py", "failed", 42),
        ("grpo.py", "ended", 52),
    ]


def test_revisions_of_the_code_without_models_and_logs(told: Story) -> None:
    assert [row[1:] for row in lane(told, "revision")] == [
        ("submission", 30, "+3 −0"),
        ("submission", 80, "+4 −0"),
    ]


def test_model_folders_come_in_the_order_of_their_writing(told: Story) -> None:
    folders = dict.fromkeys(row[0] for row in lane(told, "model"))
    assert list(folders) == ["output/warm-up", "output/policy"]


def test_a_chapter_a_submission_and_one_for_the_rest(told: Story) -> None:
    assert [(c.submission_id, c.from_s, c.to_s) for c in told.chapters] == [
        (1, 0, 30),
        (2, 30, 50),
        (3, 50, 80),
        (None, 80, 100),
    ]
    changed = [[(c.path, c.counts()) for c in chapter.changes] for chapter in told.chapters]
    assert changed == [
        [("code/sft.py", "added, +3 −0")],
        [],
        [("code/grpo.py", "added, +3 −0"), ("code/sft.py", "modified, +1 −0")],
        [],
    ]
    assert [chapter.aside for chapter in told.chapters] == [1, 0, 1, 0]  # a config.json, a log


def test_folds_say_score_route_and_size_and_hold_commands_and_diffs(both: tuple[Story, pd.DataFrame]) -> None:
    first, second, third, rest = chapters.folds(*both)
    assert first.summary.startswith("Submission 1 at 30.0 s · 30.0 % · ")
    assert first.summary.endswith(" · 1 file changed, +3 −0")
    assert " · no score · " in second.summary
    assert second.summary.endswith(" · code as before")
    assert third.summary.endswith(" · 2 files changed, +4 −0")
    assert rest.summary.startswith("After the last submission, to 100.0 s")
    page = Page.of(markdown(third.body))
    assert "python code/grpo.py --steps 3 from 52.0 s and still running" in page.text
    assert "+# again" in page.text
    slip = Page.of(markdown(second.body)).text
    assert "python code/grpo.py --steps 3 from 42.0 s to 44.0 s, exit code 1: failed" in slip


def test_tables_hold_commands_and_changes_for_machines(told: Story) -> None:
    rows = chapters.command_table(told).rows
    assert list(rows["ending"]) == ["ended", "failed", "ended"]
    assert rows["exit_code"].isna().tolist() == [False, False, True]
    assert chapters.change_table(told).rows[["submission_id", "path", "added"]].to_numpy().tolist() == [
        [1, "code/sft.py", 3],
        [3, "code/grpo.py", 3],
        [3, "code/sft.py", 1],
    ]


def test_alt_text_tells_the_run(told: Story) -> None:
    said = alt.timeline(told.events, told.name)
    assert said.startswith("Timeline of spell · hybrid · seed 0: submission 1 after 30 s: 30.0 %, ")
    assert "submission 2 after 50 s: no score" in said
    assert said.endswith("3 commands seen, 1 of them failed or left no model.")


def test_without_revisions_the_story_is_told_and_says_what_is_missing(tmp_path: Path) -> None:
    told, routed = told_of(write_told_run(tmp_path, store=False))
    assert len(lane(told, "command")) == 3
    first = chapters.folds(told, routed)[0]
    assert first.summary.endswith(" · code not known")
    assert "revisions.git is not beside the trace" in Page.of(markdown(first.body)).text


def test_what_one_submission_does_not_tell_of_the_code_the_next_does(tmp_path: Path) -> None:
    traces = load([write_told_run(tmp_path)])
    (run,) = traces.final
    first, *rest = run.submissions
    bare = replace(traces, records=(replace(run, submissions=(replace(first, revision=None), *rest)),))
    verdicts = frames.verdicts(audit(bare, QUICK))
    submissions = frames.trajectories(bare, verdicts)
    routed = Routing.of(bare).submissions(verdicts, submissions)
    told = story.tell(bare, routed, submissions, run.run_id)
    unknown, second, *_ = chapters.folds(told, routed)
    assert unknown.summary.endswith(" · code not known")
    assert "no revision of the code was recorded with it" in Page.of(markdown(unknown.body)).text
    assert second.summary.endswith(" · 1 file changed, +3 −0")  # what came with the first


def test_nothing_to_tell_is_a_story_too(routed: pd.DataFrame, told: Story) -> None:
    empty = Story("", "no run to show", told.events[:0])
    assert chapters.folds(empty, routed) == []
    assert chapters.command_table(empty).markdown() == "*None.*"
    assert alt.timeline(empty.events, empty.name).endswith(
        "0 commands seen, 0 of them failed or left no model."
    )


def test_a_file_whose_name_is_not_utf8_is_not_lost(tmp_path: Path) -> None:
    repository = pygit2.init_repository(tmp_path / "revisions.git", bare=True)
    who = pygit2.Signature("posttrace", "posttrace@example.org", 0, 0)
    blob = repository.create_blob(b"print(1)\n")
    commits = []
    for listing in (b"", b"100644 \xff.py\0" + blob.raw):
        tree = repository.write(pygit2.enums.ObjectType.TREE, listing)
        commits.append(str(repository.create_commit(None, who, who, "state", tree, [])))
    exact = base64.b64encode(b"\xff.py").decode()
    change = FileChange(path="\\xff.py", path_b64=exact, status="added", added=1, removed=0, bytes=9)
    span = [
        CodeRevision(commit=commits[0], parent=None, trigger="start", files=[]),
        CodeRevision(commit=commits[1], parent=commits[0], trigger="submission", files=[change]),
    ]
    nothing = story._Aside(frozenset(), frozenset())
    chapter = story._chapter(Revisions(tmp_path / "trace.jsonl"), span, nothing, (1, 0.0, 9.0))
    assert [(c.path, c.added) for c in chapter.changes] == [("\\xff.py", 1)]
