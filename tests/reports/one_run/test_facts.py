"""What the tables about one run say where the record is thin or the best score is the base's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit, audit
from posttrace.analysis.audit.wording import RESTS_ON
from posttrace.analysis.runs.load import load
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.one_run import attempts as run_attempts
from posttrace.reports.one_run import budget, chapters, stages, story
from posttrace.reports.one_run import facts as run_facts
from posttrace.reports.one_run import scope as run_scope
from posttrace.reports.runs import frames, provenance
from posttrace.reports.runs.cohort import alone
from posttrace.reports.runs.routing import Routing
from posttrace.traces.events import BudgetInfo
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


def test_a_run_that_does_not_count_is_said_at_once(tmp_path: Path) -> None:
    write_run(tmp_path / "run", dataclasses.replace(SKETCH, status=""))
    one = alone(load([tmp_path / "run"]))
    rows = frames.with_integrity(frames.verdicts(audit(one, QUICK)), one)
    said = run_facts.headline(one.final[0], rows).text
    assert said.endswith(" A study leaves this run out: no run.finished.")


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


@pytest.mark.parametrize(("usd", "shown"), [(0.0, "0.00"), (0.00123, "0.0012"), (12.346, "12.35")])
def test_small_costs_are_not_rounded_away(usd: float, shown: str) -> None:
    assert budget.cost(usd) == shown


def test_a_limit_is_told_with_what_the_steps_report(traces: TraceSet) -> None:
    run = traces.final[0]
    limits = BudgetInfo(wall_s=300.0, tokens=1000, usd=2.0)
    limited = dataclasses.replace(run, started=msgspec.structs.replace(run.started, budget=limits))
    usage = pd.DataFrame(
        [("m", 5, 3, 300, 15, 30, 0.003)],
        columns=[
            *("model", "steps", "steps_with_usage", "input_tokens", "cached_tokens", "output_tokens"),
            "cost_usd",
        ],
    )
    assert list(budget.used(limited, usage)) == [
        "time 740.0 of 300 s",  # 5, then three times 240 until one arrives and 5 until it is answered
        "tokens: limit 1,000, 330 without cached ones reported by 3 of 5 steps of the agent",
        "USD: limit 2.00, 0.003 reported by 3 of 5 steps of the agent",
    ]
    nothing = usage.iloc[:0]
    assert list(budget.used(limited, nothing))[1:] == [
        "tokens: limit 1,000, use not recorded",
        "USD: limit 2.00, use not recorded",
    ]


def test_a_run_without_an_end_lasts_to_its_last_event(tmp_path: Path) -> None:
    write_run(tmp_path / "run", dataclasses.replace(SKETCH, status=""))
    run = alone(load([tmp_path / "run"])).final[0]
    assert run.wall_s is None
    spans = stages.stages(run, story.Story(run.run_id, "", story._events([])))
    assert spans["end_s"].max() == 740  # the answer to the third submission
    limited = msgspec.structs.replace(run.started, budget=BudgetInfo(wall_s=300.0))
    said = budget.used(dataclasses.replace(run, started=limited), load([tmp_path / "run"]).usage)
    assert list(said) == ["time at least 740.0 of 300 s"]


def test_training_that_nobody_could_see_is_not_called_none(
    traces: TraceSet, verdicts: pd.DataFrame, told: story.Story
) -> None:
    run = traces.final[0]
    table = run_facts.process(run, verdicts, told, stages.stages(run, told))
    assert table.cells.set_index("measure").loc["training, % of time", "value"] == "–"


def test_a_run_that_was_not_tested_is_not_said_to_be(tmp_path: Path) -> None:
    write_run(tmp_path / "run", Sketch("spell", "crash", 0, 40, ["rejected", "error"]))
    failed = load([tmp_path / "run"])
    rows = frames.with_integrity(frames.verdicts(audit(failed, QUICK)), failed)
    limits: dict[Any, Any] = run_scope.limits(failed, rows).cells.set_index("about")["this run"].to_dict()
    assert limits["scope"] == "nothing was tested: no p, no bounds"
    assert limits["one run"].startswith("no verdict on this checkpoint")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"higher_is_better": False, "scale_max": 10.0}, "shown as 100 % minus its share of 10"),
        ({"scale_max": 5.0}, "a score is shown in percent of 5"),
    ],
)
def test_a_score_that_is_not_shown_as_recorded_is_said(
    traces: TraceSet, verdicts: pd.DataFrame, changed: dict[str, Any], said: str
) -> None:
    run = traces.final[0]
    task = msgspec.structs.replace(run.started.task, **changed)
    other = dataclasses.replace(run, started=msgspec.structs.replace(run.started, task=task))
    table = run_facts.facts(dataclasses.replace(traces, records=(other,)), verdicts)
    facts: dict[Any, Any] = table.cells.set_index("fact")["value"].to_dict()
    assert facts["task"].endswith(said)
    assert provenance.scale(run.started.task) is None
