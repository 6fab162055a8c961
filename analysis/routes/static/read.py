"""The reading of one command: run its source on abstract values, then ask what was trained, read, written."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence

from posttrace.analysis.routes.garbage import uncollected
from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static import api, checkpoints
from posttrace.analysis.routes.static import files as files_of
from posttrace.analysis.routes.static.entries import launch, launched
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.analysis.routes.static.graph import SMOOTH, Role, Slice
from posttrace.analysis.routes.static.losses import losses, objective, trained, training
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.machine.machine import Machine
from posttrace.analysis.routes.static.machine.values import Exhausted, Halted, Value, Where
from posttrace.analysis.routes.static.places import placed
from posttrace.analysis.routes.static.reading import CheckpointIO, Command, Reading, SampledFile, Stage


def read_command(files: Mapping[str, bytes], command: Command, *, commit: str | None = None) -> Reading:
    """What the source of ``command`` says that it does.

    ``files`` is one revision, by workspace-relative path; ``commit`` goes into the evidence. Source that
    cannot be read, or not in full, is a line in ``problems``, never an error.
    """
    machine = Machine(Workspace(files, command.env.get("WORKSPACE")))
    return read(machine, lambda m: launch.launch(m, command.argv, command.cwd, command.env), commit)


def read(machine: Machine, run: Callable[[Machine], str | None], commit: str | None = None) -> Reading:
    """What is trained, read and written when ``run`` has the machine run a program, whose path it returns."""
    with uncollected():
        return _read(machine, run, commit)


def _read(machine: Machine, run: Callable[[Machine], str | None], commit: str | None) -> Reading:
    problems = machine.workspace.problems
    entry = None
    try:
        entry = run(machine)
    except Halted:
        pass
    except Exhausted:
        problems.append("the program is too long to be followed to its end; what is said covers a part of it")
    except RecursionError:
        problems.append("the program is nested too deeply to be followed to its end")
    try:
        files_of.link(machine)
        accesses = _accesses(machine)
        models = {access.path for access in accesses if access.kind == "read"}
        stages, begun = _stages(machine, models, commit)
        io = _io(accesses, begun, commit)
        sampled = _sampled(machine, sorted(models), commit)
    except RecursionError:
        problems.append("the data flow is nested too deeply to be followed")
        stages, begun, io, sampled = [], [], [], []
    found = Reading(tuple(stages), tuple(io), tuple(sampled), entry, tuple(dict.fromkeys(problems)))
    return placed(machine.workspace, found, begun)


def _evidence(rule: str, says: str, where: Where, commit: str | None) -> Evidence:
    return Evidence(rule, says, where.path or None, where.line, commit)


# -- stages ------------------------------------------------------------------------------------------------


def _stages(machine: Machine, models: Collection[str], commit: str | None) -> tuple[list[Stage], list[int]]:
    """Stages in order, and the number of the step of execution at which each begins."""
    groups: dict[tuple[str, int], list[tuple[Descent, objective.Finding]]] = {}
    for descent, finding in _found(machine):
        outer = descent.where.loops[0] if descent.where.loops else descent.where.seq
        groups.setdefault((finding.objective, outer), []).append((descent, finding))
    if not groups:
        return _hidden(machine, commit)
    stages, begun = [], []
    for members in groups.values():
        stages.append(_stage(machine, members, models, commit))
        begun.append(members[0][0].where.seq)
    return stages, begun


def _found(machine: Machine) -> list[tuple[Descent, objective.Finding]]:
    """All that is descended, by losses in sight and by libraries, in order of execution."""
    seen = losses.named(objective.findings(training.descents(machine)))
    told = [*trained.findings(machine), *launched.findings(machine)]
    return sorted(trained.beside([*seen, *told]), key=lambda found: found[0].where.seq)


def _stage(
    machine: Machine,
    members: Sequence[tuple[Descent, objective.Finding]],
    models: Collection[str],
    commit: str | None,
) -> Stage:
    descent, finding = members[-1]
    evidence = [_evidence("update", "the weights are changed here", descent.where, commit)]
    for rule, says, node in finding.reasons:
        if node is not None:
            evidence.insert(len(evidence) - 1, _evidence(rule, says, node.where, commit))
    attributes = {k: v for k, v in finding.attributes.items() if v}
    if any(_setting(guard.test) for guard in descent.where.guards):
        attributes["certain"] = "no"
    if finding.files:
        read = {machine.workspace.relative(path, machine.cwd): node for path, node in finding.files}
        data = {path: node for path, node in read.items() if posixpath.dirname(path) not in models}
        attributes["data_path"] = ",".join(data)
        if attributes.get("data") == "given" and data:
            path, node = next(iter(data.items()))
            says = f"tokens read from {path}"
            evidence.insert(len(evidence) - 1, _evidence("given-tokens", says, node.where, commit))
    return Stage(finding.objective, tuple(evidence), attributes)


def _hidden(machine: Machine, commit: str | None) -> tuple[list[Stage], list[int]]:
    calls = trained.hidden(machine)
    if not calls:
        return [], []
    says = f"training starts in code that is not in this revision: {_maker(calls[0])}"
    evidence = _evidence("hidden", says, calls[0].where, commit)
    return [Stage("unknown", (evidence,))], [calls[0].where.seq]


def _maker(call: Value) -> str:
    made_by = next((node.name for node in Slice([call.args[0]], SMOOTH) if node.op == "call"), "an object")
    return f"{made_by}(...).{call.name}"


_SETTINGS = api.names("os.environ json.load yaml.safe_load yaml.load tomllib.load builtins.input")


def _setting(test: Value) -> bool:
    """Whether a condition depends on a setting that was not recorded, rather than on data."""
    nodes = list(Slice([test]))
    return any(node.name in _SETTINGS for node in nodes) and not any(node.op == "elem" for node in nodes)


# -- checkpoints -------------------------------------------------------------------------------------------


def _accesses(machine: Machine) -> list[checkpoints.Access]:
    changed = {id(update.delta) for update in machine.updates}

    def gradient(node: Value, role: Role, source: Value) -> bool:
        return id(source) in changed

    found = [*checkpoints.accesses(machine, gradient), *trained.accesses(machine)]
    found += launched.accesses(machine)
    return sorted(found, key=lambda access: access.call.where.seq)


def _io(
    accesses: Sequence[checkpoints.Access], begun: Sequence[int], commit: str | None
) -> list[CheckpointIO]:
    words = {"read": "read", "write": "written", "copy": "copied", "merge": "merged"}
    found: dict[tuple[object, ...], CheckpointIO] = {}
    for access in accesses:
        where = access.call.where
        evidence = _evidence(access.kind, f"a model is {words[access.kind]} here", where, commit)
        count = sum(start < where.seq for start in begun)
        key = (access.kind, access.path, access.sources, count)
        found.setdefault(key, CheckpointIO(access.kind, access.path, (evidence,), access.sources, count))
    return list(found.values())


def _sampled(machine: Machine, models: Sequence[str], commit: str | None) -> list[SampledFile]:
    found = []
    for entry, draw in files_of.drawn(machine):
        evidence = (
            _evidence("drawn", "tokens are drawn from a model here", draw.where, commit),
            _evidence("written", "and written here", entry.call.where, commit),
        )
        path = machine.workspace.relative(entry.path, machine.cwd)
        found.append(SampledFile(path, tuple(models), evidence))
    return found
