"""What a report refuses: in one line, before the long work, and without a trace of it on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from posttrace.reports.report import report
from posttrace.traces.errors import InputError
from tests.reports.study import STUDY, write_run


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("report.docx", "ends in .html"),
        ("file/report.html", "cannot write there"),
        ("folder.html", "is a folder"),
    ],
)
def test_unwritable_output_is_said_before_the_work(
    study: Path, tmp_path: Path, name: str, complaint: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=complaint) as caught:
        report(study, tmp_path / name)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]


@pytest.mark.parametrize(
    ("name", "complaint"), [("nowhere", "nowhere does not exist"), ("notes.txt", "notes.txt is not a trace")]
)
def test_a_wrong_path_is_named_as_it_was_given(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "notes.txt").write_text("no trace")
    with pytest.raises(InputError) as caught:
        report(tmp_path / name, tmp_path / "deep" / "er" / "report.html")
    assert str(caught.value).startswith(f"{tmp_path}/{complaint}")


def test_a_failure_leaves_the_old_report(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    with pytest.raises(InputError, match="does not exist"):
        report(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        report(tmp_path / "empty", out)
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "report.html"]


def test_a_folder_whose_name_is_not_utf8_is_refused_at_once(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    write_run(folder / "run", STUDY[0])
    with pytest.raises(InputError, match=r"xff/run/trace.jsonl: its name is not UTF-8; rename the folder"):
        report(folder, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
