from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import pytest

from posttrace.runner.recorder.revisions import Revisions
from posttrace.runner.recorder.watch import MAX_WAIT_S, Watch


class Bench:
    """A watch whose looks are two seconds apart, with real revisions behind it."""

    def __init__(self, run) -> None:
        self.workspace = run.workspace
        self.revisions = Revisions(run.workspace, run.revisions)
        self.revisions.snapshot("start")
        self.kept: list[Any] = []
        self.asked: list[float] = []
        self.now = 0.0
        self.watch = Watch(run.workspace, self.keep, lambda: self.now)
        self.look(3)
        self.asked.clear()

    def keep(self):
        self.asked.append(self.now)
        event = self.revisions.snapshot("watch")
        if event is not None:
            self.kept.append(event)

    def look(self, times=1):
        """Look and return the paths in each new revision."""
        self.kept.clear()
        for _ in range(times):
            self.now += 2.0
            self.watch.look()
        return [[file.path for file in event.files] for event in self.kept]

    def put(self, path, text):
        (self.workspace / path).write_text(text)


@pytest.fixture
def bench(run_dir):
    return Bench(run_dir)


def test_a_change_is_kept_once_it_has_rested(bench):
    bench.put("code/a.py", "1\n")
    assert bench.look() == []
    bench.put("code/a.py", "1\n2\n")
    assert bench.look() == []
    assert bench.look() == [["code/a.py"]]
    assert bench.look(30) == []
    (bench.workspace / "code/a.py").unlink()
    assert bench.look(2) == [["code/a.py"]]


def test_a_tree_that_never_rests_is_kept_now_and_then(bench):
    kept = []
    for number in range(61):  # a change before each look, for 122 s
        bench.put("code/a.py", f"{number}\n")
        kept += bench.look()
    # a change is seen at a look, kept 30 s later, and the next one is seen 2 s after that: each 32 s
    assert len(kept) == 61 * 2 // (MAX_WAIT_S + 2)
    assert {later - earlier for earlier, later in pairwise(bench.asked)} == {MAX_WAIT_S + 2}


@pytest.mark.parametrize("path", ["output/train.jsonl", "code/nohup.out", "train.log", "data/new.csv"])
def test_a_log_that_grows_makes_one_revision_and_is_complete_in_the_next(bench, path):
    bench.put(path, "1\n")
    assert bench.look(3) == [[path]]  # it appeared
    for number in range(100):
        with (bench.workspace / path).open("a") as file:
            file.write(f"{number}\n")
        assert bench.look() == []
    assert bench.asked == bench.asked[:1]  # nothing was read either
    event = bench.revisions.snapshot("submission")
    assert [(file.path, file.added) for file in event.files] == [(path, 100)]


def test_code_that_changes_beside_a_log_that_grows_is_kept(bench):
    bench.put("output/a.jsonl", "1\n")
    bench.look(3)
    bench.put("code/a.py", "1\n")
    kept = []
    for number in range(3):
        with (bench.workspace / "output/a.jsonl").open("a") as file:
            file.write(f"{number}\n")
        kept += bench.look()
    assert kept == [["code/a.py", "output/a.jsonl"]]  # a revision is the whole tree


@pytest.mark.parametrize("text", ["2\n", "", "3"])
def test_a_log_that_was_written_anew_is_a_change(bench, text):
    bench.put("output/a.jsonl", "1\n")
    bench.look(3)
    bench.put("output/a.jsonl", text)  # as long, or shorter
    assert bench.look(3) == [["output/a.jsonl"]]


def test_a_log_that_was_replaced_by_a_longer_one_is_a_change(bench):
    bench.put("output/a.jsonl", "1\n")
    bench.look(3)
    bench.put("output/b", "1\n2\n")
    (bench.workspace / "output/b").replace(bench.workspace / "output/a.jsonl")
    assert bench.look(3) == [["output/a.jsonl"]]


def test_code_that_grows_is_a_change(bench):
    bench.put("code/a.py", "1\n")
    bench.look(3)
    bench.put("code/a.py", "1\n2\n")
    assert bench.look(3) == [["code/a.py"]]


def test_what_is_never_kept_keeps_nothing_waiting(bench):
    for number in range(3):
        bench.put("run_meta.json", f"{number}")
        bench.put("code/.env", f"KEY={number}")
        bench.put("output/model.safetensors", "x" * ((1 << 20) + number + 1))
        (bench.workspace / f"code/__pycache__/{number}").mkdir(parents=True)
        bench.put(f"code/__pycache__/{number}/m.pyc", "x")
        if not number:
            os.mkfifo(bench.workspace / "code/pipe")
        bench.look()
    assert bench.asked == []


def test_a_snapshot_that_failed_is_tried_again(bench):
    keep, failures = bench.watch._keep, [OSError("disk"), OSError("disk")]

    def failing():
        if failures:
            raise failures.pop()
        keep()

    bench.watch._keep = failing
    bench.put("code/a.py", "1\n")
    assert bench.look() == []
    for _ in range(2):
        with pytest.raises(OSError, match="disk"):
            bench.look()
    assert bench.look() == [["code/a.py"]]
