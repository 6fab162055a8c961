"""Typed schema of a run: what composes is what these classes allow; typos and wrong types are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING


class Feedback(Enum):
    """What the agent hears of a submission."""

    score = "score"
    ladder = "ladder"
    heldout = "heldout"
    none = "none"


class Keep(Enum):
    """Which graded checkpoints stay in ``artifacts/``; best includes the baseline."""

    best = "best"
    all = "all"
    none = "none"


@dataclass
class AgentConfig:
    """A program and how to start it in the workspace."""

    id: str = MISSING
    system: str | None = None
    version: str | None = None
    command: list[str] = MISSING
    """Arguments; ``{python}``, ``{seed}``, ``{steps}``, ``{workspace}`` and ``{program}`` are filled in."""
    program: str | None = None
    """The agent's own program, which stays where it is: a path, or ``pkg://package/path``."""
    code: list[str] = field(default_factory=list)
    """Files or folders copied into ``code/``: paths, or ``pkg://package/path`` for package data."""
    env: dict[str, str] = field(default_factory=dict)
    env_passthrough: list[str] = field(default_factory=list)
    """Names of host variables the agent gets. Their values never reach a record."""
    log: str | None = None
    """Dialect of the agent's output, for importers."""
    prompt: str | None = None


@dataclass
class BaseMemberConfig:
    """One of several base models."""

    path: str = MISSING
    sha256: str | None = None


@dataclass
class BaseModelConfig:
    """The checkpoint the agent starts from."""

    id: str = MISSING
    path: str | None = None
    """A directory, or ``pkg://package/path``."""
    sha256: str | None = None
    """Expected artefact hash; a different one ends the run before it starts."""
    by_seed: list[BaseMemberConfig] = field(default_factory=list)
    """Instead of ``path``: a run with seed s starts from member s mod n, so that the seeds of one cell
    differ in their base too, and a claim about them holds for more than one base. A seed from n on starts
    from an earlier seed's base; a dry run and the trace say so."""


@dataclass
class DriverConfig:
    """The language model behind an agent."""

    id: str = MISSING
    model: str | None = None
    endpoint: str | None = None


@dataclass
class ModeConfig:
    """What the agent is told about the method."""

    id: str = MISSING
    instruction: str = ""


@dataclass
class BudgetConfig:
    """Limits; null = none. Evaluation time counts against ``wall_s``."""

    wall_s: float | None = None
    submissions: int | None = None
    steps: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass
class SandboxConfig:
    """Where the agent runs, and the limits of each of its processes (``null``: the host's)."""

    _target_: str = MISSING
    kind: str = MISSING
    open_files: int | None = 4096
    memory_bytes: int | None = None
    """Address space; a process that maps large files needs more than it holds in memory."""
    file_bytes: int | None = None
    """Largest file."""
    processes: int | None = None
    """Linux counts all processes of the user."""


@dataclass
class GradingConfig:
    """How submissions are graded."""

    feedback: Feedback = Feedback.score
    baseline_replicates: int = 3
    """Scorings of the base before the agent starts; they differ in the evaluation seed alone."""
    evaluation_timeout_s: float = 600.0
    max_queue: int = 64
    keep: Keep = Keep.best
    ladder_eta: float = 0.01
    """Step of the Ladder (Blum & Hardt 2015), as a share of the scale."""
    memory_bytes: int | None = None
    network: bool = False
    """The grading child may use the network (a judge, an endpoint)."""
    env_passthrough: list[str] = field(default_factory=list)
    """Names of host variables the grading child gets (a judge's key)."""


@dataclass
class ServerConfig:
    """Where the grading API listens; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass
class RecorderConfig:
    """How often an observer looks."""

    process_interval_s: float = 0.2
    watch_interval_s: float = 2.0
    resource_interval_s: float = 10.0


@dataclass
class RetryConfig:
    """Which ended runs are started again. A final status is an outcome; rerunning it would be selection."""

    max: int = 2
    statuses: list[str] = field(default_factory=list)
    """Final statuses to rerun all the same (agent_failed, timed_out, completed); recorded as ``retry_of``."""


@dataclass
class RunConfig:
    """Everything that decides a run."""

    agent: AgentConfig = field(default_factory=AgentConfig)
    task: dict[str, Any] = field(default_factory=dict)
    base_model: BaseModelConfig = field(default_factory=BaseModelConfig)
    driver: DriverConfig = field(default_factory=DriverConfig)
    mode: ModeConfig = field(default_factory=ModeConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)
    grading: GradingConfig = field(default_factory=GradingConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    recorder: RecorderConfig = field(default_factory=RecorderConfig)
    retry: RetryConfig = field(default_factory=RetryConfig)
    seed: int = 0
    out: str = "outputs"
    experiment: str = "default"


ConfigStore.instance().store(name="run_schema", node=RunConfig)
