"""Commits of a store, whole, missing and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from posttrace.analysis.routes.record.revision import RevisionError, Revisions
from tests.analysis.routes.made import Story


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "run")


def test_files_of_a_commit(story: Story) -> None:
    first = story.start(a="stage sft")
    second = story.code(5, a="stage grpo", b="é")
    revisions = Revisions(story.folder / "trace.jsonl")
    assert revisions.problem is None
    assert dict(revisions.files(first)) == {"code/a.py": b"stage sft"}
    assert dict(revisions.files(second)) == {"code/a.py": b"stage grpo", "code/b.py": "é".encode()}


def test_a_missing_store(tmp_path: Path) -> None:
    revisions = Revisions(tmp_path / "trace.jsonl")
    assert revisions.problem is not None
    with pytest.raises(RevisionError, match="not beside the trace"):
        revisions.files("0" * 40)


def test_a_store_that_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "revisions.git").mkdir()
    assert "cannot be read" in (Revisions(tmp_path / "trace.jsonl").problem or "")


@pytest.mark.parametrize("commit", ["0" * 40, "no commit", ""])
def test_a_commit_that_is_not_there(story: Story, commit: str) -> None:
    story.start(a="stage sft")
    with pytest.raises(RevisionError, match="lacks the commit"):
        Revisions(story.folder / "trace.jsonl").files(commit)


def test_a_lost_file_is_an_error_when_it_is_read(story: Story) -> None:
    commit = story.start(a="stage sft")
    files = Revisions(story.folder / "trace.jsonl").files(commit)
    for place in (story.folder / "revisions.git/objects").glob("??/*"):
        place.unlink()
    assert list(files) == ["code/a.py"]
    with pytest.raises(RevisionError, match="lacks the object"):
        files["code/a.py"]


@pytest.mark.parametrize("keep", [1, 10, 20, -1])
def test_objects_that_were_cut_short_are_an_error_and_no_endless_read(story: Story, keep: int) -> None:
    commit = story.start(a="stage sft")
    for place in (story.folder / "revisions.git/objects").glob("??/*"):
        place.chmod(0o600)
        place.write_bytes(place.read_bytes()[:keep])
    with pytest.raises(RevisionError, match=r"is cut short|lacks the"):
        Revisions(story.folder / "trace.jsonl").files(commit)["code/a.py"]
