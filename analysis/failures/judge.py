"""Whether a run failed, and its causes: what ended it, what came of it, and why its iterations failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from posttrace.analysis.failures.finding import (
    Cause,
    Cited,
    FailureType,
    PaperClass,
    failure_type,
    paper_class,
    ranked,
)
from posttrace.analysis.failures.iterations import Iteration, iterations
from posttrace.analysis.failures.launches import failed_launches
from posttrace.analysis.failures.scores import Standing, standings
from posttrace.analysis.failures.told import Told, tell
from posttrace.analysis.runs.records import RunRecord


@dataclass(frozen=True)
class RunFailures:
    """One run: ``causes`` ranked, empty unless it failed; what its iterations came to."""

    run: RunRecord
    causes: tuple[Cause, ...]
    iterations: tuple[Iteration, ...]

    @property
    def failed(self) -> bool:
        """Whether the run as a whole failed."""
        return bool(self.causes)

    @property
    def failure_type(self) -> FailureType | None:
        """In the words of autorl_bench; None when nothing failed."""
        return failure_type(self.causes)

    @property
    def paper_class(self) -> PaperClass | None:
        """Of the five classes; None when nothing failed, or none of them fits."""
        return paper_class(self.causes)


def judge(run: RunRecord) -> RunFailures:
    """Decide for one run.

    It failed when its agent did, when it has no score of a model that it trained, when every one of them lies
    below the base by more than chance, or when none gains and the training shows why. A failed draft that
    was put right later is an iteration's failure and not the run's.
    """
    told = tell(run)
    stood = standings(told)
    found = iterations(told, failed_launches(told), stood)
    return RunFailures(run, ranked(_causes(told, stood, found)), found)


def _causes(told: Told, stood: Mapping[int, Standing], found: Sequence[Iteration]) -> Iterator[Cause]:
    run = told.run
    if run.status in ("interrupted", "infrastructure_failed"):
        yield _not_the_agent(told)
    elif run.status == "agent_failed":
        yield from _agent_failed(told, found)
    elif not stood and not _scored(told):
        yield from _without_score(told, found)
    elif stood and all(one.level in ("collapsed", "below") for one in stood.values()):
        yield from _worst(found, {"below base"})
    elif stood and all(one.level != "fine" for one in stood.values()):
        yield from _worst(found, {"graded"})
        yield from _known_answers(told)


def _scored(told: Told) -> bool:
    """Whether a model other than the base has a score."""
    return any(item.evaluation and not told.is_base(item.submission_id) for item in told.run.submissions)


def _not_the_agent(told: Told) -> Cause:
    run = told.run
    why = run.status_reason or "the trace has no last line"
    if run.status == "infrastructure_failed":
        return Cause("infrastructure", f"the runner failed, not the agent: {why}", (_finish(told),))
    return Cause("interrupted", f"the run was cut off or still goes on: {why}", (_finish(told),))


def _agent_failed(told: Told, found: Sequence[Iteration]) -> Iterator[Cause]:
    """What ended it; where no log says so, its exit code and the last line it wrote."""
    ends = [cause for iteration in found for cause in iteration.causes if cause.first]
    if not ends and found and found[-1].ends_in == "failed launch":
        ends = list(found[-1].causes)
    yield from ends
    if ends:
        return
    said = [Cited.of(log.name, *log.last) for log in told.logs if log.last and "stderr" in log.name]
    code = "unknown" if told.run.exit_code is None else str(told.run.exit_code)
    says = f"the agent ended with exit code {code}, and no log says by what"
    yield Cause("agent_failed", says, (_finish(told), *said))


def _without_score(told: Told, found: Sequence[Iteration]) -> Iterator[Cause]:
    run = told.run
    if not run.submissions:
        cited = (_finish(told),)
        if run.status == "timed_out":
            says = f"the budget was used up without a submission: {run.status_reason or 'timed out'}"
            yield Cause("no_submission_in_time", says, cited, first=True)
        else:
            yield Cause("no_submission", "the agent ended without a submission", cited)
    yield from _worst(found, {iteration.outcome for iteration in found} - {"base copy"})
    yield from _copies(told, found)
    refused = [(seq, evidence) for kind, seq, evidence in told.flags if kind == "bad_request"]
    if refused and not run.submissions:
        seq, evidence = refused[-1]
        says = f"requests to the grading server were refused: {evidence.get('reason', 'bad request')}"
        yield Cause("no_submission", says, (Cited.of("trace.jsonl", seq + 1, str(evidence)),))


def _copies(told: Told, found: Sequence[Iteration]) -> Iterator[Cause]:
    """Copies of the base as one cause, and what the trainings that led to them logged."""
    copies = [iteration for iteration in found if iteration.outcome == "base copy"]
    causes = [cause for iteration in copies for cause in iteration.causes if cause.rule == "base_copy"]
    latest = {cause.rule: cause for iteration in copies for cause in iteration.causes}
    others = [cause for rule, cause in latest.items() if rule != "base_copy"]
    if causes:
        of = len(told.run.submissions)
        says = f"{len(copies)} of {of} submissions have the weights of the base model; no other was scored"
        cited = tuple(line for cause in causes for line in cause.evidence)
        # a training that changed nothing ends in a copy that nobody fell back on
        yield Cause("base_copy", says, cited[:3], first=not others)
    yield from others


def _known_answers(told: Told) -> Iterator[Cause]:
    for kind, seq, evidence in told.flags:
        if kind == "test_overlap":
            says = "the workspace holds items of the test, and nothing is gained on it"
            yield Cause("answers_known", says, (Cited.of("trace.jsonl", seq + 1, str(evidence)),))
            return


def _worst(found: Sequence[Iteration], outcomes: set[str]) -> Iterator[Cause]:
    """The causes of iterations that ended so: of each rule the last, which is closest to what is left."""
    latest = {
        cause.rule: cause
        for iteration in found
        if iteration.outcome in outcomes
        for cause in iteration.causes
    }
    yield from latest.values()


def _finish(told: Told) -> Cited:
    run = told.run
    line = 1 + (told.last if told.finished is None else told.finished)
    return Cited.of("trace.jsonl", line, f"{run.status}: {run.status_reason or 'no reason recorded'}")
