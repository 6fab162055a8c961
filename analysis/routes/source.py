"""The route that code describes, without a trace: files in the order in which they would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from posttrace.analysis.routes.route import AUXILIARY, UNKNOWN, Evidence, Route
from posttrace.analysis.routes.static import Reading, Stage
from posttrace.analysis.routes.static.entries import DOCUMENTS, read_entry

_INTERNAL: Final = frozenset({"data_path", "certain", "candidates"})


def source_route(files: Mapping[str, bytes], order: Sequence[str], *, commit: str | None = None) -> Route:
    """The route of the programs ``order`` of the workspace ``files``, run one after the other.

    ``files``: path -> content, paths relative to one root. ``order``: scripts, modules, notebooks, shell
    scripts, Makefiles, configurations, read-me files. A file that another one of them starts or imports is
    part of that one. A scorer alone is labelled ``reward_model``; beside a policy's training it is auxiliary.
    Tier C: nothing was seen to run; D: only a document says what would be run.
    """
    readings = _apart([(path, read_entry(files, path, commit=commit)) for path in order])
    stages = [stage for _, reading in readings for stage in reading.stages]
    policy = [stage for stage in stages if stage.objective != AUXILIARY] or stages[:1]
    names = tuple(name for name, _ in groupby(stage.objective for stage in policy))
    evidence = tuple(fact for stage in policy for fact in stage.evidence)
    if UNKNOWN in names:
        return Route(names, None, evidence, candidates=_candidates(policy))
    told = [path for path, reading in readings if reading.stages]
    tier = "D" if told and all(path.endswith(DOCUMENTS) for path in told) else "C"
    problems = _problems([reading for _, reading in readings])
    return Route(names, "C" if tier == "C" else "D", evidence or problems, _attributes(policy))


def _apart(readings: Sequence[tuple[str, Reading]]) -> list[tuple[str, Reading]]:
    """Without the files that belong to another one of the list, which trains something with them."""
    kept = list(readings)
    for path, _ in sorted(readings, key=lambda pair: bool(pair[1].stages)):
        others = [other for other in kept if other[0] != path]
        if any(path in other.reached and other.stages for _, other in others):
            kept = others
    return kept


def _candidates(stages: Sequence[Stage]) -> tuple[str, ...]:
    found = [name for stage in stages for name in stage.attributes.get("candidates", "").split(",") if name]
    return tuple(dict.fromkeys(found))


def _attributes(stages: Sequence[Stage]) -> dict[str, str]:
    return {
        name: value for stage in stages for name, value in stage.attributes.items() if name not in _INTERNAL
    }


def _problems(readings: Sequence[Reading]) -> tuple[Evidence, ...]:
    return tuple(Evidence("unread", problem) for reading in readings for problem in reading.problems)
