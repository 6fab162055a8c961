"""The route of each submission of a run, and what the run tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from posttrace.analysis.routes.garbage import uncollected
from posttrace.analysis.routes.lineage.commands import Commands, Reader
from posttrace.analysis.routes.lineage.steps import Step
from posttrace.analysis.routes.lineage.ways import Way, Ways
from posttrace.analysis.routes.record.folders import Folders
from posttrace.analysis.routes.record.history import History
from posttrace.analysis.routes.record.models import BASE
from posttrace.analysis.routes.record.recorded import read_history, with_code
from posttrace.analysis.routes.route import NO_TRAIN, STEP, UNKNOWN, Evidence, Route, Tier
from posttrace.analysis.routes.static import Stage
from posttrace.analysis.runs.records import RunRecord, Submission

UNFINISHED: Final = "the trace has no run.finished: it goes on, or was cut off; later commands are not in it"
MOST_ROUNDS: Final = 4
"""Of more rounds of one objective the evidence of the last and the first is kept."""
_INTERNAL: Final = frozenset({"data_path", "certain", "candidates"})
"""Attributes that lineage needs and a reader does not."""
_TIERS: Final[Sequence[Tier]] = ("A", "B", "C", "D")


@dataclass(frozen=True)
class RunRoutes:
    """The routes of one run."""

    attempted: tuple[str, ...]
    """Objectives whose training was seen to run, in order of their start, submitted or not."""
    submitted: Route | None
    """Of the best graded submission; null when there is none."""
    submission_id: int | None
    """That submission."""
    submissions: Mapping[int, Route]
    """Of every submission, by its number."""
    models: Mapping[int, str]
    """The folder that each submission named, relative to the workspace where it lies below it."""
    problem: str | None = None
    """Why less is known than could be: the code could not be read, the run goes on; null when nothing is."""


@uncollected()
def run_routes(run: RunRecord, read: Reader) -> RunRoutes:
    """Derive the routes of one loaded run; ``read`` says what the code of a command does.

    Raises ``TraceError`` when its trace changed since it was loaded.
    """
    history, revisions = with_code(read_history(run))
    commands = Commands(history, revisions, read)
    ways = Ways(history, commands, Folders(history, revisions, Path(run.path).parent))
    found = {item.submission_id: _submitted(history, ways, item) for item in run.submissions}
    best = run.best.submission_id if run.best is not None else None
    return RunRoutes(
        attempted=ways.tried(),
        submitted=None if best is None else found[best],
        submission_id=best,
        submissions=found,
        models={item.submission_id: history.relative(item.path) for item in run.submissions},
        problem="; ".join(filter(None, (commands.problem, None if history.finished else UNFINISHED))) or None,
    )


def route_of(ways: Sequence[Way]) -> Route:
    """The route that all ways agree on; ``unknown`` with their labels where they do not."""
    labels = tuple(dict.fromkeys(label for way in ways for label in _labels(way)))
    way = ways[0]
    tiers = {step.tier for step in way}
    evidence = tuple(fact for step in _shown(way) for fact in step.evidence)
    if len(labels) > 1 or None in tiers:
        candidates = tuple(label for label in labels if UNKNOWN not in label.split(STEP))
        stages = tuple(name for name, _ in _collapsed(way)) if len(ways) == 1 else (UNKNOWN,)
        stages = stages if UNKNOWN in stages else (UNKNOWN,)
        return Route(stages, None, evidence, candidates=candidates)
    weakest = max((_TIERS.index(step.tier) for step in way if step.tier), default=0)
    return Route(tuple(name for name, _ in _collapsed(way)), _TIERS[weakest], evidence, _attributes(way))


def _submitted(history: History, ways: Ways, item: Submission) -> Route:
    path = history.relative(item.path)
    weights = history.submitted.get(item.submission_id)
    if weights is None:
        says = f"{item.status}: {item.reason or 'no content was recorded'}"
        return Route((UNKNOWN,), None, (Evidence("not_recorded", says, path),))
    if weights == BASE:
        says = "the weights are those of the base model, byte for byte"
        return Route((), "A", (Evidence("base_copy", says, path),))
    route = route_of(ways.to(weights))
    first = history.of(weights)[0]
    if first.path == path:
        return route
    says = f"the weights are those of {first.path}, seen at {first.seen_s:.1f} s"
    evidence = (*route.evidence, Evidence("copy", says, path))
    return Route(route.stages, route.tier, evidence, route.attributes, route.candidates)


def _shown(way: Way) -> list[Step]:
    """The steps whose evidence is kept, the nearest first: of many rounds alike the last and the first."""
    rounds = [list(alike) for _, alike in groupby(reversed(way), key=_objectives)]
    return [
        step for alike in rounds for step in (alike if len(alike) <= MOST_ROUNDS else (alike[0], alike[-1]))
    ]


def _objectives(step: Step) -> tuple[str, ...]:
    return tuple(stage.objective for stage in step.stages)


def _labels(way: Way) -> Iterable[str]:
    """The label of a way, an unknown stage replaced by each of its candidates."""
    whole = tuple(name for name, _ in _collapsed(way))
    options = [name for step in way for name in step.candidates] if UNKNOWN in whole else []
    for name in options or [UNKNOWN]:
        names = [name if stage == UNKNOWN else stage for stage in whole]
        yield STEP.join(stage for stage, _ in groupby(names)) or NO_TRAIN


def _collapsed(way: Way) -> list[tuple[str, list[Stage]]]:
    """The objectives of a way in order, equal neighbours together."""
    stages: list[Stage] = []
    for step in way:
        again = step.resumed and stages and stages[-1].objective == step.stages[0].objective
        stages = [*(stages[:-1] if again else stages), *step.stages]
    return [(name, list(same)) for name, same in groupby(stages, key=lambda stage: stage.objective)]


def _attributes(way: Way) -> dict[str, str]:
    """Attributes of the stages, one value a stage in the order of the route where they differ."""
    groups = [stages for _, stages in _collapsed(way)]
    all_names = (name for stages in groups for stage in stages for name in stage.attributes)
    names = [name for name in dict.fromkeys(all_names) if name not in _INTERNAL]
    found = {name: _values([stages[-1].attributes.get(name, "") for stages in groups]) for name in names}
    if any(len(stages) > 1 for stages in groups):
        found.setdefault("rounds", STEP.join(str(len(stages)) for stages in groups))
    found |= {name: value for step in way for name, value in step.attributes.items()}
    return found | ({"resumed": "yes"} if any(step.resumed for step in way) else {})


def _values(values: Sequence[str]) -> str:
    return values[0] if len(set(values)) == 1 else STEP.join(value or "-" for value in values)
