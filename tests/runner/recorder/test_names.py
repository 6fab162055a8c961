from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.recorder.names import published
from posttrace.runner.recorder.revisions import Revisions
from posttrace.traces.redact import Redactor
from tests.runner.recorder.gitlist import stored

KEY = "sk-0123456789"
REDACT = Redactor({"KEY": KEY, "OTHER": "hunter2/x"}).text


def test_a_name_without_a_secret_stays() -> None:
    files = {"a.py": 1, "code/b.py": 2, "code/<secret:KEY>": 3}
    assert published(files, REDACT) == files
    assert published({KEY: 1}, None) == {KEY: 1}


def test_names_that_become_the_same_are_numbered() -> None:
    files = {f"{KEY}/a": 1, "<secret:KEY>/a": 2, f"{KEY}/b": 3, f"x{KEY}": 4, "hunter2/x": 5}
    assert published(files, REDACT) == {
        "<secret:KEY>/a": 2,
        "<secret:KEY>/a~2": 1,
        "<secret:KEY>/b": 3,
        "x<secret:KEY>": 4,
        "<secret:OTHER>": 5,  # a secret may span folders
    }


def test_a_file_and_a_folder_that_become_the_same_both_stay() -> None:
    assert published({KEY: 1, "<secret:KEY>/a": 2}, REDACT) == {"<secret:KEY>~2": 1, "<secret:KEY>/a": 2}
    assert published({f"{KEY}/a": 1, "<secret:KEY>": 2}, REDACT) == {
        "<secret:KEY>~2/a": 1,
        "<secret:KEY>": 2,
    }


NAMES = st.sampled_from(["a", KEY, "<secret:KEY>", f"{KEY}~2", "<secret:KEY>~2", "hunter2", "x"])


@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/".join)))
def test_no_file_is_lost_no_secret_is_left_and_it_is_a_tree(paths: set[str]) -> None:
    real = {path for path in paths if not any(other.startswith(path + "/") for other in paths)}
    shown = published({path: path for path in real}, REDACT)
    assert sorted(shown.values()) == sorted(real)
    assert all(KEY not in path and "hunter2/x" not in path for path in shown)
    assert not any(other.startswith(path + "/") for path in shown for other in shown)


def test_no_secret_is_in_the_names_of_a_revision(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / f"run-{KEY}").mkdir(parents=True)
    (workspace / f"run-{KEY}" / "a.py").write_text("1\n")
    (workspace / f"{KEY}.txt").write_text("2\n")
    (workspace / "<secret:KEY>.txt").write_text("3\n")
    strange = os.fsdecode(b"\xff" + KEY.encode())
    (workspace / strange).write_text("4\n")
    revisions = Revisions(workspace, tmp_path / "revisions.git", redact=REDACT)
    event = revisions.snapshot("start")
    assert event is not None
    assert stored(tmp_path / "revisions.git", event.commit) == {
        b"run-<secret:KEY>/a.py": b"1\n",
        b"<secret:KEY>.txt~2": b"2\n",
        b"<secret:KEY>.txt": b"3\n",
        b"\xff<secret:KEY>": b"4\n",
    }
    # the event names what the tree names
    assert {file.path for file in event.files} == {
        "run-<secret:KEY>/a.py",
        "<secret:KEY>.txt~2",
        "<secret:KEY>.txt",
        "\\xff<secret:KEY>",
    }
    (workspace / f"{KEY}.txt").write_text("2\n2\n")
    again = revisions.snapshot("submission")
    assert again is not None
    assert [(f.path, f.status, f.added, f.removed) for f in again.files] == [
        ("<secret:KEY>.txt~2", "modified", 1, 0)
    ]
