"""Where a reader finds what evidence cites: cells of notebooks, files that scripts write."""

from __future__ import annotations

from dataclasses import replace

from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static.reading import Reading
from posttrace.analysis.routes.static.workspace import Workspace


def placed(workspace: Workspace, reading: Reading) -> Reading:
    """The same reading, its evidence where the text stands that a person wrote."""

    def moved(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(_moved(workspace, fact) for fact in evidence)

    return replace(
        reading,
        stages=tuple(replace(stage, evidence=moved(stage.evidence)) for stage in reading.stages),
        io=tuple(replace(io, evidence=moved(io.evidence)) for io in reading.io),
        sampled=tuple(replace(file, evidence=moved(file.evidence)) for file in reading.sampled),
        reached=workspace.reached,
    )


def _moved(workspace: Workspace, fact: Evidence) -> Evidence:
    if fact.path is None or fact.line is None:
        return fact
    path, line, note = workspace.cite(fact.path, fact.line)
    return replace(fact, path=path, line=line, says=fact.says + note)
