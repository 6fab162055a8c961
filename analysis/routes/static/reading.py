"""What a launched command is, and what its source says that it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from posttrace.analysis.routes.route import Evidence, Objective

IOKind = Literal["read", "write", "copy", "merge"]


@dataclass(frozen=True)
class Command:
    """A process as it was launched."""

    argv: tuple[str, ...]
    cwd: str = ""
    """Relative to the workspace; "" is its root."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that the code may look up (MODEL_PATH, OUTPUT_DIR, WORKSPACE, ...); their paths are absolute
    or relative to the workspace, and one below WORKSPACE counts as relative to it."""


@dataclass(frozen=True)
class Stage:
    """One objective that the command trains the weights on."""

    objective: Objective
    evidence: tuple[Evidence, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Those that were found of: ``rollout`` (none, text, env), ``data`` (given, self, self+filter, unknown),
    ``data_path`` (pattern of the files that the trained tokens come from, comma-separated), ``online`` (yes,
    no), ``variant`` (rloo, dr_grpo, clipped, ...), ``certain`` (``no``: under a condition that could not be
    decided)."""


@dataclass(frozen=True)
class CheckpointIO:
    """A model folder or weight file that the command reads, writes, copies or merges."""

    kind: IOKind
    path: str
    """Of what is read or written; the target of a copy or merge. Relative to the workspace where it lies
    below it (no leading ``./``), otherwise absolute; ``*`` stands for what could not be resolved, so that the
    whole is a pattern for ``fnmatch``."""
    evidence: tuple[Evidence, ...]
    sources: tuple[str, ...] = ()
    """Of a copy (one) or a merge (several): where the weights come from, patterns as ``path``."""
    begun: int | None = None
    """How many of the command's stages have begun when this line runs; null when that is not known."""


@dataclass(frozen=True)
class SampledFile:
    """A data file that the command writes with what it draws from a model."""

    path: str
    """Pattern, as that of ``CheckpointIO``."""
    models: tuple[str, ...]
    """Patterns of the models that it may be drawn from: those that the command reads."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Reading:
    """What the source of one command says, nothing of it executed."""

    stages: tuple[Stage, ...] = ()
    """In order of execution; empty when nothing is trained."""
    io: tuple[CheckpointIO, ...] = ()
    """In order of execution; a path below a model folder stands for the folder."""
    sampled: tuple[SampledFile, ...] = ()
    """Data for later commands that were drawn from a model."""
    entry: str | None = None
    """Path of the script or module that was launched; null for ``-c`` and for what is not found."""
    problems: tuple[str, ...] = ()
    """One line each: a syntax error in a file that was needed, an entry that is not there, ..."""
    reached: frozenset[str] = frozenset()
    """Files of the workspace that were needed: run, imported, or read as configuration."""
