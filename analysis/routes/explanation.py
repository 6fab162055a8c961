"""The lineage of a run as a graph: models, the commands between them, and what was turned down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from posttrace.analysis.routes.route import Evidence

SCHEMA: Final = "posttrace-explanation/1"
NodeKind = Literal["base", "given", "model", "submission", "unknown"]
EdgeKind = Literal["train", "write", "copy", "merge", "submit", "unexplained"]


@dataclass(frozen=True)
class Node:
    """A model, or a submission of one."""

    key: str
    kind: NodeKind
    path: str
    """Folder where it was seen first."""
    route: str | None = None
    """Of a submission."""
    weights: str | None = None
    """SHA-256 of the weights, or what stands for it."""
    seen_s: float | None = None
    also: tuple[str, ...] = ()
    """Other folders with the same weights."""


@dataclass(frozen=True)
class Rejected:
    """Something that might have been, and why it was not."""

    what: str
    why: str


@dataclass(frozen=True)
class Edge:
    """What was done to get from some models to another."""

    sources: tuple[str, ...]
    """Keys of nodes; empty when they are not known."""
    target: str
    kind: EdgeKind
    rule: str
    """That decided: of the first evidence."""
    command: str | None = None
    started_s: float | None = None
    ended_s: float | None = None
    """Null while nobody saw its end."""
    revision: str | None = None
    stages: tuple[str, ...] = ()
    tier: str | None = None
    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """The lineage of the submissions of one run."""

    run_id: str
    nodes: tuple[Node, ...]
    """Bases and models in order of their making, then submissions."""
    edges: tuple[Edge, ...]
    """One for each node but bases: where several ways are possible the first, the others in ``rejected``."""
    aside: tuple[Rejected, ...]
    """Trainings that ran, and scripts that train, on the way to no submission."""
    problem: str | None

    def to_json(self) -> dict[str, Any]:
        """``posttrace-explanation/1``: plain JSON."""
        edges = []
        for edge in self.edges:
            facts = [{**asdict(fact), "where": fact.where} for fact in edge.evidence]
            edges.append({**asdict(edge), "evidence": facts})
        plain = {"nodes": [asdict(node) for node in self.nodes], "edges": edges}
        aside = [asdict(item) for item in self.aside]
        return {"schema": SCHEMA, "run_id": self.run_id, **plain, "aside": aside, "problem": self.problem}
