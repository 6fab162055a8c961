"""The route that code describes, without a trace: files in the order in which they would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from posttrace.analysis.routes.route import AUXILIARY, UNKNOWN, Evidence, Route
from posttrace.analysis.routes.source.pipelines import Part, ordered
from posttrace.analysis.routes.static import Stage
from posttrace.analysis.routes.static.entries.entries import DOCUMENT, kind_of, read_entry
from posttrace.analysis.routes.static.entries.notebooks import IDLE
from posttrace.analysis.routes.static.entries.workspace import NOTEBOOK

_REST: Final = "the statements that can be parsed are read"
_INTERNAL: Final = frozenset({"data_path", "certain", "candidates"})
MOST_DOCUMENTED: Final = 3
"""A document that shows how to train on more objectives than these shows choices, and no pipeline."""


def source_route(files: Mapping[str, bytes], order: Sequence[str], *, commit: str | None = None) -> Route:
    """The route of the programs ``order`` of the workspace ``files``, run one after the other.

    ``files``: path -> content, paths relative to one root. ``order``: scripts, modules, notebooks, shell
    scripts, Makefiles, configurations, read-me files. A file that another one of them starts or imports is
    part of that one, settings are part of the program that they fit, and what reads a model that another one
    writes comes after it. A scorer alone is labelled ``reward_model``; beside a policy's training it is
    auxiliary. Tier C: nothing was seen to run; D: only a document says what would be run.
    """
    parts = [Part(path, kind_of(files, path), read_entry(files, path, commit=commit)) for path in order]
    return route_of(ordered(parts))


def route_of(parts: Sequence[Part]) -> Route:
    """The route of the parts of a pipeline."""
    stages = [stage for part in parts for stage in part.reading.stages]
    policy = [stage for stage in stages if stage.objective != AUXILIARY] or stages[:1]
    names = tuple(name for name, _ in groupby(stage.objective for stage in policy))
    evidence = tuple(dict.fromkeys(fact for stage in policy for fact in stage.evidence))
    trained = [part for part in parts if part.reading.stages]
    documented = bool(trained) and all(part.kind == DOCUMENT for part in trained)
    if UNKNOWN in names:
        return Route(names, None, evidence, candidates=_candidates(policy))
    if documented and len(set(names)) > MOST_DOCUMENTED:
        return Route((UNKNOWN,), None, evidence, candidates=tuple(dict.fromkeys(names)))
    return Route(names, "D" if documented else "C", evidence or _problems(parts), _attributes(policy))


def _candidates(stages: Sequence[Stage]) -> tuple[str, ...]:
    found = [name for stage in stages for name in stage.attributes.get("candidates", "").split(",") if name]
    return tuple(dict.fromkeys(found))


def _attributes(stages: Sequence[Stage]) -> dict[str, str]:
    return {
        name: value for stage in stages for name, value in stage.attributes.items() if name not in _INTERNAL
    }


def _problems(parts: Sequence[Part]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence("unread" if _own(part.path, problem) else "unread-elsewhere", problem)
        for part in parts
        for problem in part.reading.problems
    )


def _own(path: str, problem: str) -> bool:
    """Whether a part cannot be read of a program itself; of a file it imports much may be left unread."""
    named = problem.split(":", 1)[0]
    if named == path:
        return not problem.endswith(IDLE) and not (path.endswith(NOTEBOOK) and _REST in problem)
    return not named.endswith(".py") or _REST not in problem
