from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from posttrace.analysis.across.conditions import conditions
from posttrace.analysis.across.study import Study, StudySettings, study
from posttrace.analysis.audit.audit import AuditSettings, audit
from posttrace.traces.errors import InputError
from tests.analysis.across.made import audited, failed, verdict
from tests.analysis.inmemory import Start, Traces, run_of

TABLES = {
    "runs",
    "cells",
    "contrasts",
    "aliasing",
    "association",
    "rates",
    "aggregates",
    "improvement",
    "profiles",
    "best_of_k",
    "items",
    "mixed",
    "sensitivity",
}
RNG = np.random.default_rng(0)
GRID = [
    verdict(f"t{t}", f"a{a}", s, float(RNG.normal(0.1 * a, 0.05)), driver=f"d{d}", route=("sft", "grpo")[a])
    for t, a, d, s in product(range(5), range(2), range(2), range(3))
]
MESS = [
    *GRID[:7],
    failed("t0", "crash", 0),
    failed("t0", "crash", 1, baseline=np.nan),
    verdict("t7", "a0", None, 0.1, driver=None, mode=None, run_id="x"),
    verdict("t7", "a0", None, 0.2, driver=None, mode=None, run_id="y", k=None),
    verdict("t8", "a0", 0, 0.0, baseline=1.0, route="unknown"),
    verdict("t8", "a1", 0, np.nan, verdict="invalid"),
    verdict("t0", "a0", 9, 0.3, cell_id="another"),
]


def written(found: Study) -> str:
    return json.dumps(found.to_json(), allow_nan=False)


def test_every_table_is_in_the_json():
    data = json.loads(written(study(audited(GRID, resamples=600))))
    assert set(data) == TABLES | {"schema", "settings", "reasons"}
    assert data["schema"] == "posttrace-study/1"
    assert set(data["reasons"]) == {"items"}
    assert len(data["runs"]) == len(GRID)
    assert data["settings"]["seed"] == 0


def test_a_grid_answers_every_question():
    found = study(audited(GRID, resamples=600))
    contrast = found.contrasts.set_index(["factor", "task"]).loc[("agent", "all tasks")]
    # 5 tasks x 2 drivers x 3 seeds; a1 gains .1 more with sd .05
    assert contrast["n_one"] == 30
    assert contrast["difference"] == pytest.approx(-0.1, abs=4 * 0.05 * (2 / 30) ** 0.5)
    assert contrast["p_holm"] < 0.05
    aliases = found.aliasing.set_index(["factor", "other"])["relation"]
    assert aliases["agent", "route"] == "one to one"
    assert aliases["agent", "driver"] == "crossed"
    assert found.mixed.set_index("factor").loc["driver", "also_varies"] == "agent"


@pytest.mark.parametrize("rows", [[], [GRID[0]], [failed("t", "a", 0)], GRID[:2], MESS])
def test_it_answers_whatever_there_is(rows):
    found = study(audited(rows, excluded=2, resamples=600))
    assert set(found.tables) == TABLES
    for name, table in found.tables.items():
        assert table.empty == (name in found.reasons)
        assert len(table.columns)
    written(found)


def test_one_run_says_why_it_says_little():
    found = study(audited([GRID[0]]))
    assert found.cells.iloc[0]["interval"] == "single run"
    assert found.reasons == {
        "contrasts": "no factor varies",
        "improvement": "one configuration only",
        "items": "needs the traces: outcomes of items are not in an audit",
        "mixed": "no factor varies",
    }
    assert (found.aggregates["reason"] == "a task with a single run: no interval").all()


def test_no_routes_have_a_reason():
    assert study(audited([verdict("t", "a", 0, 0.1)])).reasons["association"] == "routes are not known"


def test_it_depends_on_the_seed_and_on_nothing_else():
    one, two = study(audited(GRID[:24], resamples=600)), study(audited(GRID[:24], resamples=600))
    assert written(one) == written(two)
    other = study(audited(GRID[:24], resamples=600), StudySettings(resamples=600, seed=1))
    assert other.aggregates["se"].tolist() != one.aggregates["se"].tolist()


def test_the_order_of_runs_changes_no_number():
    one, two = study(audited(GRID[:24], resamples=600)), study(audited(GRID[23::-1], resamples=600))
    for name, key in (
        ("contrasts", ["factor", "one", "other", "task"]),
        ("aggregates", ["configuration", "statistic"]),
        ("association", ["label"]),
        ("improvement", ["one", "other"]),
    ):
        mine, theirs = (found.tables[name].set_index(key).sort_index() for found in (one, two))
        assert mine.equals(theirs)


def test_settings_are_those_of_the_audit():
    found = study(audited(MESS, alpha=0.1, seed=4, resamples=600, exclude_policy="zero"))
    assert found.settings == StudySettings(0.1, 600, 4, "zero")
    # over .5, and over an unknown baseline
    crashed = found.runs[found.runs["agent"] == "crash"]["gain"]
    assert crashed.tolist()[0] == -0.5
    assert np.isnan(crashed.tolist()[1])


@pytest.mark.parametrize("bad", [{"alpha": 0.7}, {"resamples": 50}, {"seed": -1}, {"exclude_policy": "keep"}])
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(InputError):
        StudySettings(**bad)


def outcomes(cap: int, cell: str, seed: int):
    rng = np.random.default_rng(seed)
    start = Start(run_id=f"{cell}-s{seed}-a1", cell_id=cell, seed=seed, cap=cap)
    base = (rng.random((1, 60)) < 0.4).astype(float)
    made = run_of(base, (rng.random((60, 2)) < 0.6).astype(float), start)
    agent = replace_agent(made.started, "one" if cell == "c0" else "other")
    return replace(made, started=agent)


def replace_agent(started, name: str):
    changed = type(started)(**{f: getattr(started, f) for f in started.__struct_fields__})
    changed.agent = type(started.agent)(id=name, driver="none", mode="free")
    return changed


def test_traces_tell_what_the_table_does_not():
    # two agents with other budgets: their verdicts cannot tell, their traces can
    traces = Traces(tuple(outcomes(cap, cell, s) for cap, cell in ((4, "c0"), (9, "c1")) for s in range(2)))
    result = audit(traces, AuditSettings(resamples=199))
    assert study(result).contrasts.iloc[0]["n_one"] == 2
    told = study(result, traces=traces)
    assert told.contrasts.iloc[0]["reason"] == "no matched cells: the two never share budget"
    assert conditions(traces)["c0-s0-a1"] == {
        "budget": "submissions 4",
        "sandbox": "docker",
        "grading": "null",
    }
    stopped = replace(traces.final[0], status="timed_out")
    again = study(result, traces=Traces((stopped, *traces.final[1:])))
    completed = again.rates.set_index(["group", "rate"]).loc[("all", "completed")]
    assert (completed["count"], completed["of"]) == (3, 4)
    assert "completed" not in set(study(result).rates["rate"])
    assert ("agent", "budget") in set(zip(told.aliasing["factor"], told.aliasing["other"], strict=True))


def test_planned_contrasts_of_a_real_audit():
    traces = Traces(tuple(outcomes(5, cell, s) for cell in ("c0", "c1") for s in range(3)))
    result = audit(traces, AuditSettings(resamples=199))
    found = study(result, StudySettings(planned=(("agent", "other", "one"),)))
    by_run = {row.run_id: row.corrected_gain for row in result.runs}
    expected = np.mean([by_run[f"c1-s{s}-a1"] - by_run[f"c0-s{s}-a1"] for s in range(3)])
    assert found.contrasts.iloc[0]["difference"] == pytest.approx(expected)
    assert found.cells["interval"].tolist() == ["t interval", "t interval"]
