"""Why a run has the routes that it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from posttrace.analysis.routes.classify import RunRoutes
from posttrace.analysis.routes.explanation import Edge, EdgeKind, Explanation, Node, NodeKind, Rejected
from posttrace.analysis.routes.lineage.commands import Commands, Look, Reader
from posttrace.analysis.routes.lineage.matching import MAKES, writers
from posttrace.analysis.routes.lineage.steps import Step
from posttrace.analysis.routes.lineage.ways import Ways
from posttrace.analysis.routes.record.folders import Folders
from posttrace.analysis.routes.record.history import History, Process
from posttrace.analysis.routes.record.models import BASE, Version
from posttrace.analysis.routes.record.recorded import read_history, with_code
from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static import read_command
from posttrace.analysis.runs.records import RunRecord


def explain(run: RunRecord, found: RunRoutes, *, read: Reader = read_command) -> Explanation:
    """Say how the routes ``found`` of a loaded run came about.

    Raises ``TraceError`` when its trace changed since it was loaded.
    """
    history, revisions = with_code(read_history(run))
    commands = Commands(history, revisions, read)
    ways = Ways(history, commands, Folders(history, revisions, Path(run.path).parent))
    return _Telling(history, commands, ways, found).told()


class _Telling:
    """Nodes and edges as they are met, submission by submission."""

    def __init__(self, history: History, commands: Commands, ways: Ways, found: RunRoutes) -> None:
        self._history, self._commands, self._ways, self._found = history, commands, ways, found
        self._nodes: dict[str, Node] = {}
        self._edges: dict[str, Edge] = {}
        self._used: set[tuple[str, ...]] = set()

    def told(self) -> Explanation:
        submissions, submitted = [], []
        for number, route in self._found.submissions.items():
            weights, path = self._history.submitted.get(number), self._found.models[number]
            key = f"submission {number}"
            submissions.append(Node(key, "submission", path, route.label, weights))
            last = self._model(weights) if weights else None
            if weights:
                self._follow(weights)
            fact = _last_fact(route.evidence, path)
            rule = fact[0].rule if fact else "same_folder"
            submitted.append(
                Edge((last,) if last else (), key, "submit", rule, tier=route.tier, evidence=fact)
            )
        return Explanation(
            run_id=self._history.run.run_id,
            nodes=(*self._nodes.values(), *submissions),
            edges=(*self._edges.values(), *submitted),
            aside=tuple(self._aside()),
            problem=self._found.problem,
        )

    def _model(self, weights: str) -> str:
        """Key of the node of some weights."""
        if weights in self._nodes:
            return self._nodes[weights].key
        versions = self._ways.lineage.of(weights)
        if weights == BASE:
            node = Node("base", "base", self._history.base_path, None, weights)
        elif not versions:
            node = Node(f"unknown {len(self._nodes)}", "unknown", "?", None, None)
        else:
            kind: NodeKind = "given" if versions[0].given else "model"
            paths = dict.fromkeys(version.path for version in versions)
            first, *also = paths
            key = f"model {len(self._nodes) + (BASE not in self._nodes)}"
            node = Node(key, kind, first, None, weights, versions[0].seen_s, tuple(also))
        self._nodes[weights] = node
        return node.key

    def _follow(self, weights: str) -> None:
        ways = self._ways.to(weights)
        for step in ways[0]:
            made = step.made or f"before {ways[0].index(step)} of {weights}"
            for parent in step.parents:
                self._model(parent)
            target = self._model(made)
            if made not in self._edges:
                other = [way[-1] for way in ways[1:] if way] if made == weights else []
                self._edges[made] = self._edge(step, made, target, other)
        for step in (step for way in ways for step in way):
            if step.making is not None:
                self._used.add(_identity(step.making.process))

    def _edge(self, step: Step, made: str, target: str, other: Sequence[Step]) -> Edge:
        making = step.making
        rule = step.evidence[0].rule if step.evidence else "unexplained"
        plain = Edge(
            sources=tuple(self._model(parent) for parent in step.parents),
            target=target,
            kind=_kind(step),
            rule=rule,
            stages=tuple(stage.objective for stage in step.stages),
            tier=step.tier,
            evidence=step.evidence,
            rejected=tuple(dict.fromkeys((*_alternatives(step, other), *self._rejected(step, made)))),
        )
        if making is None:
            return plain
        process = making.process
        return replace(
            plain,
            command=process.typed if making.seen else making.look.reading.entry,
            started_s=process.started_s if making.seen else None,
            ended_s=process.ended_s if making.seen and process.ended_s != float("inf") else None,
            revision=making.look.commit,
        )

    def _rejected(self, step: Step, made: str) -> Iterator[Rejected]:
        """Other commands that train, or write the same folder, and why they did not make this model."""
        versions = self._ways.lineage.of(made)
        chosen = step.making.process if step.making else None
        if not versions or versions[0].given:
            return
        for process in self._commands.working():
            looks = self._commands.looks(process)
            if process == chosen or not looks:
                continue
            why = _why_not(process, looks, versions[0])
            trains = any(look.reading.stages for look in looks)
            if why and (trains or any(writers(look.reading, versions[0].path) for look in looks)):
                yield Rejected(_named(process, looks), why)

    def _aside(self) -> Iterator[Rejected]:
        for process in self._commands.training():
            if _identity(process) in self._used:
                continue
            why = "no model of it was submitted"
            if process.failed:
                why = f"it ended with exit code {process.exit_code}, and {why}"
            yield Rejected(_named(process, self._commands.looks(process)), why)
        looks = [look for p in self._commands.ran for look in self._commands.looks(p)]
        used = {path for look in looks for path in _files(look)}
        at_s = max((revision.t_s for revision in self._history.revisions), default=0.0)
        for _, look in self._commands.present(at_s):
            if look.reading.stages and look.reading.entry not in used:
                trains = ">".join(dict.fromkeys(stage.objective for stage in look.reading.stages))
                yield Rejected(f"{look.reading.entry} ({trains})", "it was there and was not seen to run")


def _files(look: Look) -> Iterator[str | None]:
    """Files that what a command does is written in."""
    yield look.reading.entry
    evidence = [*(stage.evidence for stage in look.reading.stages), *(io.evidence for io in look.reading.io)]
    yield from (fact.path for facts in evidence for fact in facts)


def _kind(step: Step) -> EdgeKind:
    making = step.making
    if making is None:
        return "unexplained"
    if making.io is not None and making.io.kind in ("copy", "merge"):
        return "merge" if making.io.kind == "merge" else "copy"
    return "train" if step.stages else "write"


def _alternatives(step: Step, other: Iterable[Step]) -> Iterator[Rejected]:
    """What the evidence leaves open beside this step."""
    for option in other:
        stages = ">".join(stage.objective for stage in option.stages) or "no training"
        if option.making is not None and option.stages != step.stages:
            yield Rejected(f"{option.making.process.typed} ({stages})", "possible as well: nothing decides")
    for name in step.candidates:
        yield Rejected(name, "possible as well: nothing decides")


def _why_not(process: Process, looks: Sequence[Look], version: Version) -> str:
    low_s, high_s = version.window
    if not process.ran_in(low_s, high_s):
        when = f"at {high_s:.1f} s" if low_s == high_s else f"between {low_s:.1f} and {high_s:.1f} s"
        return f"it did not run when {version.path} was written, {when}"
    if not any(writers(look.reading, version.path) for look in looks):
        written = sorted({io.path for look in looks for io in look.reading.io if io.kind in MAKES})
        return f"its code writes {' and '.join(written[:3]) or 'no model'}, not {version.path}"
    if process.failed:
        return (
            f"it ended with exit code {process.exit_code} after {process.ended_s - process.started_s:.1f} s"
        )
    return "another command that fits better wrote this folder"


def _named(process: Process, looks: Sequence[Look]) -> str:
    trains = dict.fromkeys(stage.objective for look in looks for stage in look.reading.stages)
    ended = "" if process.ended_s == float("inf") else f"{process.ended_s:.1f}"
    said = f"{process.typed}, {process.started_s:.1f} to {ended or 'the end'} s"
    return f"{said} ({'>'.join(trains)})" if trains else said


def _identity(process: Process) -> tuple[str, ...]:
    """The ranks of one training are one; the same command line later is another."""
    return (*process.argv, str(process.ppid), f"{process.started_s:.0f}")


def _last_fact(evidence: Sequence[Evidence], path: str) -> tuple[Evidence, ...]:
    """What connects a submission to its model: a copy, or that nothing is known of its content."""
    return tuple(
        f for f in evidence[-1:] if f.rule in ("copy", "base_copy", "not_recorded") and f.path == path
    )
