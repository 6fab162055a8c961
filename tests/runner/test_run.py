"""A run as its user starts it, and every way it can end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from posttrace.traces import read_events, validate
from posttrace.traces.events import (
    BaselineEvaluated,
    CodeRevision,
    IntegrityFlag,
    RunFinished,
    RunStarted,
    SubmissionGraded,
)
from tests.support import QUICK, posttrace, wait_for

SUBMIT = """
import json, os, sys, urllib.request
def submit(path):
    url = os.environ["GRADING_SERVER_URL"] + "/submit"
    body = json.dumps({"model_path": path}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
"""


def run(tmp_path: Path, code: str, *words: str, env: dict[str, str] | None = None):
    """Run ``code`` as the agent; return the finished process and the only trace's events."""
    done = posttrace(*command(tmp_path, code, *words), cwd=tmp_path, env=env)
    return done, events(tmp_path)


def command(tmp_path: Path, code: str, *words: str) -> list[str]:
    script = tmp_path / "agent.py"
    script.write_text(SUBMIT + code)
    start = 'agent.command=["{python}","code/agent.py"]'
    return [
        "run",
        "agent=command",
        start,
        f"agent.code=[{script}]",
        f"out={tmp_path / 'out'}",
        *QUICK,
        *words,
    ]


def traces(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "out").glob("*/*/seed-*/attempt-*/trace.jsonl"))


def events(tmp_path: Path):
    found = traces(tmp_path)
    return list(read_events(found[0])) if found else []


def of(kind, found):
    return [event for event in found if isinstance(event, kind)]


def test_a_run_from_start_to_end(tmp_path):
    done, found = run(tmp_path, "print(submit(os.environ['MODEL_PATH']))")
    assert done.returncode == 0, done.stderr
    assert isinstance(found[0], RunStarted)
    assert isinstance(found[-1], RunFinished)
    assert found[-1].status == "completed"
    assert [e.replicate for e in of(BaselineEvaluated, found)] == [0]
    (graded,) = of(SubmissionGraded, found)
    assert graded.artifact.sha256 == found[0].base_model.sha256
    assert found[-1].best.score == graded.score
    assert [flag.kind for flag in of(IntegrityFlag, found)] == ["base_copy"]
    assert graded.revision in {revision.commit for revision in of(CodeRevision, found)}
    assert validate(traces(tmp_path)[0]) == []
    index = (tmp_path / "out/default/index.jsonl").read_text().splitlines()
    head = traces(tmp_path)[0].read_bytes().splitlines()[-1][-66:-2].decode()
    assert json.loads(index[0])["head_hash"] == head
    again = posttrace(*command(tmp_path, "print(submit(os.environ['MODEL_PATH']))"), cwd=tmp_path)
    assert again.returncode == 0
    assert "completed" in again.stderr
    assert len(traces(tmp_path)) == 1


def test_a_starved_runner_says_that_the_agent_had_more_time(tmp_path):
    """The runner stands still over the end of the budget, as on a machine that sleeps."""
    code = "open('started', 'w').close(); import time; time.sleep(600)"
    words = command(tmp_path, code, "budget.wall_s=3")
    runner = subprocess.Popen([sys.executable, "-m", "posttrace", *words], cwd=tmp_path)
    wait_for(lambda: list((tmp_path / "out").glob("default/*/seed-0/attempt-1/workspace/started")))
    runner.send_signal(signal.SIGSTOP)
    time.sleep(7)
    runner.send_signal(signal.SIGCONT)
    assert runner.wait(60) == 1
    found = events(tmp_path)
    assert found[-1].status == "timed_out"
    (flag,) = of(IntegrityFlag, found)
    assert flag.kind == "budget_overrun"
    assert flag.evidence["late_s"] > 2


def test_a_failing_agent_is_an_outcome(tmp_path):
    done, found = run(tmp_path, "sys.exit(3)")
    assert done.returncode == 1
    assert (found[-1].status, found[-1].exit_code) == ("agent_failed", 3)


def test_time_up_ends_the_whole_group(tmp_path):
    code = """
import subprocess, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open("pid", "w").write(str(child.pid))
time.sleep(600)
"""
    done, found = run(tmp_path, code, "budget.wall_s=4")
    assert done.returncode == 1
    assert found[-1].status == "timed_out"
    pid = int((traces(tmp_path)[0].parent / "workspace/pid").read_text())
    wait_for(lambda: not psutil.pid_exists(pid))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_runner_leaves_a_record_and_no_agent(tmp_path, signum):
    code = "open('pid', 'w').write(str(os.getpid())); import time; time.sleep(600)"
    runner = subprocess.Popen(
        [sys.executable, "-m", "posttrace", *command(tmp_path, code)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pid_file = tmp_path / "out/default"

    def pids():
        return [p for p in pid_file.glob("*/seed-0/attempt-1/workspace/pid") if p.read_text()]

    wait_for(pids)
    agent = int(pids()[0].read_text())
    runner.send_signal(signum)
    runner.wait(60)
    wait_for(lambda: not psutil.pid_exists(agent))
    last = events(tmp_path)[-1]
    finding = {f.code for f in validate(traces(tmp_path)[0])}
    if signum == signal.SIGKILL:
        assert not isinstance(last, RunFinished)
        assert {f.severity for f in validate(traces(tmp_path)[0])} == {"warning"}
    else:
        assert last.status == "interrupted"
        assert not finding
    plan = posttrace(*command(tmp_path, code), "--dry-run", cwd=tmp_path)
    assert "retry" in plan.stdout


def test_secrets_reach_the_agent_and_no_record(tmp_path):
    secret = 'sk-"very"\\secret\n\u00e9'
    code = "print(os.environ['API_KEY']); print(dict(os.environ))"
    done, _found = run(
        tmp_path,
        code,
        "agent.env_passthrough=[API_KEY]",
        "agent.prompt='use API_KEY'",
        env=dict(os.environ) | {"API_KEY": secret, "OTHER_SECRET": "not-for-agents"},
    )
    assert done.returncode == 0, done.stderr
    raw = traces(tmp_path)[0].read_text()
    assert json.dumps(secret)[1:-1] not in raw
    assert secret not in raw
    log = traces(tmp_path)[0].parent / "logs/agent.stdout.log"
    assert secret in log.read_text()
    assert "not-for-agents" not in log.read_text()
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_the_run_token_is_in_no_record(tmp_path):
    _, _found = run(tmp_path, "open('output/url.txt', 'w').write(os.environ['GRADING_SERVER_URL'])")
    token = (traces(tmp_path)[0].parent / "workspace/output/url.txt").read_text().rsplit("/", 1)[1]
    assert len(token) > 20
    assert token not in traces(tmp_path)[0].read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["agent.env_passthrough=[NOT_SET_ANYWHERE]"], "NOT_SET_ANYWHERE"),
        (["base_model.sha256=" + "0" * 64], "has hash"),
        (["base_model.path=/no/such/base"], "/no/such/base"),
        (["agent.code=[/no/such/file.py]"], "/no/such/file.py"),
        (["out=/proc/nowhere"], "/proc/nowhere"),
        (["seed=0,1"], "add -m"),
        (["agent.typo=1"], "agent.typo"),
        (["sandbox=docker"], "docker"),
        (["budget.wall_s=-1"], "budget.wall_s=-1"),
        (["budget.submissions=0"], "budget.submissions=0"),
        (["budget.wall_s=nan"], "budget.wall_s=nan"),
        (["base_model=house"], "choose base_model=spell"),
        (["-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "n_jobs == 0"),
        (["agent.command=[]"], "agent.command is empty"),
        (["agent.command=[/no/such/program]"], "/no/such/program"),
        (["agent.command=[python,'{steps}']", "budget.steps=null"], "budget.steps"),
        (["out="], "out is empty"),
        (["task.n_items=-5"], "n_items"),
    ],
)
def test_what_cannot_run_is_said_before_anything_is_recorded(tmp_path, words, says):
    done, found = run(tmp_path, "", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert found == []


def test_a_port_in_use_is_said_and_nothing_is_recorded(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done, found = run(tmp_path, "", f"server.port={port}")
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert found == []


def test_one_job_that_cannot_run_does_not_cost_the_others_their_anchor(tmp_path):
    """Whatever fails before a record begins is a line; what ended is in the index."""
    words = command(tmp_path, "", "-m", "seed=0,1")
    blocked = tmp_path / "out/default"
    dry = posttrace(*words, "--dry-run", cwd=tmp_path)
    assert dry.returncode == 0, dry.stderr
    cells = {word for word in dry.stdout.split() if len(word) == 12 and set(word) <= set("0123456789abcdef")}
    (cell,) = cells
    (blocked / cell).mkdir(parents=True)
    (blocked / cell / "seed-0").write_text("a file where a folder must be")
    done = posttrace(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "seed-0" in done.stderr
    assert "Traceback" not in done.stderr
    index = (blocked / "index.jsonl").read_text().splitlines()
    assert [json.loads(line)["run_id"] for line in index] == [f"{cell}-s1-a1"]


def test_of_two_runners_one_runs(tmp_path):
    code = "import time; open('started', 'w').close(); time.sleep(6)"
    words = [sys.executable, "-m", "posttrace", *command(tmp_path, code)]
    first = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list((tmp_path / "out").glob("default/*/seed-0/attempt-1/claim.json")))
    second = posttrace(*command(tmp_path, code), cwd=tmp_path)
    assert "running elsewhere" in second.stderr
    assert second.returncode == 0
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert len(traces(tmp_path)) == 1


def test_a_sweep_with_joblib_runs_every_cell_and_says_which_failed(tmp_path):
    done = posttrace(
        "run",
        "-m",
        "agent=copy,crash",
        "seed=0,1",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        f"out={tmp_path / 'out'}",
        *QUICK,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    ended = sorted(list(read_events(path))[-1].status for path in traces(tmp_path))
    assert ended == ["agent_failed", "agent_failed", "completed", "completed"]
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"out"}  # Hydra wrote nothing of its own
    status = posttrace("status", tmp_path / "out", "--json", cwd=tmp_path)
    assert sorted(row["state"] for row in json.loads(status.stdout)) == ended


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk, which needs root")
def test_a_full_disk_ends_the_run_and_says_so(tmp_path):
    """The workspace's disk is the record's: an agent that fills it must not go on unrecorded."""
    code = """
with open("output/fill", "wb") as f:
    try:
        while True: f.write(b"x" * 65536); f.flush()
    except OSError: pass
import time; time.sleep(60)
"""
    disk = tmp_path / "out"
    disk.mkdir()
    words = ["unshare", "-m", "sh", "-c"]
    mount = (
        f'mount -t tmpfs -o size=24m none "{disk}" && "$@"; rc=$?; cp -r "{disk}" "{tmp_path}/kept"; exit $rc'
    )
    run = [sys.executable, "-m", "posttrace", *command(tmp_path, code, "recorder.resource_interval_s=1")]
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mount namespace here")
    done = subprocess.run(
        [*words, mount, "sh", *run], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    (trace,) = (tmp_path / "kept").glob("default/*/seed-0/attempt-1/trace.jsonl")
    last = list(read_events(trace))[-1]
    assert isinstance(last, RunFinished)
    assert last.status == "infrastructure_failed"
    assert "Traceback" not in done.stderr


def test_a_killed_worker_ends_the_sweep_in_one_line_and_the_next_goes_on(tmp_path):
    code = "import time; open('started', 'w').close(); time.sleep(600)"
    words = command(tmp_path, code, "-m", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    runner = subprocess.Popen(
        [sys.executable, "-m", "posttrace", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    started = tmp_path / "out/default"
    wait_for(lambda: len(list(started.glob("*/seed-*/attempt-1/workspace/started"))) == 2)
    claims = [json.loads(path.read_text()) for path in started.glob("*/seed-*/attempt-1/claim.json")]
    os.kill(claims[0]["pid"], signal.SIGKILL)
    _, said = runner.communicate(timeout=120)
    assert runner.returncode == 2
    assert "worker process" in said.splitlines()[-1]
    assert "Traceback" not in said
    wait_for(lambda: not any(psutil.pid_exists(claim["pid"]) for claim in claims))
    plan = posttrace(*words, "--dry-run", cwd=tmp_path).stdout
    assert plan.count("retry") == 2


def test_an_interrupted_demo_stops_and_goes_on_later(tmp_path):
    demo = [sys.executable, "-m", "posttrace", "demo", "-o", "d"]
    first = subprocess.Popen(demo, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list((tmp_path / "d/demo").glob("*/seed-*/attempt-1/workspace/output/sft")))
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=120)
    assert first.returncode == 130
    assert "goes on from here" in said
    assert not (tmp_path / "d/report.html").exists()
    assert all(
        isinstance(list(read_events(t))[-1], RunFinished) for t in tmp_path.glob("d/demo/*/*/*/trace.jsonl")
    )
