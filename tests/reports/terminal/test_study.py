from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from posttrace.analysis.across.study import study
from posttrace.analysis.audit.audit import AuditSettings, audit
from posttrace.reports.terminal.study import VIEWS, study_tables, viewed
from tests.analysis.inmemory import Start, Traces, evaluation, record, run_of


@pytest.fixture(scope="module")
def found():
    """Two runs of one cell that gain 10 and 20 pp, and one where nothing was scored."""
    base = np.zeros((1, 100))
    base[0, :30] = 1
    runs = []
    for seed, gained in enumerate((10, 20)):
        scored = base.T.copy()
        scored[30 : 30 + gained] = 1
        runs.append(run_of(base, scored, Start(run_id=f"c0-s{seed}-a1", seed=seed)))
    runs.append(record([evaluation(base[0])], [], Start(run_id="c1-s0-a1", cell_id="c1")))
    return study(audit(Traces(tuple(runs)), AuditSettings(resamples=499)))


def titled(found, everything: bool) -> dict[str, pd.DataFrame]:
    """Title -> frame."""
    return {title: frame for frame, title, _ in study_tables(found, everything=everything)}


def test_cells_in_percentage_points(found):
    shown = titled(found, everything=False)[VIEWS["cells"].title]
    row = shown[shown["n_runs"] == 2].iloc[0]
    assert [row["mean_gain"], row["low"], row["high"]] == ["15.00", "10.00", "20.00"]
    assert row["interval"] == "range"
    assert "driver" not in shown


def test_failures_by_every_policy(found):
    shown = titled(found, everything=False)[VIEWS["sensitivity"].title]
    # mean of cells: 15 pp, and one that is left out, loses 30 pp, or changes nothing
    last = shown.iloc[-1]
    assert last["task"] == "all cells"
    assert last["no_score"] == 1
    assert [last[policy] for policy in ("drop", "zero", "baseline")] == ["15.00", "-7.50", "7.50"]


def test_what_rounds_to_nothing_has_no_sign():
    table = pd.DataFrame({"task": ["t"], "mean_gain": [-0.00001], "verdicts": ["2 within_noise"]})
    shown = viewed(table, VIEWS["cells"]).iloc[0]
    assert list(shown) == ["t", "0.00", "2 within noise"]


def test_every_policy_keeps_its_column():
    table = pd.DataFrame(
        {"task": ["t"], "no_score": [1], "drop": [np.nan], "zero": [-0.2], "baseline": [0.0]}
    )
    assert list(viewed(table, VIEWS["sensitivity"])) == ["task", "no_score", "drop", "zero", "baseline"]


def test_everything_is_shown_or_says_why_not(found):
    shown = titled(found, everything=True)
    assert len(shown) == len(VIEWS)
    assert "Routes and gains, within tasks: routes are not known" in shown
    assert "cell_id" not in set(shown[VIEWS["rates"].title]["by"])


def test_single_runs_are_not_told_twice():
    base = np.zeros((1, 100))
    alone = study(audit(Traces((run_of(base, base.T),)), AuditSettings(resamples=499)))
    assert titled(alone, everything=False) == {}


def test_views_name_columns_that_are_there(found):
    for name, view in VIEWS.items():
        named = {"items": {"agent"}, "sensitivity": {"no_score"}}.get(name, set())
        there = {*found.tables[name].columns, *named}
        assert view.columns == "*" or set(view.columns.split()) <= there, name


def test_no_runs():
    nothing = study(audit(SimpleNamespace(final=(), excluded=())))
    assert titled(nothing, everything=False) == {}
