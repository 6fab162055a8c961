"""Several listed files as one pipeline: what belongs to what, and in which order it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from posttrace.analysis.routes.static import CheckpointIO, Reading, Stage
from posttrace.analysis.routes.static.entries.entries import CONFIG, DOCUMENT, PYTHON

LAUNCHER = "launcher"
"""Rule of evidence that says only that something is launched."""


@dataclass(frozen=True)
class Part:
    """One listed file: its kind as ``entries.kind_of`` names it, and what it would do."""

    path: str
    kind: str | None
    reading: Reading

    @property
    def objectives(self) -> frozenset[str]:
        """What it trains."""
        return frozenset(stage.objective for stage in self.reading.stages)

    @property
    def launches_only(self) -> bool:
        """Whether all that is seen is that something is launched."""
        rules = {fact.rule for stage in self.reading.stages for fact in stage.evidence[:1]}
        return rules == {LAUNCHER}


def ordered(parts: Sequence[Part]) -> list[Part]:
    """The parts that stand for the pipeline, in the order in which they run."""
    kept = [replace(part, reading=_once(part)) if part.kind == DOCUMENT else part for part in parts]
    kept = _configured(_apart(_known(kept)))
    return _by_flow(kept)


def _known(parts: list[Part]) -> list[Part]:
    """Without launchers of something unknown, where it is known what is trained."""
    if any(part.reading.stages and not part.launches_only for part in parts):
        return [part for part in parts if not part.launches_only]
    return parts


def _once(part: Part) -> Reading:
    """Of a document, each objective once: examples repeat one another."""
    found: dict[str, Stage] = {}
    for stage in part.reading.stages:
        found.setdefault(stage.objective, stage)
    return replace(part.reading, stages=tuple(found.values()))


def _apart(parts: list[Part]) -> list[Part]:
    """Without the files that belong to another one of the list, which trains something with them.

    A program that a document explains how to start belongs to it; so does a module to what imports it. Where
    two reach each other, the one that is listed first stands for both.
    """
    kept = list(parts)
    for part in sorted(parts, key=lambda part: (bool(part.reading.stages), -parts.index(part))):
        others = [other for other in kept if other.path != part.path]
        if any(part.path in other.reading.reached and other.reading.stages for other in others):
            kept = others
    return kept


def _configured(parts: list[Part]) -> list[Part]:
    """Settings that fit what a listed program trains are the rounds of that program, where they stand."""
    programs = [part for part in parts if part.kind == PYTHON and part.reading.stages]
    owners: dict[str, Part] = {}
    for part in parts:
        fits = [p for p in programs if part.objectives and p.objectives == part.objectives]
        if part.kind == CONFIG and fits:
            owners[part.path] = fits[0]
    replaced = {owner.path for owner in owners.values()}
    kept = [part for part in parts if part.path not in replaced]
    return [_run_with(owners[p.path], p) if p.path in owners else p for p in kept]


def _run_with(program: Part, settings: Part) -> Part:
    """A program run with settings: its evidence, theirs, and the models that they name."""
    told = settings.reading.stages[0]
    stages = tuple(
        replace(
            stage,
            evidence=(*stage.evidence[:-1], *told.evidence[:-1], *stage.evidence[-1:]),
            attributes={**stage.attributes, **told.attributes},
        )
        for stage in program.reading.stages
    )
    io = settings.reading.io or program.reading.io
    return Part(settings.path, settings.kind, replace(program.reading, stages=stages, io=io))


# -- order -------------------------------------------------------------------------------------------------


def _by_flow(parts: list[Part]) -> list[Part]:
    """What reads a model that another part writes comes after it; else the order of the list."""
    pending, done = list(parts), list[Part]()
    while pending:
        free = [
            p for p in pending if not any(_feeds(o, p) and not _feeds(p, o) for o in pending if o is not p)
        ]
        chosen = (free or pending)[0]
        pending.remove(chosen)
        done.append(chosen)
    return done


def _feeds(earlier: Part, later: Part) -> bool:
    written = {io.path for io in earlier.reading.io if io.kind != "read" and _certain(io)}
    return any(
        io.path == path or io.path.startswith(path + "/")
        for io in later.reading.io
        if io.kind == "read" and _certain(io)
        for path in written
    )


def _certain(io: CheckpointIO) -> bool:
    return "*" not in io.path and io.path not in ("", ".")


def linked(parts: Sequence[Part]) -> bool:
    """Whether each part but one reads a model that another one writes."""
    fed = [any(_feeds(other, part) for other in parts if other is not part) for part in parts]
    return fed.count(False) <= 1
