"""The route that code describes, without a trace: files in the order in which they would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from posttrace.analysis.routes.route import AUXILIARY, UNKNOWN, Evidence, Route
from posttrace.analysis.routes.static import Command, Reading, Stage, read_command

_INTERNAL: Final = frozenset({"data_path", "certain"})


def source_route(files: Mapping[str, bytes], order: Sequence[str], *, commit: str | None = None) -> Route:
    """The route of the programs ``order`` of the workspace ``files``, run one after the other.

    ``files``: path -> content, paths relative to one root. A scorer alone is labelled ``reward_model``;
    beside a policy's training it is auxiliary. Tier C: nothing was seen to run.
    """
    readings = [read_command(files, Command(("python", path)), commit=commit) for path in order]
    stages = [stage for reading in readings for stage in reading.stages]
    policy = [stage for stage in stages if stage.objective != AUXILIARY] or stages[:1]
    names = tuple(name for name, _ in groupby(stage.objective for stage in policy))
    evidence = tuple(fact for stage in policy for fact in stage.evidence)
    if UNKNOWN in names:
        return Route(names, None, evidence)
    attributes = _attributes(policy)
    return Route(names, "C", evidence or _problems(readings), attributes)


def _attributes(stages: Sequence[Stage]) -> dict[str, str]:
    return {
        name: value
        for stage in stages
        for name, value in stage.attributes.items()
        if name not in _INTERNAL
    }


def _problems(readings: Sequence[Reading]) -> tuple[Evidence, ...]:
    return tuple(Evidence("unread", problem) for reading in readings for problem in reading.problems)
