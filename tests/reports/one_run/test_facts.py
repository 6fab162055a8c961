"""What the tables about one run say where the record is thin or the best score is the base's own."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit, audit
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.runs.load import load
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.one_run import attempts as run_attempts
from posttrace.reports.one_run import chapters, stages, story
from posttrace.reports.one_run import facts as run_facts
from posttrace.reports.one_run import scope as run_scope
from posttrace.reports.runs import frames
from posttrace.reports.runs.routing import Routing
from tests.reports.study import QUICK, Sketch, write_run

# the base answers 60 of 200; the agent submits it, then 40 of 200, then none
SKETCH = Sketch("house", "grpo", 0, 60, ["base", 40, 0])


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> TraceSet:
    folder = tmp_path_factory.mktemp("facts") / "run"
    write_run(folder, SKETCH)
    return load([folder])


@pytest.fixture(scope="module")
def checked(traces: TraceSet) -> Audit:
    return audit(traces, QUICK)


@pytest.fixture(scope="module")
def verdicts(checked: Audit, traces: TraceSet) -> pd.DataFrame:
    return frames.with_integrity(frames.verdicts(checked), traces)


@pytest.fixture(scope="module")
def routed(verdicts: pd.DataFrame, traces: TraceSet) -> pd.DataFrame:
    return Routing.of(traces).submissions(verdicts, frames.trajectories(traces, verdicts))


@pytest.fixture(scope="module")
def told(verdicts: pd.DataFrame, routed: pd.DataFrame, traces: TraceSet) -> story.Story:
    return story.tell(traces, routed, frames.trajectories(traces, verdicts), SKETCH.run_id)


def test_the_best_is_the_one_the_verdict_is_on(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    said = run_facts.headline(traces.final[0], verdicts).text
    assert said.startswith(
        "house · grpo · seed 0: regression. Best 20.0 % of 2 submissions that count (3 received), "
    )


def test_process_numbers_leave_the_base_out_and_unknown_is_no_zero(
    traces: TraceSet, verdicts: pd.DataFrame, told: story.Story
) -> None:
    run = traces.final[0]
    table = run_facts.process(run, verdicts, told, stages.stages(run, told))
    numbers = table.cells.set_index("measure")
    assert numbers.loc["scored", "defined as"] == "of 3 submissions received; 1 of them the base itself"
    assert numbers.loc["improvements", "value"] == "0"  # 40, then 0
    # the second arrives 240 s after the answer to the first, which came 5 s after it: 5 + 240 + 5 + 240
    assert numbers.loc["best submission, s", "value"] == "490"
    assert numbers.loc[["files changed", "lines added", "lines removed"], "value"].tolist() == ["–"] * 3


def test_items_that_came_out_alike_have_no_error_bar(
    traces: TraceSet, checked: Audit, routed: pd.DataFrame, told: story.Story
) -> None:
    table = run_attempts.submissions(traces.final[0], checked, routed, told)
    # 40 of 200: 1.96 * sqrt(.2 * .8 / 199) = 5.6 pp
    assert table.cells["score %"].tolist() == ["30.0 ± 6.4", "20.0 ± 5.6", "0.0"]
    assert table.notes == ("No ±: the items show no spread, or how many there were is not known.",)
    assert table.cells["code since the last"].tolist() == ["not known"] * 3
    assert list(table.links["number"]) == [chapters.anchor(n) for n in (1, 2, 3)]
    assert "[2 \\(best\\)](#submission-2)" in table.markdown(table.links)
    assert "](#" not in table.markdown()


@pytest.mark.parametrize(
    ("k", "flags", "expected"),
    [
        (4, (), "the best is the largest of k = 4; p, bounds and corrected gain allow for that"),
        (1, (), "one submission counts: no pick"),
        (0, (), "no submission counts, so none was picked"),
        (
            4,
            (RESTS_ON["sealed"],),
            "the best is the largest of k = 4; the verdict is on sealed items, which were not used to pick",
        ),
    ],
)
def test_the_pick_is_told_as_it_was(
    traces: TraceSet, verdicts: pd.DataFrame, k: int, flags: tuple[str, ...], expected: str
) -> None:
    rows = verdicts.assign(k=k, flags=pd.Series([flags], dtype="object"))
    limits: dict[Any, Any] = run_scope.limits(traces, rows).cells.set_index("about")["this run"].to_dict()
    assert limits["selection"] == expected


def test_a_machine_nobody_sampled_is_said(traces: TraceSet) -> None:
    table = run_facts.resources(traces, traces.final[0])
    assert table.markdown() == "*The record holds no sample of the machine's load.*"


@pytest.mark.parametrize(("usd", "shown"), [(0.0, "0.00"), (0.00123, "0.0012"), (12.345, "12.35")])
def test_small_costs_are_not_rounded_away(usd: float, shown: str) -> None:
    assert run_facts._cost(usd) == shown
