"""One run from start to end: prepare, score the base, let the agent work, close the record.

This is the one boundary where every exception ends as data: whatever happens, the trace says how it ended.
"""

from __future__ import annotations

import secrets as random_secrets
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import instantiate

from posttrace.runner import workspace
from posttrace.runner.artifacts import hash_directory
from posttrace.runner.cells import cell_id, run_id
from posttrace.runner.claim import release
from posttrace.runner.grading import GradingService, GradingSettings
from posttrace.runner.grading.worker import Finish
from posttrace.runner.host import describe_host, software
from posttrace.runner.interrupt import Interrupted, interruptible, patient
from posttrace.runner.layout import RunDir
from posttrace.runner.recorder import Recorder, RecorderSettings
from posttrace.runner.sandbox.base import Launch, Limits, Running, Sandbox
from posttrace.runner.sandbox.local import agent_environment
from posttrace.runner.tasks.base import Task
from posttrace.traces import Clock, DiskFullError, TraceWriter
from posttrace.traces.events import (
    AgentInfo,
    BaseModelInfo,
    Best,
    BudgetInfo,
    RunFinished,
    RunStarted,
    RunStatus,
    SandboxInfo,
)
from posttrace.traces.events import (
    Recorder as RecorderInfo,
)

POLL_S = 0.1
GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL for an agent whose time is up."""


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    status: RunStatus
    reason: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True)
class RunResult:
    """What a sweep keeps of a run: where its record is, and the anchor of its hash chain."""

    run_id: str
    path: str
    status: str
    reason: str | None
    submissions: int
    best: float | None
    head_hash: str


@dataclass(frozen=True)
class Job:
    """A claimed attempt and its resolved configuration."""

    config: Mapping[str, Any]
    run: RunDir
    attempt: int
    retry_of: int | None = None


def execute(job: Job) -> RunResult:
    """Run a claimed attempt to its end and record it; ``preflight.check`` said what could be known before."""
    secrets = workspace.passed_through(job.config["agent"]["env_passthrough"])
    task: Task = instantiate(job.config["task"])
    base = workspace.locate(job.config["base_model"]["path"])
    token = random_secrets.token_urlsafe(24)
    with TraceWriter(job.run.trace, clock=Clock(), secrets={**secrets, "RUN_TOKEN": token}) as writer:
        run = _Run(job, task, base, writer, token)
        ending = run.perform(secrets)
        result = run.finish(ending)
    release(job.run)
    return result


class _Run:
    """The parts of a running run, so that each can be closed whatever the others did."""

    def __init__(self, job: Job, task: Task, base: Path, writer: TraceWriter, token: str) -> None:
        self.job, self.task, self.base, self.writer = job, task, base.resolve(), writer
        self.token = token
        self.run, self.config = job.run, job.config
        self.budget = BudgetInfo(**self.config["budget"])
        self.sandbox: Sandbox = instantiate({"_target_": self.config["sandbox"]["_target_"]})
        self.service: GradingService | None = None
        self.recorder: Recorder | None = None
        self.agent: Running | None = None
        self.started_at = time.time()
        self.run.logs.mkdir(mode=0o700)

    def perform(self, secrets: Mapping[str, str]) -> Ending:
        """Everything up to the agent's end; never raises."""
        try:
            with interruptible():
                self._start()
                self._grade_baseline()
                return self._work(secrets)
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

    def _start(self) -> None:
        model = self._prepare()
        self.writer.write(self._run_started(model))
        self.recorder = Recorder(
            self.run,
            write=self.writer.write,
            clock=self.writer.clock,
            base_dir=self.base,
            settings=RecorderSettings(**self.config["recorder"]),
        )
        self.recorder.revision("start")
        self._serve(model)

    def _prepare(self) -> BaseModelInfo:
        wanted = self.config["base_model"]
        found, _ = hash_directory(self.base)
        code = self.config["agent"]["code"]
        workspace.build(self.run.workspace, base=self.base, base_id=wanted["id"], code=code)
        self.task.prepare(self.run.workspace)
        instruction, prompt = self.config["mode"]["instruction"], self.config["agent"]["prompt"]
        workspace.add_instructions(self.run.workspace, instruction, prompt)
        return BaseModelInfo(id=wanted["id"], sha256=found.sha256, bytes=found.bytes)

    def _run_started(self, model: BaseModelInfo) -> RunStarted:
        agent, job = self.config["agent"], self.job
        retry_of = None if job.retry_of is None else run_id(self.config, job.retry_of)
        return RunStarted(
            run_id=run_id(self.config, job.attempt),
            cell_id=cell_id(self.config),
            seed=self.config["seed"],
            attempt=job.attempt,
            retry_of=retry_of,
            config=dict(self.config),
            task=self.task.info,
            agent=AgentInfo(
                id=agent["id"],
                system=agent["system"],
                version=agent["version"],
                driver=self.config["driver"]["model"],
                mode=self.config["mode"]["id"],
            ),
            base_model=model,
            budget=self.budget,
            sandbox=SandboxInfo(kind=self.sandbox.kind, isolates=list(self.sandbox.isolates)),
            host=describe_host(),
            software=software(),
            recorder=RecorderInfo(kind="native"),
        )

    def _serve(self, model: BaseModelInfo) -> None:
        grading, recorder = dict(self.config["grading"]), self.recorder
        assert recorder is not None
        self.service = GradingService(
            self.run,
            task_spec=dict(self.config["task"]),
            task=self.task,
            base_dir=self.base,
            base=model,
            settings=GradingSettings(**grading, **self.config["server"]),
            budget=self.budget,
            seed=self.config["seed"],
            write=self.writer.write,
            clock=self.writer.clock,
            revision=lambda: recorder.revision("submission"),
            token=self.token,
        )

    def _grade_baseline(self) -> None:
        assert self.service is not None
        self.service.evaluate_baseline()

    def _work(self, secrets: Mapping[str, str]) -> Ending:
        assert self.service is not None
        assert self.recorder is not None
        url = self.service.start()
        self.started_at = time.time()
        self._mirror()
        agent = self._launch(url, secrets)
        self.recorder.start(agent)
        return self._wait(agent)

    def _launch(self, url: str, secrets: Mapping[str, str]) -> Running:
        config = self.config
        folder = self.run.workspace.resolve()
        values = {"seed": config["seed"], "steps": self.budget.steps, "workspace": folder}
        argv = [workspace.fill(word, values) for word in config["agent"]["command"]]
        given = workspace.environment(
            folder, task=self.task.info.id, base_id=config["base_model"]["id"], url=url
        )
        limits = Limits(**{k: v for k, v in config["sandbox"].items() if k not in ("_target_", "kind")})
        self.agent = self.sandbox.launch(
            Launch(
                argv=argv,
                env=agent_environment(given | dict(config["agent"]["env"]) | dict(secrets)),
                cwd=folder,
                stdout=self.run.logs / "agent.stdout.log",
                stderr=self.run.logs / "agent.stderr.log",
                limits=limits,
            )
        )
        return self.agent

    def _wait(self, agent: Running) -> Ending:
        assert self.service is not None
        limit = self.budget.wall_s
        deadline = None if limit is None else time.monotonic() + limit
        while (code := agent.poll()) is None:
            if self.service.failure:
                return Ending("infrastructure_failed", self.service.failure)
            if deadline is not None and time.monotonic() >= deadline:
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
        if self.agent:
            self.agent.terminate(GRACE_S)
        closers: list[Callable[[], object]] = []
        if service := self.service:
            finish: Finish = "none" if ending.status == "interrupted" else "running"
            closers.append(lambda: service.close(ending.reason or ending.status, finish))
        if self.recorder:
            closers.append(self.recorder.stop)
        for close in closers:
            try:
                close()
            except Exception as error:  # the run boundary still: closing one part must not keep the next open
                self._log(traceback.format_exc())
                ending = Ending("infrastructure_failed", f"{type(error).__name__}: {error}", ending.exit_code)
        return ending

    def _log(self, text: str) -> None:
        with (self.run.logs / "runner.log").open("a") as file:
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
