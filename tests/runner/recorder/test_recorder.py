from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import pytest

from posttrace.runner.recorder import Recorder, RecorderSettings
from posttrace.traces import Clock, DiskFullError, TraceWriter, read_events
from posttrace.traces.events import (
    ArtifactObserved,
    CodeRevision,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    ResourceSample,
)
from tests.support import wait_for

FAST = RecorderSettings(process_interval_s=0.02, watch_interval_s=0.05, resource_interval_s=0.05)


class Bench:
    """A recorder whose events are kept, or written, as they come."""

    def __init__(self, run, **words) -> None:
        self.run = run
        self.events: list[Any] = []
        self.lock = threading.Lock()
        base = run.workspace / "models"
        given = {"write": self.write, "clock": Clock(), "base_dir": base, "settings": FAST, **words}
        self.recorder = Recorder(run, **given)

    def write(self, event):
        with self.lock:
            self.events.append(event)

    def of(self, kind):
        with self.lock:
            return [event for event in self.events if isinstance(event, kind)]

    def git(self, *words):
        command = ["git", "--git-dir", self.run.revisions, *words]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.fixture
def make(run_dir):
    """Makes a bench; whatever happens to the test, its observers end."""
    made = []

    def one(**words):
        made.append(Bench(run_dir, **words))
        return made[-1]

    yield one
    for bench in made:
        bench.recorder._ending.set()


@pytest.fixture
def bench(make):
    return make()


def recorder_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("recorder")]


def test_stop_without_start_leaves_the_two_forced_revisions(bench):
    (bench.run.workspace / "code/a.py").write_text("1\n")
    commit = bench.recorder.revision("start")
    bench.recorder.stop()
    assert [(event.trigger, event.commit) for event in bench.events] == [("start", commit), ("end", commit)]
    assert bench.recorder.failure is None


def test_a_run_is_seen_from_all_sides_and_no_thread_is_left(make, run_dir, agents):
    (run_dir.workspace / "models/config.json").write_text("{}")
    code = """
        import json, pathlib, time
        pathlib.Path("output/m").mkdir()
        pathlib.Path("code/train.py").write_text("x = 1")
        pathlib.Path("output/m/model.safetensors").write_bytes(bytes(8))
        pathlib.Path("output/log.jsonl").write_text(json.dumps({"step": 1, "loss": 2.0}) + "\\n")
        print("step 2: loss=1.5", flush=True)
        while not pathlib.Path("enough").exists():
            time.sleep(0.02)
        """
    with TraceWriter(run_dir.trace, clock=Clock()) as writer:
        bench = make(write=lambda event: (writer.write(event), Bench.write(bench, event)))
        bench.recorder.revision("start")
        running = agents.python(code)
        bench.recorder.start(running)
        assert len(recorder_threads()) == 5
        wait_for(lambda: bench.of(ArtifactObserved) and len(bench.of(LogMetrics)) == 2)
        wait_for(lambda: len(bench.of(ResourceSample)) >= 2)
        wait_for(lambda: any(event.trigger == "watch" for event in bench.of(CodeRevision)))
        (run_dir.workspace / "enough").touch()
        assert running.wait(60) == 0
        running.terminate(0.0)
        bench.recorder.stop()
    assert recorder_threads() == []
    assert bench.recorder.failure is None
    written = [type(event) for event in read_events(run_dir.trace)]
    assert Counter(written) == Counter(type(event) for event in bench.events)
    [process] = [event for event in bench.of(ProcessObserved) if event.pid == running.pid]
    assert (process.argv[0], process.exit_code) == (sys.executable, 0)
    assert bench.of(CodeRevision)[-1].trigger == "end"
    assert not bench.of(IntegrityFlag)


def test_revisions_asked_for_while_the_watch_runs_are_a_chain(bench, agents):
    bench.recorder.revision("start")
    bench.recorder.start(agents.command("sleep", "600"))
    answered = []
    for number in range(20):
        (bench.run.workspace / "code/a.py").write_text(f"{number}\n")
        answered.append(bench.recorder.revision("submission"))
        (bench.run.workspace / "code/b.py").write_text(f"{number}\n")
    agents.started[0].terminate(0.0)
    bench.recorder.stop()
    revisions = bench.of(CodeRevision)
    assert [event.commit for event in revisions if event.trigger == "submission"] == answered
    commits = [event.commit for event in revisions]
    chain = list(dict.fromkeys(commits))  # what repeats is an unchanged tree
    assert bench.git("rev-list", "--reverse", "main").split() == chain
    # every event names the commit before its own
    before = dict(zip(chain, [None, *chain[:-1]], strict=True))
    assert [event.parent for event in revisions] == [before[commit] for commit in commits]
    for number, commit in enumerate(answered):
        assert bench.git("show", f"{commit}:code/a.py") == f"{number}\n"


def test_a_program_launched_from_a_skipped_folder_is_kept(bench, agents):
    script = bench.run.workspace / "code/node_modules/tool/run.py"
    script.parent.mkdir(parents=True)
    script.write_text("import time; time.sleep(600)\n")
    assert "run.py" not in bench.git("ls-tree", "-r", "--name-only", bench.recorder.revision("start"))
    bench.recorder.start(agents.command(sys.executable, "code/node_modules/tool/run.py"))
    path = "code/node_modules/tool/run.py"
    wait_for(lambda: path in bench.git("ls-tree", "-r", "--name-only", bench.recorder.revision("submission")))
    agents.started[0].terminate(0.0)
    bench.recorder.stop()


def test_the_code_is_kept_as_it_was_launched(make, agents):
    # the watch looks once at the start and then not for a minute: only the launch can have kept the draft
    bench = make(settings=RecorderSettings(process_interval_s=0.02, watch_interval_s=60))
    draft = bench.run.workspace / "code/train.py"
    running = agents.python(
        """
        import pathlib, subprocess, sys, time
        time.sleep(0.3)
        file = pathlib.Path("code/train.py")
        file.write_text("import time; time.sleep(1)  # draft")
        subprocess.run([sys.executable, str(file)])
        file.write_text("# better")
        """
    )
    bench.recorder.start(running)
    wait_for(lambda: running.poll() is not None)
    bench.recorder.stop()
    kept = [event for event in bench.of(CodeRevision) if event.trigger == "launch"]
    assert [file.path for file in kept[-1].files] == ["code/train.py"]
    assert "draft" in bench.git("show", f"{kept[-1].commit}:code/train.py")
    assert draft.read_text() == "# better"


def test_an_observer_that_fails_is_told_once_and_the_others_go_on(bench, agents, tmp_path):
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text('{"loss": 1}\n')
    (bench.run.workspace / "output/link.jsonl").symlink_to(elsewhere)
    (bench.run.workspace / "output/log.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    bench.recorder.start(agents.command("sleep", "600"))
    wait_for(lambda: bench.of(IntegrityFlag) and bench.of(LogMetrics))
    samples = len(bench.of(ResourceSample))
    wait_for(lambda: len(bench.of(ResourceSample)) >= samples + 3)
    agents.started[0].terminate(0.0)
    bench.recorder.stop()
    [flag] = bench.of(IntegrityFlag)
    assert (flag.kind, flag.evidence["observer"]) == ("observer_failed", "metrics")
    assert os.strerror(40) in flag.evidence["reason"]  # too many levels of symbolic links
    assert bench.recorder.failure is None


def test_a_workspace_that_vanished_is_told_and_a_revision_is_null(bench):
    bench.run.workspace.rename(bench.run.root / "moved")
    assert bench.recorder.revision("submission") is None
    bench.recorder.stop()
    assert [flag.evidence["observer"] for flag in bench.of(IntegrityFlag)] == ["code"]


def test_a_record_that_cannot_be_written_is_a_failure_at_once(make, agents):
    def full(event):
        if isinstance(event, ResourceSample):
            raise DiskFullError("no space left for trace.jsonl")

    bench = make(write=full)
    bench.recorder.start(agents.command("sleep", "600"))
    wait_for(lambda: bench.recorder.failure)
    assert bench.recorder.failure == "no space left for trace.jsonl"
    agents.started[0].terminate(0.0)
    with pytest.raises(DiskFullError):
        bench.recorder.stop()
    assert recorder_threads() == []


def test_secrets_are_not_in_the_kept_code(make, run_dir):
    bench = make(secrets={"API_KEY": "sk-0123456789"})
    (run_dir.workspace / "code/a.py").write_text('key = "sk-0123456789"\n')
    commit = bench.recorder.revision("start")
    assert bench.git("show", f"{commit}:code/a.py") == 'key = "<secret:API_KEY>"\n'


def _gone(store):
    shutil.rmtree(store)


def _made_anew(store):
    shutil.rmtree(store)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", store], check=True)


def _loose(store, name):
    oid = subprocess.run(
        ["git", "--git-dir", store, "rev-parse", name], capture_output=True, check=True, text=True
    ).stdout.strip()
    return store / "objects" / oid[:2] / oid[2:]


def _one_tree(store):
    _loose(store, "main^{tree}").unlink()


def _other_tree(store):
    tree, other = _loose(store, "main^{tree}"), _loose(store, "main:code")
    tree.unlink()
    shutil.copy(other, tree)


def _branch(store):
    (store / "refs/heads/main").unlink()


@pytest.mark.parametrize(
    ("harm", "change", "evidence"),
    [
        (_gone, False, {"commits": 1}),
        (_gone, True, {"commits": 1}),
        (_made_anew, False, {"what": "objects are gone or changed", "commits": 1}),
        (_made_anew, True, {"what": "objects are gone or changed", "commits": 1}),
        (_one_tree, False, {"what": "objects are gone or changed", "commits": 0, "objects": 1}),
        (_one_tree, True, {"what": "objects are gone or changed", "commits": 0, "objects": 1}),
        (_other_tree, False, {"what": "objects are gone or changed", "commits": 0, "objects": 1}),
        (_branch, False, {}),
    ],
)
def test_a_store_that_somebody_deletes_is_told(bench, harm, evidence, change):
    (bench.run.workspace / "code/a.py").write_text("1\n")
    bench.recorder.revision("start")
    harm(bench.run.revisions)
    if change:
        (bench.run.workspace / "code/a.py").write_text("2\n")
    bench.recorder.stop()
    [flag] = [flag for flag in bench.of(IntegrityFlag) if flag.kind == "record_tampering"]
    assert flag.evidence["place"] == "revisions.git"
    assert evidence.items() <= flag.evidence.items()
    # whether the last look could be recorded is told by the trace as by the flag
    recorded = bench.of(CodeRevision)[-1].trigger == "end"
    assert flag.evidence["end_revision"] == ("recorded" if recorded else "could not be recorded")
    assert bench.recorder.failure is None
