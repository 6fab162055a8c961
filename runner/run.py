"""One run from start to end: prepare, score the base, let the agent work, close the record.

This is the one boundary where every exception ends as data: whatever happens, the trace says how it ended.
"""

from __future__ import annotations

import contextlib
import secrets
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from hydra.utils import instantiate

from posttrace.runner import workspace
from posttrace.runner.artifacts import hash_directory
from posttrace.runner.base_model import BaseModel
from posttrace.runner.cells import run_id
from posttrace.runner.claim import release
from posttrace.runner.grading import GradingService, GradingSettings
from posttrace.runner.grading.worker import Finish
from posttrace.runner.interrupt import Interrupted, interruptible, patient
from posttrace.runner.job import Ending, Job, RunResult
from posttrace.runner.recorder import Recorder, RecorderSettings
from posttrace.runner.sandbox.base import Launch, Limits, Running, Sandbox
from posttrace.runner.sandbox.local import agent_environment
from posttrace.runner.started import run_started
from posttrace.runner.tasks.base import Task
from posttrace.traces import Clock, DiskFullError, TraceWriter
from posttrace.traces.events import (
    BaseModelInfo,
    Best,
    BudgetInfo,
    IntegrityFlag,
    RunFinished,
    RunStatus,
)

POLL_S = 0.1
FINISH: dict[RunStatus, Finish] = {"completed": "all", "agent_failed": "all", "interrupted": "none"}
"""What is still graded when the agent has ended: what it left queued, if it ended by itself."""
OVERRUN_S = 2.0
"""An agent that had this much more than its budget (the machine slept, the runner was starved) is flagged."""
GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL for an agent whose time is up."""


def execute(job: Job) -> RunResult:
    """Run a claimed attempt to its end and record it; ``preflight.check`` said what could be known before.

    Raises ``PosttraceError`` when not even the first line could be written; after that, whatever happens is
    in the trace.
    """
    passed = workspace.passed_through(job.config["agent"]["env_passthrough"])
    task: Task = instantiate(job.config["task"])
    sandbox: Sandbox = instantiate({"_target_": job.config["sandbox"]["_target_"]})
    hidden = {**passed, "RUN_TOKEN": secrets.token_urlsafe(24)}
    with TraceWriter(job.run.trace, clock=Clock(), secrets=hidden) as writer:
        run = _Run(job, task, sandbox, writer, hidden)
        model = run.begin()
        result = run.finish(run.perform(model, passed))
    release(job.run)
    return result


class _Run:
    """The parts of a running run, so that each can be closed whatever the others did."""

    def __init__(
        self, job: Job, task: Task, sandbox: Sandbox, writer: TraceWriter, hidden: Mapping[str, str]
    ) -> None:
        self.job, self.task, self.sandbox, self.writer, self.hidden = job, task, sandbox, writer, hidden
        self.run, self.config = job.run, job.config
        self.base = BaseModel.of(self.config["base_model"], self.config["seed"])
        self.budget = BudgetInfo(**self.config["budget"])
        self.service: GradingService | None = None
        self.recorder: Recorder | None = None
        self.agent: Running | None = None
        self.started_at = time.time()

    def perform(self, model: BaseModelInfo, passed: Mapping[str, str]) -> Ending:
        """Everything up to the agent's end; never raises."""
        try:
            with interruptible():
                self._prepare()
                self._observe()
                self._grade_baseline(model)
                return self._work(passed)
        except Interrupted as signal:
            return Ending("interrupted", f"{signal.name} to the runner")
        except DiskFullError as error:
            return Ending("infrastructure_failed", str(error))
        except Exception as error:  # the run boundary: a failure of ours is data too
            self._log(traceback.format_exc())
            return Ending("infrastructure_failed", f"{type(error).__name__}: {error}")

    def finish(self, ending: Ending) -> RunResult:
        """Stop everything, write the last line, and say what there is."""
        with patient():
            ending = self._close(ending)
            best = self.service.best if self.service else None
            received = self.service.received if self.service else 0
            self.writer.write(
                RunFinished(
                    status=ending.status,
                    reason=ending.reason,
                    exit_code=ending.exit_code,
                    wall_s=self.writer.clock.t_s(),
                    submissions=received,
                    best=best,
                )
            )
        return self._result(ending, received, best)

    def begin(self) -> BaseModelInfo:
        """Write the first line."""
        found, _ = hash_directory(self.base.path)
        model = BaseModelInfo(id=self.base.id, sha256=found.sha256, bytes=found.bytes)
        self.writer.write(run_started(self.job, self.task.info, model, self.sandbox))
        return model

    def _prepare(self) -> None:
        self.run.logs.mkdir(mode=0o700)
        agent = self.config["agent"]
        workspace.build(self.run.workspace, base=self.base.path, base_id=self.base.id, code=agent["code"])
        self.task.prepare(self.run.workspace)
        workspace.instruct(self.run.workspace, self.config["mode"]["instruction"], agent["prompt"])

    def _observe(self) -> None:
        self.recorder = Recorder(
            self.run,
            write=self.writer.write,
            clock=self.writer.clock,
            base_dir=self.base.path,
            settings=RecorderSettings(**self.config["recorder"]),
            secrets=self.hidden,
        )
        self.recorder.revision("start")

    def _grade_baseline(self, model: BaseModelInfo) -> None:
        recorder, grading = self.recorder, dict(self.config["grading"])
        assert recorder is not None
        grading["env_passthrough"] = tuple(grading["env_passthrough"])
        self.service = GradingService(
            self.run,
            task_spec=dict(self.config["task"]),
            task=self.task,
            base_dir=self.base.path,
            base=model,
            settings=GradingSettings(**grading, **self.config["server"]),
            budget=self.budget,
            seed=self.config["seed"],
            write=self.writer.write,
            clock=self.writer.clock,
            revision=lambda: recorder.revision("submission"),
            token=self.hidden["RUN_TOKEN"],
        )
        self.service.evaluate_baseline()

    def _work(self, passed: Mapping[str, str]) -> Ending:
        assert self.service is not None
        assert self.recorder is not None
        url = self.service.start()
        self.started_at = time.time()
        self._mirror()
        agent = self._launch(url, passed)
        self.recorder.start(agent)
        return self._wait(agent)

    def _launch(self, url: str, passed: Mapping[str, str]) -> Running:
        config, folder = self.config, self.run.workspace.resolve()
        values = workspace.placeholders(config, folder)
        given = workspace.environment(folder, task=self.task.info.id, base_id=self.base.id, url=url)
        limits = {k: v for k, v in config["sandbox"].items() if k not in ("_target_", "kind")}
        self.agent = self.sandbox.launch(
            Launch(
                argv=[workspace.fill(word, values) for word in config["agent"]["command"]],
                env=agent_environment(given | dict(config["agent"]["env"]) | dict(passed)),
                cwd=folder,
                stdout=self.run.logs / "agent.stdout.log",
                stderr=self.run.logs / "agent.stderr.log",
                limits=Limits(**limits),
            )
        )
        return self.agent

    def _wait(self, agent: Running) -> Ending:
        assert self.service is not None
        assert self.recorder is not None
        limit = self.budget.wall_s
        deadline = None if limit is None else time.monotonic() + limit
        while (code := agent.poll()) is None:
            if failure := self.service.failure or self.recorder.failure:
                return Ending("infrastructure_failed", failure)
            if deadline is not None and (late_s := time.monotonic() - deadline) >= 0:
                if late_s > OVERRUN_S:
                    evidence = {"wall_s": limit, "late_s": late_s}
                    self.writer.write(IntegrityFlag(kind="budget_overrun", evidence=evidence))
                return Ending("timed_out", f"wall budget of {limit:g} s used up")
            self._mirror()
            time.sleep(POLL_S)
        if code == 0:
            return Ending("completed", exit_code=0)
        return Ending("agent_failed", f"exit code {code}; see logs/agent.stderr.log", code)

    def _mirror(self) -> None:
        assert self.service is not None
        meta = {
            "start_time": self.started_at,
            "timeout_s": self.budget.wall_s,
            "last_submit_time": self.service.last_submit_time,
            "end_time": None if self.budget.wall_s is None else self.started_at + self.budget.wall_s,
        }
        workspace.write_meta(self.run.workspace, meta)

    def _close(self, ending: Ending) -> Ending:
        """End agent, server and observers, in this order; the first failure among them is the ending."""
        closers: list[Callable[[], object]] = []
        if agent := self.agent:
            closers.append(lambda: agent.terminate(GRACE_S))
        if service := self.service:
            finish = FINISH.get(ending.status, "running")
            closers.append(lambda: service.close(ending.reason or ending.status, finish))
        if self.recorder:
            closers.append(self.recorder.stop)
        failure = None
        for close in closers:
            try:
                close()
            except Exception as error:  # the run boundary still: closing one part must not keep the next open
                self._log(traceback.format_exc())
                failure = failure or f"{type(error).__name__}: {error}"
        if failure and ending.status != "infrastructure_failed":
            return Ending("infrastructure_failed", failure, ending.exit_code)
        return ending

    def _log(self, text: str) -> None:
        """Keep a traceback; on a full disk the reason in the trace must do."""
        path: Path = self.run.logs / "runner.log"
        with contextlib.suppress(OSError):
            self.run.logs.mkdir(mode=0o700, exist_ok=True)
            with path.open("a") as file:
                file.write(text)

    def _result(self, ending: Ending, received: int, best: Best | None) -> RunResult:
        return RunResult(
            run_id=run_id(self.config, self.job.attempt),
            path=str(self.run.root),
            status=ending.status,
            reason=ending.reason,
            submissions=received,
            best=best.score if best else None,
            head_hash=self.writer.head,
        )
