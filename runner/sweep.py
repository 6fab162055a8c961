"""A sweep: expand the grid, decide what is due, hand the jobs to a Hydra launcher, keep an index."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import psutil
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig

from posttrace.runner.base_model import repeated
from posttrace.runner.cells import cell_id, seed_dir
from posttrace.runner.claim import Claim, Plan, claim, plan
from posttrace.runner.compose import CONF, SEARCH_PATH, checked, expand, groups, hydra_words, resolve
from posttrace.runner.fit import check_fit
from posttrace.runner.interrupt import handling
from posttrace.runner.job import Job, RunResult
from posttrace.runner.one_line import one_line_errors
from posttrace.runner.preflight import check
from posttrace.runner.run import execute
from posttrace.traces.errors import ConfigError, SweepError


@dataclass(frozen=True)
class Planned:
    """One job of a sweep and what is due about it."""

    overrides: tuple[str, ...]
    config: dict[str, Any]
    plan: Plan

    @property
    def cell_id(self) -> str:
        """The cell it belongs to."""
        return cell_id(self.config)

    @property
    def task(self) -> str:
        """The task's id."""
        return str(instantiate(self.config["task"]).info.id)

    @property
    def seed_dir(self) -> Path:
        """Where its attempts are."""
        return seed_dir(self.config)


@dataclass(frozen=True)
class NotRun:
    """A job that was due and did not run: interrupted, taken by another runner, or not to be prepared."""

    reason: str
    is_failure: bool
    """False when another runner has it."""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did: runs that ended now, and jobs that were not run, with the reason."""

    ran: tuple[RunResult, ...]
    skipped: tuple[Planned, ...]
    not_run: tuple[NotRun, ...]
    """Jobs that were due and did not run."""


def prepare(overrides: Sequence[str]) -> list[Planned]:
    """Compose every job and look at what is on disk; changes nothing.

    Raises ``ConfigError`` when a job does not compose or starts from a base of another task, so that a sweep
    starts as a whole or not at all.
    """
    jobs = []
    for job in expand(overrides):
        config = groups(resolve(job))
        retry = config["retry"]
        due = plan(seed_dir(config), retry_max=retry["max"], retry_statuses=retry["statuses"])
        if due.action in ("run", "retry"):
            check_fit(config, job)
            again = repeated(config["base_model"], config["seed"])
            due = replace(due, why=f"{due.why}; {again}") if again else due
        jobs.append(Planned(tuple(job), config, due))
    paths = [job.seed_dir for job in jobs]
    if len(set(paths)) < len(paths):
        raise ConfigError("two jobs of the sweep are the same run; remove the repeated value")
    return jobs


def launch(jobs: Sequence[Planned]) -> SweepResult:
    """Run what is due through the launcher that the configuration names (``hydra/launcher=joblib``)."""
    due = [job for job in jobs if job.plan.action in ("run", "retry")]
    skipped = tuple(job for job in jobs if job.plan.action not in ("run", "retry"))
    if not due:
        return SweepResult((), skipped, ())
    for job in due:
        check(job.config)
    with tempfile.TemporaryDirectory(prefix="posttrace-") as folder:
        stop = Path(folder) / "stop"
        with handling(_Forwarder(stop)):
            try:
                returns = _launch([list(job.overrides) for job in due], _CellTask(stop, Claim.mine()))
            except BrokenProcessPool as error:
                raise SweepError(
                    "a worker process of the sweep was killed (out of memory?); what ended is kept, "
                    "the same command goes on from there"
                ) from error
    ran = tuple(r for r in returns if isinstance(r, RunResult))
    return SweepResult(ran, skipped, tuple(r for r in returns if isinstance(r, NotRun)))


@dataclass(frozen=True)
class _CellTask:
    """What a launcher calls, in this process or another: never raises, so one job cannot end the others."""

    stop: Path
    sweep: Claim
    """The process that started the sweep: when it is gone from this host, nobody waits for another job."""

    def __call__(self, cfg: DictConfig) -> RunResult | NotRun:
        config = groups(checked(cfg))
        folder = seed_dir(config)
        try:
            return self._next_attempt(config, folder)
        except Exception as error:  # the job boundary: before a record begins; the other jobs go on
            return NotRun(f"{folder}: {type(error).__name__}: {error}", is_failure=True)

    def _next_attempt(self, config: dict[str, Any], folder: Path) -> RunResult | NotRun:
        if self.stop.exists() or self.sweep.is_dead():
            return NotRun(f"{folder}: not started, the sweep was interrupted", is_failure=True)
        retry = config["retry"]
        due = plan(folder, retry_max=retry["max"], retry_statuses=retry["statuses"])
        run = claim(folder, due.attempt) if due.action in ("run", "retry") else None
        if run is None:  # another runner was faster since the plan was made
            return NotRun(f"{folder}: running elsewhere", is_failure=False)
        try:
            result = execute(Job(config, run, due.attempt, due.retry_of))
        finally:
            if not run.trace.exists() or run.trace.stat().st_size == 0:  # the attempt does not exist
                shutil.rmtree(run.root)
        _index(result)
        if result.status == "interrupted":
            self.stop.touch()
        return result


@dataclass(frozen=True)
class _Forwarder:
    """First signal: no new job starts, running ones end in order. Second: give up at once."""

    stop: Path

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if self.stop.exists():
            raise KeyboardInterrupt
        self.stop.touch()
        for child in psutil.Process().children():
            if "loky" in " ".join(child.cmdline()) and "resource_tracker" not in " ".join(child.cmdline()):
                child.send_signal(signum)


def _launch(jobs: list[list[str]], task: _CellTask) -> list[RunResult | NotRun]:
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("posttrace", create_config_search_path(f"pkg://{CONF}"))
    try:
        launcher_words = [word for word in jobs[0] if re.match(r"\+*hydra[./]launcher", word)]
        study = [word for word in jobs[0] if word.startswith(("+experiment=", SEARCH_PATH))]  # may choose it
        config = hydra.compose_config(
            "run", [*study, *launcher_words], RunMode.MULTIRUN, with_log_configuration=False
        )
        context = HydraContext(config_loader=hydra.config_loader, callbacks=_callbacks())
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )
        # the launcher is chosen above; a job may not name one again
        own = [[word for word in hydra_words(job) if word not in launcher_words] for job in jobs]
        with one_line_errors():  # of the launcher's own settings; a job raises nothing
            returned = launcher.launch(own, initial_job_idx=0)
        return [job.return_value for job in returned]
    finally:
        GlobalHydra.instance().clear()


def _callbacks() -> Any:
    from hydra._internal.callbacks import Callbacks

    return Callbacks()


def _index(result: RunResult) -> None:
    """Append to the sweep index: the head hash kept outside the run is what anchors its chain."""
    path = Path(result.path).parents[2] / "index.jsonl"
    with path.open("ab") as file:
        file.write(msgspec.json.encode(asdict(result)) + b"\n")
