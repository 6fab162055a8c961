"""Later evaluations of kept checkpoints, beside the trace and anchored to it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.grading.evaluation import Evaluation, Grader
from posttrace.runner.grading.seeds import rescore_seed
from posttrace.runner.grading.settings import GradingSettings, Keep
from posttrace.runner.layout import RunDir
from posttrace.traces.errors import GradingError, InputError
from posttrace.traces.events import (
    BaselineEvaluated,
    RescoreStarted,
    RunStarted,
    Split,
    SubmissionGraded,
    SubmissionRescored,
)
from posttrace.traces.find import TRACE_NAME, find_traces
from posttrace.traces.reader import TraceReader, read_events
from posttrace.traces.writer import TraceWriter

Which = int | Literal["best", "baseline"]
Whose = int | Literal["baseline"]


@dataclass
class _Parent:
    """What the run's trace says, as far as a rescoring needs it."""

    started: RunStarted
    head: str
    graded: dict[int, SubmissionGraded] = field(default_factory=dict)
    replicates: dict[tuple[Whose, Split], int] = field(default_factory=dict)
    """First replicate number that is not taken."""


def rescore(run_root: Path, submission: Which, replicates: int, split: Split) -> Path:
    """Evaluate a kept checkpoint again and return the new ``rescore-<n>.jsonl``.

    The task is rebuilt from the configuration in the trace. Raises ``InputError`` when there is nothing to
    evaluate or the kept files have changed, ``GradingError`` when an evaluation gives no score (what was
    scored before it stays in the file).
    """
    if replicates < 1:
        raise InputError(f"replicates must be 1 or more, not {replicates}")
    run = RunDir(_one_run(run_root))
    parent = _read_parent(run)
    whose, sha256 = _choose(parent, submission)
    _check_kept(run, parent, whose, sha256)
    path = _next_path(run)
    with TraceWriter(path) as writer, _scratch(run):
        writer.write(RescoreStarted(run_id=parent.started.run_id, parent_head=parent.head))
        grader = Grader(parent.started.config["task"], run, _settings(parent.started.config))
        first = parent.replicates.get((whose, split), 0)
        for replicate in range(first, first + replicates):
            seed = rescore_seed(parent.head, whose, replicate, split)
            name = f"{path.stem}-{whose}-{split}-{replicate}"
            writer.write(
                _evaluate(grader, Evaluation(run.artifact(sha256), split, seed, name), whose, replicate)
            )
    return path


def _one_run(path: Path) -> Path:
    """The directory of the one run that ``path`` means: it, its trace, or a directory above."""
    found = find_traces([path])
    if len(found) > 1:
        raise InputError(f"{path} holds {len(found)} runs: name one, like {found[0].parent}")
    if found[0].name != TRACE_NAME:
        raise InputError(f"{path} is no run: name a directory attempt-<n>, or its {TRACE_NAME}")
    return found[0].parent


def _read_parent(run: RunDir) -> _Parent:
    reader = TraceReader(run.trace, (RunStarted, BaselineEvaluated, SubmissionGraded, SubmissionRescored))
    parent: _Parent | None = None
    for event in reader:
        if isinstance(event, RunStarted):
            parent = _Parent(event, "")
        elif parent is not None:
            _note(parent, event)
    if parent is None:
        raise InputError(f"{run.trace} has no run.started, so its task is not known")
    parent.head = reader.head
    for earlier in sorted(run.root.glob("rescore-*.jsonl")):
        for event in read_events(earlier, (SubmissionRescored,)):
            _note(parent, event)
    return parent


def _note(parent: _Parent, event: object) -> None:
    if isinstance(event, SubmissionGraded):
        parent.graded[event.submission_id] = event
    elif isinstance(event, BaselineEvaluated | SubmissionRescored):
        whose: Whose = "baseline" if isinstance(event, BaselineEvaluated) else event.submission_id
        key = (whose, event.split)
        parent.replicates[key] = max(parent.replicates.get(key, 0), event.replicate + 1)


def _choose(parent: _Parent, submission: Which) -> tuple[Whose, str]:
    """Submission and content hash to evaluate."""
    if submission == "baseline":
        if parent.started.base_model.sha256 is None:
            raise InputError("the trace does not say which base model was used")
        return "baseline", parent.started.base_model.sha256
    scored = {n: e for n, e in parent.graded.items() if e.status == "graded" and e.score is not None}
    if submission == "best":
        if not scored:
            raise InputError("no submission has a score, so there is no best one; try --submission baseline")
        number = _best(parent, scored)
    else:
        number = submission
    event = parent.graded.get(number)
    if event is None or event.artifact is None:
        known = ", ".join(map(str, sorted(scored))) or "none"
        raise InputError(f"submission {number} has no checkpoint; submissions with a score: {known}")
    return number, event.artifact.sha256


def _check_kept(run: RunDir, parent: _Parent, whose: Whose, sha256: str) -> None:
    name = "the baseline" if whose == "baseline" else f"submission {whose}"
    place = run.artifact(sha256)
    if not place.is_dir():
        keep = _settings(parent.started.config).keep
        if sha256 in _kept(parent, keep):
            raise InputError(
                f"the checkpoint of {name} was kept (grading.keep={keep}) and is gone: "
                f"{place} was deleted or moved; restore it from a copy"
            )
        what = {"best": "keeps only the best and the base", "all": "keeps what has a score"}
        raise InputError(
            f"the checkpoint of {name} was not kept: grading.keep={keep} {what.get(keep, 'keeps nothing')}; "
            "run with grading.keep=all to keep every one that has a score"
        )
    found, _ = hash_directory(place)
    if found.sha256 != sha256:
        raise InputError(
            f"{place} has changed: its hash is {found.sha256[:12]}... now; restore it from a copy"
        )


def _kept(parent: _Parent, keep: Keep) -> set[str | None]:
    """Content hashes that the policy keeps, as the trace tells them; nothing was kept of an imported run."""
    if keep == "none" or parent.started.recorder.kind == "import":
        return set()
    scored = {n for n, e in parent.graded.items() if e.status == "graded" and e.score is not None}
    if keep == "best" and scored:
        scored = {_best(parent, scored)}
    artifacts = (parent.graded[n].artifact for n in scored)
    return {parent.started.base_model.sha256, *(a.sha256 for a in artifacts if a is not None)}


def _base(parent: _Parent) -> str | None:
    return parent.started.base_model.sha256


def _best(parent: _Parent, scored: Collection[int]) -> int:
    """Of what is no copy of the base, if there is any: no gain is claimed for a copy."""
    own = [n for n in scored if (a := parent.graded[n].artifact) and a.sha256 != _base(parent)]
    sign = 1 if parent.started.task.higher_is_better else -1
    return max(own or scored, key=lambda n: (sign * (parent.graded[n].score or 0.0), -n))


def _next_path(run: RunDir) -> Path:
    n = 1
    while run.rescore(n).exists():
        n += 1
    return run.rescore(n)


def _settings(config: dict[str, Any]) -> GradingSettings:
    known = {f.name for f in fields(GradingSettings)}
    return GradingSettings(**{k: v for k, v in config.get("grading", {}).items() if k in known})


@contextlib.contextmanager
def _scratch(run: RunDir) -> Iterator[None]:
    """Leave no empty scratch directory behind; one in use by the run itself stays."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            run.grading.rmdir()


def _evaluate(grader: Grader, wanted: Evaluation, whose: Whose, replicate: int) -> SubmissionRescored:
    evaluated = grader.evaluate(wanted)
    if evaluated.outcome is None:
        raise GradingError(f"replicate {replicate} got no score ({evaluated.status}): {evaluated.reason}")
    event = SubmissionRescored(
        submission_id=whose,
        split=wanted.split,
        replicate=replicate,
        score=evaluated.outcome.score,
        items=evaluated.outcome.items,
        eval_seed=wanted.seed,
        evaluator=evaluated.outcome.evaluator,
        duration_s=evaluated.duration_s,
    )
    if evaluated.network:
        event.extra = {"network": evaluated.network}
    return event
