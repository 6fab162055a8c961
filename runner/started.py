"""The first line of a trace: everything that was decided before the agent started."""

from __future__ import annotations

from msgspec import UNSET

from posttrace.runner.base_model import repeated
from posttrace.runner.cells import cell_id, run_id
from posttrace.runner.host import describe_host, software
from posttrace.runner.job import Job
from posttrace.runner.sandbox.base import Sandbox
from posttrace.traces.events import (
    AgentInfo,
    BaseModelInfo,
    BudgetInfo,
    Recorder,
    RunStarted,
    SandboxInfo,
    TaskInfo,
)


def run_started(job: Job, task: TaskInfo, base: BaseModelInfo, sandbox: Sandbox) -> RunStarted:
    """The event, from a job and what was found on this machine."""
    config, agent = job.config, job.config["agent"]
    again = repeated(config["base_model"], config["seed"])
    return RunStarted(
        run_id=run_id(config, job.attempt),
        cell_id=cell_id(config),
        seed=config["seed"],
        attempt=job.attempt,
        retry_of=None if job.retry_of is None else run_id(config, job.retry_of),
        config=dict(config),
        task=task,
        agent=AgentInfo(
            id=agent["id"],
            system=agent["system"],
            version=agent["version"],
            driver=config["driver"]["model"],
            mode=config["mode"]["id"],
        ),
        base_model=base,
        budget=BudgetInfo(**config["budget"]),
        sandbox=SandboxInfo(kind=sandbox.kind, isolates=list(sandbox.isolates)),
        host=describe_host(),
        software=software(),
        recorder=Recorder(kind="native"),
        extra={"base_model": again} if again else UNSET,
    )
