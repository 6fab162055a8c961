"""Where a reader finds what evidence cites: cells of notebooks, files that scripts write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.analysis.routes.static.reading import Reading, Stage

_MOST_PLACES: Final = 4


def placed(workspace: Workspace, reading: Reading, begun: Sequence[int]) -> Reading:
    """The same reading, its evidence where the text stands that a person wrote.

    ``begun``: the step at which each stage begins, for the lines that start its program.
    """

    def moved(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(_moved(workspace, fact) for fact in evidence)

    stages = [_started(workspace, stage, at) for stage, at in zip(reading.stages, begun, strict=True)]
    return replace(
        reading,
        stages=tuple(replace(stage, evidence=moved(stage.evidence)) for stage in stages),
        io=tuple(replace(io, evidence=moved(io.evidence)) for io in reading.io),
        sampled=tuple(replace(file, evidence=moved(file.evidence)) for file in reading.sampled),
        reached=workspace.reached,
    )


def _started(workspace: Workspace, stage: Stage, at: int) -> Stage:
    """With the lines that start the program of a stage, before the line of the update."""
    commit = stage.evidence[0].commit if stage.evidence else None
    facts = tuple(
        Evidence("started", f"{start.program} is started here", start.path, start.line, commit)
        for start in workspace.started
        if start.first <= at <= start.last
    )
    return replace(stage, evidence=(*stage.evidence[:-1], *facts[-_MOST_PLACES:], *stage.evidence[-1:]))


def _moved(workspace: Workspace, fact: Evidence) -> Evidence:
    if fact.path is None or fact.line is None:
        return fact
    path, line, note = workspace.cite(fact.path, fact.line)
    return replace(fact, path=path, line=line, says=fact.says + note)
