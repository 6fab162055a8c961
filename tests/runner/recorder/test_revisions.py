from __future__ import annotations

import hashlib
import os
import random
import socket
import subprocess
from pathlib import Path

import pygit2
import pytest

from posttrace.runner.recorder import revisions as module
from posttrace.runner.recorder import walk as walking
from posttrace.runner.recorder.revisions import Revisions
from posttrace.traces.events import CodeRevision
from tests.runner.recorder.gitlist import stored


class Bench:
    def __init__(self, root: Path) -> None:
        self.workspace = root / "workspace"
        (self.workspace / "code").mkdir(parents=True)
        self.store = root / "revisions.git"
        self.revisions = Revisions(self.workspace, self.store)

    def put(self, path: str, content: bytes | str = "x\n") -> Path:
        file = self.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def snap(self, trigger="submission") -> CodeRevision:
        event = self.revisions.snapshot(trigger)
        assert event is not None
        return event

    def stored(self, commit: str) -> dict[bytes, bytes]:
        return stored(self.store, commit)

    def git(self, *words: str) -> bytes:
        done = subprocess.run(["git", "--git-dir", self.store, *words], capture_output=True, check=True)
        return done.stdout


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def reasons(event):
    return {item.path: item.reason for item in event.skipped}


def test_a_star_in_gitignore_hides_nothing(bench):
    bench.put(".gitignore", "*\n")
    bench.put("code/.gitattributes", "* export-ignore filter=evil\n")
    bench.put("code/train.py", "a\r\nb\r\n")  # no line ending is converted either
    event = bench.snap("start")
    assert bench.stored(event.commit) == {
        b".gitignore": b"*\n",
        b"code/.gitattributes": b"* export-ignore filter=evil\n",
        b"code/train.py": b"a\r\nb\r\n",
    }


def test_files_of_a_nested_clone_and_a_submodule_are_stored_and_no_hook_runs(bench):
    pygit2.init_repository(str(bench.workspace / "code/clone"))
    ran = bench.workspace / "ran"
    for name in ("pre-commit", "post-commit", "reference-transaction"):
        bench.put(f"code/clone/.git/hooks/{name}", f"#!/bin/sh\ntouch {ran}\n").chmod(0o755)
    bench.put("code/clone/hidden.py")
    bench.put("code/sub/.git", "gitdir: ../../elsewhere\n")
    bench.put("code/sub/also.py")
    bench.put(".gitmodules", '[submodule "s"]\n\tpath = code/sub\n')
    event = bench.snap("start")
    assert {b"code/clone/hidden.py", b"code/sub/also.py", b".gitmodules"} <= set(bench.stored(event.commit))
    assert reasons(event)["code/clone/.git"] == ".git"
    assert not ran.exists()


def test_links_are_kept_as_links_and_never_followed(bench, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/host.txt").write_text("the host's")
    (bench.workspace / "code/out").symlink_to(tmp_path / "outside")
    (bench.workspace / "code/loop").symlink_to(".")
    (bench.workspace / "code/dangling").symlink_to("nowhere")
    event = bench.snap("start")
    assert bench.stored(event.commit) == {
        b"code/out": os.fsencode(tmp_path / "outside"),
        b"code/loop": b".",
        b"code/dangling": b"nowhere",
    }
    assert {(file.added, file.removed) for file in event.files} == {(None, None)}


def test_pipes_and_sockets_are_not_opened(bench, monkeypatch):
    os.mkfifo(bench.workspace / "code/pipe")
    monkeypatch.chdir(bench.workspace)  # a socket's path may be 107 bytes long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
        event = bench.snap("start")
    assert reasons(event) == {"code/pipe": "special file", "sock": "special file"}


def test_names_that_are_not_utf8_come_back_exactly(bench):
    name = b"code/\xff\xfe.py"
    Path(os.fsdecode(os.fsencode(bench.workspace) + b"/" + name)).write_bytes(b"1\n")
    event = bench.snap("start")
    assert bench.stored(event.commit) == {name: b"1\n"}
    assert (event.files[0].path, event.files[0].path_b64) == ("code/\\xff\\xfe.py", "Y29kZS//" + "/i5weQ==")


def test_a_file_that_vanishes_during_the_walk_is_left_out(bench, monkeypatch):
    bench.put("code/a.py")
    gone = bench.put("code/b.py")
    real = walking.open_file

    def vanish(name, directory):
        if name == "b.py":
            gone.unlink()
        return real(name, directory)

    monkeypatch.setattr("posttrace.runner.recorder.scan.open_file", vanish)
    assert set(bench.stored(bench.snap("start").commit)) == {b"code/a.py"}


def test_large_and_binary_files_are_listed_by_hash(bench):
    text, binary = b"line\n" * (1 << 20), b"\0" * 10  # 5 MiB
    bench.put("code/big.txt", text)
    bench.put("code/w.bin", binary)
    bench.put("code/limit.txt", b"x" * (1 << 20))  # exactly the limit is kept
    event = bench.snap("start")
    found = {item.path: (item.reason, item.bytes, item.sha256) for item in event.skipped}
    assert found == {
        "code/big.txt": ("large", 5 << 20, hashlib.sha256(text).hexdigest()),
        "code/w.bin": ("binary", 10, hashlib.sha256(binary).hexdigest()),
    }
    assert set(bench.stored(event.commit)) == {b"code/limit.txt"}


@pytest.mark.parametrize("path", [".env", "code/.env.local", ".netrc", "k/server.pem", "id_ed25519"])
def test_secrets_are_named_and_not_even_hashed(bench, path):
    bench.put(path, "KEY=hunter2\n")
    event = bench.snap("start")
    assert [(i.path, i.reason, i.sha256) for i in event.skipped] == [(path, "secret", None)]
    assert bench.stored(event.commit) == {}


def test_a_private_key_under_another_name_is_a_secret(bench):
    bench.put("code/notes.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    assert reasons(bench.snap("start")) == {"code/notes.txt": "secret"}


def test_environments_are_counted_and_a_launched_file_in_one_is_kept(bench):
    bench.put("env/pyvenv.cfg", "home = /usr\n")
    bench.put("env/bin/activate", "1234")
    bench.put("env/lib/python3/site-packages/evil.py", "evil\n")
    bench.revisions.launched(["python", "lib/python3/site-packages/evil.py"], str(bench.workspace / "env"))
    event = bench.snap("start")
    # 12 + 4 + 5 bytes in three files
    assert [(i.path, i.reason, i.count, i.bytes) for i in event.skipped] == [
        ("env", "virtual environment", 3, 21)
    ]
    assert bench.stored(event.commit) == {b"env/lib/python3/site-packages/evil.py": b"evil\n"}


def test_a_pyvenv_cfg_does_not_hide_the_code_folder(bench):
    bench.put("code/pyvenv.cfg")
    bench.put("code/bin/x")
    bench.put("code/train.py")
    assert b"code/train.py" in bench.stored(bench.snap("start").commit)


def test_changes_are_told_by_file_and_line(bench):
    bench.put("code/a.py", "1\n2\n3\n")
    bench.put("code/b.py", "1\n2\n")
    first = bench.snap("start")
    bench.put("code/a.py", "1\ntwo\n3\n4\n")  # one line replaced, one appended: +2 -1
    (bench.workspace / "code/b.py").unlink()
    bench.put("code/c.py", "1\n2\n3")  # three lines, the last without an end
    second = bench.snap()
    rows = {(f.path, f.status, f.added, f.removed, f.bytes) for f in second.files}
    assert rows == {
        ("code/a.py", "modified", 2, 1, 10),
        ("code/b.py", "deleted", 0, 2, None),
        ("code/c.py", "added", 3, 0, 5),
    }
    assert (first.parent, second.parent) == (None, first.commit)


def test_an_unchanged_tree_is_silent_for_watch_and_the_same_commit_otherwise(bench):
    bench.put("code/a.py")
    first = bench.snap("start")
    assert bench.revisions.snapshot("watch") is None
    end = bench.snap("end")
    assert (end.commit, end.parent, end.files) == (first.commit, None, [])


def test_a_rewrite_with_size_and_mtime_put_back_is_seen(bench):
    file = bench.put("code/a.py", "one\n")
    before = file.stat()
    bench.snap("start")
    file.write_text("two\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [f.path for f in bench.snap().files] == ["code/a.py"]


def test_a_truncated_walk_says_so_and_deletes_nothing_it_did_not_see(bench, monkeypatch):
    bench.put("code/a.py")
    bench.put("data/z.txt")
    bench.snap("start")
    bench.put("code/a.py", "changed\n")
    monkeypatch.setattr(module, "MAX_FILES", 2)  # the folder code and the file in it
    event = bench.snap()
    assert event.truncated
    assert [(f.path, f.status) for f in event.files] == [("code/a.py", "modified")]
    assert set(bench.stored(event.commit)) == {b"code/a.py", b"data/z.txt"}


def test_added_and_deleted_lines_are_counted_as_git_counts_them(bench):
    texts = {"a": "", "b": "\n", "c": "1", "d": "1\r\n2", "e": "1\n\n\n", "f": "\f\v\u2028x\n"}
    for name, text in texts.items():
        bench.put(f"code/{name}", text)
    (bench.workspace / "code/link").symlink_to("a")
    empty = bench.git("hash-object", "-t", "tree", "-w", "/dev/null").decode().strip()
    event = bench.snap("start")
    told = bench.git("diff", "--numstat", empty, event.commit).decode().splitlines()
    gits = {path: int(added) for added, _, path in (line.split("\t") for line in told)}
    del gits["code/link"]
    found = {file.path: file.added for file in event.files}
    assert found.pop("code/link") is None
    assert found == {f"code/{name}": 0 for name in texts} | gits
    for name in texts:
        (bench.workspace / "code" / name).unlink()
    assert {file.path: file.removed for file in bench.snap().files} == found


def test_a_file_that_becomes_a_link_has_no_lines(bench):
    file = bench.put("code/a.py", "1\n")
    bench.snap("start")
    file.unlink()
    file.symlink_to("b.py")
    [change] = bench.snap().files
    assert (change.status, change.added, change.removed) == ("modified", None, None)


def test_a_skipped_file_is_listed_when_it_is_news(bench):
    bench.put("output/m/w.bin", b"\0one")
    bench.put("code/.git/config", "12345")
    assert set(reasons(bench.snap("start"))) == {"output/m/w.bin", "code/.git"}
    assert bench.snap().skipped == []
    bench.put("output/m/v.bin", b"\0")
    bench.put("code/.git/HEAD", "678")
    found = {item.path: (item.reason, item.bytes, item.count) for item in bench.snap().skipped}
    assert found == {"output/m/v.bin": ("binary", 1, None), "code/.git": (".git", 8, 2)}
    bench.put("output/m/w.bin", b"\0two")
    (bench.workspace / "output/m/v.bin").unlink()
    assert reasons(bench.snap()) == {"output/m/w.bin": "binary", "output/m/v.bin": "gone"}
    bench.put("output/m/w.bin", "text now\n")
    event = bench.snap("end")
    assert reasons(event) == {"output/m/w.bin": "gone"}
    assert [file.path for file in event.files] == ["output/m/w.bin"]


def test_skipped_files_without_room_follow_in_the_next_events(bench, monkeypatch):
    names = [f"code/{number}.bin" for number in range(10)]
    for name in names:
        bench.put(name, b"\0")
    monkeypatch.setattr("posttrace.runner.recorder.listing.LIST_BYTES", 500)
    told: list[str] = []
    while len(told) < 10:
        event = bench.snap()
        assert 0 < len(event.skipped) < 10
        told += [item.path for item in event.skipped]
        omitted = event.extra["skipped_omitted"] if event.extra else 0
        assert omitted == 10 - len(told)
    assert sorted(told) == names


def test_what_a_truncated_walk_did_not_see_is_not_gone(bench, monkeypatch):
    bench.put("code/a.py")
    bench.put("data/w.bin", b"\0")
    bench.snap("start")
    monkeypatch.setattr(module, "MAX_FILES", 2)  # the folder code and the file in it
    event = bench.snap()
    assert (event.truncated, event.skipped) == (True, [])
    monkeypatch.undo()
    (bench.workspace / "data/w.bin").unlink()
    assert reasons(bench.snap()) == {"data/w.bin": "gone"}


def test_all_lists_together_are_the_whole_list(tmp_path):
    """Random histories: folding the events gives what a fresh look at the same tree lists in full."""
    rng = random.Random(0)
    bench = Bench(tmp_path)
    folded: dict[str, str] = {}
    for number in range(30):
        path = bench.workspace / f"code/{rng.randrange(6)}.bin"
        if rng.random() < 0.4:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(b"\0" * rng.randrange(1, 4) if rng.random() < 0.7 else b"text\n")
        for item in bench.snap().skipped:
            folded[item.path] = item.sha256
            if item.reason == "gone":
                del folded[item.path]
        fresh = Revisions(bench.workspace, tmp_path / f"fresh-{number}.git").snapshot("start")
        assert folded == {item.path: item.sha256 for item in fresh.skipped}


def test_the_same_history_has_the_same_commits(tmp_path):
    commits = []
    for name in ("one", "two"):
        made = Bench(tmp_path / name)
        made.put("code/a.py", "1\n")
        made.snap("start")
        made.put("code/b/c.py", "2\n")
        commits.append(made.snap().commit)
    assert commits[0] == commits[1]


def test_a_file_that_becomes_a_folder(bench):
    bench.put("code/x", "1\n")
    bench.snap("start")
    (bench.workspace / "code/x").unlink()
    bench.put("code/x/y", "2\n")
    assert bench.stored(bench.snap().commit) == {b"code/x/y": b"2\n"}
