"""The grading child: what it gets, what it cannot reach, and every way it can end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from posttrace.runner.grading.evaluation import Evaluation, Grader
from posttrace.runner.grading.settings import GradingSettings
from posttrace.runner.layout import RunDir
from tests.runner.grading.toy import SPEC, save_model
from tests.support import wait_for


@pytest.fixture
def run(tmp_path):
    return RunDir(tmp_path / "run")


@pytest.fixture
def grade(tmp_path, run):
    def evaluate(*values, spec=SPEC, settings=None, **acts):
        model = save_model(tmp_path / "model", *values, **acts)
        grader = Grader(spec, run, settings or GradingSettings(evaluation_timeout_s=60.0))
        return grader.evaluate(Evaluation(model, "feedback", 5, "x"))

    return evaluate


def test_items_come_back_and_nothing_stays_behind(grade, run):
    done = grade(1.0, 0.0, 0.5)
    assert done.status == "graded"
    assert done.outcome.items.values == [1.0, 0.0, 0.5]
    assert done.outcome.items.ids == ["feedback-0", "feedback-1", "feedback-2"]
    assert done.network == "cut" or done.network.startswith("open: ")
    assert list(run.grading.iterdir()) == []
    assert (run.logs / "grader/x.log").read_text() == ""


def test_the_child_gets_no_secret_and_no_open_file(grade, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADING_SERVER_URL", "http://127.0.0.1/r/token")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.setenv("JUDGE_KEY", "known")
    with (tmp_path / "trace.jsonl").open("w") as trace:
        os.set_inheritable(trace.fileno(), True)
        told = grade(1.0, act_environment=1, settings=GradingSettings(env_passthrough=("JUDGE_KEY",))).told
    names, files, leads_group, model_dir = told.split(" | ")
    assert set(re.findall(r"'(\w+)'", names)) <= {
        *("CUDA_VISIBLE_DEVICES", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH"),
        *("PYTHONPATH", "TMPDIR", "TZ", "JUDGE_KEY"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    }
    assert "JUDGE_KEY" in names
    assert "trace.jsonl" not in files
    assert leads_group == "True"
    assert model_dir == str(tmp_path / "model")


def test_the_network_is_cut_or_said_to_be_open(grade):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = grade(1.0, act_connect=port)
        open_again = grade(1.0, act_connect=port, settings=GradingSettings(network=True))
    assert (done.status == "error") == (done.network == "cut")
    assert (open_again.status, open_again.network) == ("graded", "allowed")


def test_memory_is_limited(grade):
    settings = GradingSettings(memory_bytes=2 << 30)
    done = grade(1.0, act_memory=3 << 30, settings=settings)
    assert done.status == "error"
    assert "MemoryError" in done.reason


def test_a_process_left_behind_dies_with_the_evaluation(grade, tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_GATE", str(tmp_path))
    done = grade(1.0, act_fork=1, settings=GradingSettings(env_passthrough=("TOY_GATE",)))
    assert done.status == "graded"
    pid = int((tmp_path / "left").read_text())
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_timeout_kills_the_child(grade):
    done = grade(1.0, act_sleep=600, settings=GradingSettings(evaluation_timeout_s=1.5))
    assert (done.status, done.outcome) == ("timeout", None)
    assert 1.5 <= done.duration_s < 60
    assert not [p for p in psutil.Process().children() if "grading.child" in " ".join(p.cmdline())]


def test_cancel_ends_this_evaluation_and_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_GATE", str(tmp_path))
    model = save_model(tmp_path / "model", 1.0, act_wait=1)
    grader = Grader(SPEC, RunDir(tmp_path / "run"), GradingSettings(env_passthrough=("TOY_GATE",)))
    results = []
    wanted = Evaluation(model, "feedback", 5, "x")
    thread = threading.Thread(target=lambda: results.append(grader.evaluate(wanted)))
    thread.start()
    wait_for(lambda: list(tmp_path.glob("started-*")))
    grader.cancel()
    thread.join()
    assert [done.status for done in results] == ["cancelled"]
    assert grader.evaluate(wanted).status == "cancelled"


SERVER = """
import sys
from pathlib import Path
from posttrace.runner.grading.evaluation import Evaluation, Grader
from posttrace.runner.grading.settings import GradingSettings
from posttrace.runner.layout import RunDir
from tests.runner.grading.toy import SPEC
grader = Grader(SPEC, RunDir(Path(sys.argv[1])), GradingSettings(env_passthrough=("TOY_GATE",)))
grader.evaluate(Evaluation(Path(sys.argv[2]), "feedback", 5, "x"))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs PR_SET_PDEATHSIG")
def test_the_child_dies_with_a_killed_server(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_GATE", str(tmp_path))
    model = save_model(tmp_path / "model", 1.0, act_wait=1)
    with subprocess.Popen([sys.executable, "-c", SERVER, tmp_path / "run", model]) as server:
        wait_for(lambda: list(tmp_path.glob("started-*")))
        (started,) = tmp_path.glob("started-*")
        child = psutil.Process(int(started.name.removeprefix("started-")))
        server.kill()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_task_that_cannot_be_built_is_an_error(grade, run):
    done = grade(1.0, spec={"_target_": "no.such.Task"})
    assert done.status == "error"
    assert "no.such.Task" in Path(run.logs / "grader/x.log").read_text()
    assert "exit code 1" in done.told


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_an_error(grade, value):
    done = grade(value, 1.0)
    assert done.status == "error"
    assert "no number" in done.reason
