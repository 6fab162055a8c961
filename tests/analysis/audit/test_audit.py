import json
import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.audit.audit import Audit, AuditSettings, adjusted, audit
from posttrace.analysis.audit.wording import BOUNDED, BY_SCORES, RESTS_ON
from posttrace.analysis.runs.records import Exclusion, RunRecord
from posttrace.analysis.stats.items.exact import mcnemar
from posttrace.analysis.stats.nullmax import ExactMax
from tests.analysis.inmemory import Start, Traces, evaluation, record, run_of, submission
from tests.analysis.simulated import Experiment

QUICK = AuditSettings(resamples=499)
ROW = """
run_id cell_id task agent driver mode base_model seed n_items k k_known n_failed n_duplicate baseline
reported_best reported_gain winner corrected_gain selection_share lcb ucb p_flip p_boot p_raw p_stop p_holm
p_bh mde80 se_items se_decode verdict label reason scope flags route attempted head_hash
"""


def counted(gained: int, lost: int, n: int = 200, k: int = 1) -> tuple[FloatArray, FloatArray]:
    """Baseline (1, n) and k submissions (n, k): the last gains and loses so many items, others nothing."""
    base = np.zeros((1, n))
    base[0, gained : gained + lost + 50] = 1
    scored = np.repeat(base.T, k, axis=1)
    scored[: gained + lost, -1] = 1 - scored[: gained + lost, -1]
    return base, scored


def one(run: RunRecord, chosen: AuditSettings = QUICK) -> Audit:
    """Audit a single run."""
    return audit(Traces((run,)), chosen)


def test_one_submission_by_hand():
    # 30 gained, 10 lost of 200: gain .1, McNemar P(X >= 30 | 40, 1/2); cap of 10 submissions
    result = one(run_of(*counted(30, 10)))
    (row,) = result.runs
    p = mcnemar(30, 10)
    assert p == pytest.approx(0.0011108, abs=1e-7)
    assert [row.p_raw, row.p_flip, row.p_holm, row.p_bh] == pytest.approx([p] * 4)
    assert row.p_stop == pytest.approx(10 * p)
    assert (row.verdict, row.label) == ("exceeds", "gain exceeds noise (single run)")
    assert [row.baseline, row.reported_best, row.reported_gain] == pytest.approx([0.3, 0.4, 0.1])
    assert [row.corrected_gain, row.selection_share] == pytest.approx([0.1, 0.0])
    assert (row.winner, row.k, row.n_items, row.scope) == (1, 1, 200, "adaptive, this test set")
    assert row.lcb < 0.1 < row.ucb


def test_json_has_exactly_the_promised_fields():
    result = audit(
        Traces((run_of(*counted(30, 10)),), (Exclusion("x/trace.jsonl", "superseded", "attempt 2"),)), QUICK
    )
    data = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert list(data) == ["schema", "settings", "runs", "cells", "excluded"]
    assert data["schema"] == "posttrace-audit/1"
    assert data["settings"]["resamples"] == 499
    assert list(data["runs"][0]) == ROW.split()
    assert data["runs"][0]["route"] is None
    assert data["excluded"] == [{"path": "x/trace.jsonl", "state": "superseded", "reason": "attempt 2"}]
    assert list(result.table().columns) == ROW.split()


def test_undefined_numbers_are_null_with_a_reason():
    run = run_of(*counted(30, 10), Start(cap=None))
    (row,) = one(run).to_json()["runs"]
    assert row["p_stop"] is None
    assert "p_stop: undefined, the submission budget has no cap" in row["flags"]
    (row,) = one(record([evaluation([1.0] * 20)], [submission(1, None)])).to_json()["runs"]
    assert (row["verdict"], row["label"]) == ("invalid", "invalid: no scored submission")
    for field in ("reported_best", "reported_gain", "winner", "p_raw", "p_holm", "lcb", "ucb", "mde80"):
        assert row[field] is None, field
    assert (row["n_failed"], row["k"], row["baseline"]) == (1, 0, 1.0)


def test_no_runs():
    result = audit(Traces(()), QUICK)
    assert result.to_json()["runs"] == []
    assert list(result.table().columns) == ROW.split()


def test_same_seed_same_json_whatever_else_is_audited():
    base, scored = counted(20, 10, k=3)
    first, second = (run_of(base, scored, Start(run_id=name)) for name in ("a", "b"))
    assert one(first).to_json() == one(first).to_json()
    alone = one(first).runs[0]
    together = audit(Traces((second, first)), QUICK).runs[1]
    assert [together.p_boot, together.lcb, together.corrected_gain] == [
        alone.p_boot,
        alone.lcb,
        alone.corrected_gain,
    ]
    assert one(first, AuditSettings(resamples=499, seed=1)).runs[0].p_boot != alone.p_boot
    assert audit(Traces((second,)), QUICK).runs[0].p_boot != alone.p_boot


def test_runs_are_a_family():
    base, scored = counted(22, 10)
    p = mcnemar(22, 10)
    assert 0.02 < p < 0.05
    runs = tuple(run_of(base, scored, Start(run_id=f"r{i}", seed=i)) for i in range(3))
    failed = record([evaluation(base[0])], [submission(1, None)], Start(run_id="x"))
    assert one(runs[0]).runs[0].verdict == "exceeds"
    rows = audit(Traces((*runs, failed)), QUICK).runs
    # three p-values, not four: a run without one does not count. Holm 3p for all (equal), BH p
    assert [row.p_holm for row in rows[:3]] == pytest.approx([3 * p] * 3)
    assert [row.p_bh for row in rows[:3]] == pytest.approx([p] * 3)
    assert {row.verdict for row in rows[:3]} == {"underpowered"}
    assert math.isnan(rows[3].p_holm)


def test_adjustment_published():
    # Holm 1979, Benjamini & Hochberg 1995 by R's p.adjust: 10 * .001, 9 * .008, 8 * .039 carried on, ...
    p = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, np.nan, 0.212, 0.216])
    holm = [0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, np.nan, 0.615, 0.615]
    bh = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.105714285714, 0.216, np.nan, 0.216, 0.216]
    assert adjusted(p, "holm") == pytest.approx(holm, abs=1e-9, nan_ok=True)
    assert adjusted(p, "fdr_bh") == pytest.approx(bh, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("gained", "lost", "n", "verdict"),
    [
        (0, 8, 134, "regression"),
        (0, 0, 2000, "no_gain_larger_than_delta"),
        (0, 0, 60, "underpowered"),
        (12, 0, 60, "exceeds"),
    ],
)
def test_verdicts_of_one_submission(gained, lost, n, verdict):
    base = np.zeros((1, n))
    base[0, gained : gained + lost] = 1
    scored = base.T.copy()
    scored[: gained + lost] = 1 - scored[: gained + lost]
    assert one(run_of(base, scored)).runs[0].verdict == verdict


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_baseline_at_the_edge_of_the_scale(value):
    same = np.full((1, 50), value)
    row = one(run_of(same, same.T)).runs[0]
    assert (row.p_raw, row.reported_gain, row.verdict) == (1.0, 0.0, "underpowered")


@pytest.mark.parametrize("n", [1, 9])
def test_too_few_items(n):
    row = one(run_of(np.zeros((1, n)), np.ones((n, 1)))).runs[0]
    items = "1 item" if n == 1 else f"{n} items"
    assert (row.verdict, row.label) == ("invalid", f"invalid: {items}; 10 are needed")


def test_ten_items_are_enough_to_ask():
    assert one(run_of(np.zeros((1, 10)), np.ones((10, 1)))).runs[0].verdict == "exceeds"


def test_tied_winners_are_the_earliest():
    base, scored = counted(30, 10)
    row = one(run_of(base, np.repeat(scored, 3, axis=1))).runs[0]
    assert (row.winner, row.k) == (1, 3)


def test_judges_change_within_a_run_or_a_cell():
    base, scored = counted(30, 10)
    run = run_of(base, scored)
    changed = tuple(replace(e, evaluator="exact@2") for e in run.baseline)
    assert one(replace(run, baseline=changed)).runs[0].label == "invalid: mixed judges: exact@1, exact@2"
    other = [replace(s, evaluation=evaluation(scored[:, 0], evaluator="exact@2")) for s in run.submissions]
    second = replace(run, run_id="b", baseline=changed, submissions=tuple(other))
    result = audit(Traces((run, second)), QUICK)
    assert {row.label for row in result.runs} == {"invalid: mixed judges in the cell: exact@1, exact@2"}
    apart = replace(second, started=Start(run_id="b", cell_id="c1").event(200))
    assert {row.verdict for row in audit(Traces((run, apart)), QUICK).runs} == {"exceeds"}


def test_what_one_scoring_varies_by():
    # 100 items: 40 always right, 40 never, 20 right in one of two scorings: within variance .5 on a fifth
    base = np.zeros((2, 100))
    base[:, :40] = 1
    base[0, 40:60] = 1
    row = one(run_of(base, base[:1].T)).runs[0]
    assert row.se_decode == pytest.approx(math.sqrt(0.1 / 100))
    # item means 1, .5, 0 around .5: .25 on 80 items, over 99, less half of the within variance
    assert row.se_items == pytest.approx(math.sqrt((80 * 0.25 / 99 - 0.05) / 100))
    assert np.isnan(one(run_of(base[:1], base[:1].T)).runs[0].se_decode)


def scores_alone(scores: list[float], n: int | None = 200, baseline: float = 0.5) -> RunRecord:
    """A run whose items are not on record."""
    made = [replace(evaluation([x]), score=x, item_ids=None, values=None) for x in (baseline, *scores)]
    run = record(made[:1], [submission(j + 1, e) for j, e in enumerate(made[1:])])
    task = msgspec.structs.replace(run.started.task, n_items=n)
    return replace(run, started=msgspec.structs.replace(run.started, task=task))


def test_without_items_the_best_score_is_tested():
    row = one(scores_alone([0.6, 0.7])).runs[0]
    assert (row.verdict, row.winner, row.k, row.n_items) == ("exceeds", 2, 2, 200)
    assert row.p_raw == ExactMax.of(2, 200).p_value(0.2, 0.5)
    assert np.isnan([row.corrected_gain, row.p_flip]).all()
    assert BY_SCORES in row.flags
    assert BOUNDED not in row.flags
    # 55 % of 200 is 10 items more: a difference of two independent scores has sd 5 pp
    assert one(scores_alone([0.55])).runs[0].verdict == "underpowered"
    assert one(scores_alone([0.35])).runs[0].verdict == "regression"


def test_scores_that_are_no_counts_are_an_approximation():
    assert BOUNDED in one(scores_alone([0.6013])).runs[0].flags


def test_without_items_and_their_number_nothing_is_tested():
    row = one(scores_alone([0.6], n=None)).runs[0]
    assert row.label == "undetermined: no per-item outcomes, number of items unknown"
    assert [row.reported_best, row.reported_gain] == pytest.approx([0.6, 0.1])
    assert math.isnan(row.p_raw)
    assert one(scores_alone([0.6], n=9)).runs[0].verdict == "invalid"


def test_lost_items_that_matter():
    # 30 : 10 on the items that are left; with 25 lost ones against it no gain is left
    base, scored = counted(30, 10)
    few, many = base.copy(), base.copy()
    few[0, 190:192], many[0, 150:175] = np.nan, np.nan
    row = one(run_of(few, scored)).runs[0]
    assert (row.verdict, row.n_items) == ("exceeds", 198)
    row = one(run_of(many, scored)).runs[0]
    assert (row.label, row.n_items) == ("undetermined: missing items", 175)
    assert "25 of 200 items dropped: lost by the evaluator" in row.flags


def test_unknown_number_of_submissions():
    row = one(run_of(*counted(30, 10), Start(unknown=["submissions"]))).runs[0]
    # exact McNemar of 30 against 10: .00111, and .05 / .00111 = 45.0
    label = "undetermined: number of submissions unknown, significant up to k = 45"
    assert (row.label, row.k_known) == (label, False)


def test_unknown_number_of_submissions_does_not_matter_on_fresh_items():
    run = run_of(*counted(30, 10), Start(unknown=["submissions"]))
    winner = replace(run.submissions[0], rescored=(evaluation([1.0] * 40, split="fresh"),))
    fresh = evaluation([0.0] * 40, split="fresh")
    row = one(replace(run, baseline=(*run.baseline, fresh), submissions=(winner,))).runs[0]
    assert (row.verdict, row.scope, row.k_known) == ("exceeds", "generalises", False)


def test_few_clusters():
    run = run_of(*counted(30, 10))
    groups = {count: tuple(f"g{i % count}" for i in range(200)) for count in (5, 40)}
    for count, verdict in ((5, "undetermined: too few clusters"), (40, "gain exceeds noise (single run)")):
        base = tuple(replace(e, clusters=groups[count]) for e in run.baseline)
        assert one(replace(run, baseline=base)).runs[0].label == verdict


def test_clusters_widen_the_bounds_where_items_go_together():
    base = np.zeros((1, 200))
    scored = np.repeat(([1.0] * 12 + [0.0] * 28), 5)[:, None]
    run = run_of(base, scored)
    names = tuple(f"g{i // 5}" for i in range(200))
    clustered = replace(run, baseline=tuple(replace(e, clusters=names) for e in run.baseline))
    a, b = one(run).submissions[0], one(clustered).submissions[0]
    # all five items of a cluster agree: the standard error is that of 40 outcomes
    assert b.se == pytest.approx(np.std([1.0] * 12 + [0.0] * 28, ddof=1) / np.sqrt(40))
    assert b.se > 2 * a.se


def test_fresh_items_decide_alone():
    base, scored = counted(30, 10, k=4)
    run = run_of(base, scored)
    fresh_base = evaluation([0.0] * 60, split="fresh")
    fresh = evaluation([1.0] * 3 + [0.0] * 57, split="fresh")
    winner = replace(run.submissions[3], rescored=(fresh,))
    run = replace(run, baseline=(*run.baseline, fresh_base), submissions=(*run.submissions[:3], winner))
    row = one(run).runs[0]
    assert (row.scope, row.n_items, row.k, row.winner) == ("generalises", 60, 4, 4)
    assert row.p_raw == pytest.approx(1 / 8)
    assert row.reported_gain == pytest.approx(0.1)
    assert math.isnan(row.p_stop)
    assert "fresh items: gain +5.0 pp on n = 60" in row.flags
    assert row.verdict == "underpowered"


def test_sealed_items_decide_when_the_agent_heard_others():
    run = run_of(*counted(30, 10), feedback="heldout")
    row = one(run).runs[0]
    assert any("sealed items not scored" in flag for flag in row.flags)
    sealed_base = evaluation([0.0] * 40, split="sealed")
    winner = replace(run.submissions[0], rescored=(evaluation([1.0] * 40, split="sealed"),))
    run = replace(run, baseline=(*run.baseline, sealed_base), submissions=(winner,))
    row = one(run).runs[0]
    assert (row.scope, row.n_items, row.p_raw) == ("non-adaptive", 40, 0.5**40)


def heldout(seed: int, gained: int, lost: int) -> RunRecord:
    """4 submissions, the last 10 pp better where the agent looked; 100 sealed items: so many gained, lost."""
    run = run_of(*counted(30, 10, k=4), Start(run_id=f"r{seed}", seed=seed), feedback="heldout")
    base, scored = counted(gained, lost, n=100)
    sealed = evaluation(base[0], split="sealed", eval_seed=seed)
    winner = replace(run.submissions[3], rescored=(evaluation(scored[:, 0], split="sealed"),))
    return replace(run, baseline=(*run.baseline, sealed), submissions=(*run.submissions[:3], winner))


@pytest.mark.parametrize(("gained", "lost", "verdict"), [(3, 6, "underpowered"), (12, 0, "exceeds")])
def test_a_verdict_on_sealed_items_has_every_number_of_those_items(gained, lost, verdict):
    row = one(heldout(0, gained, lost)).runs[0]
    gain = (gained - lost) / 100
    # what a leaderboard reports stays: 60 and 80 of 200 where the best was picked
    assert [row.baseline, row.reported_best, row.reported_gain] == pytest.approx([0.3, 0.4, 0.1])
    assert [row.corrected_gain, row.selection_share] == pytest.approx([gain, 0.1 - gain])
    assert row.lcb <= row.corrected_gain <= row.ucb
    assert row.p_raw == pytest.approx(mcnemar(gained, lost))
    assert row.verdict == verdict
    assert row.reason.startswith("on the sealed items alone: gain ")
    assert RESTS_ON["sealed"] in row.flags


def test_a_cell_of_sealed_verdicts_is_of_the_sealed_items():
    runs = [heldout(0, 3, 6), heldout(1, 2, 4), heldout(2, 8, 1)]
    (cell,) = audit(Traces(tuple(runs)), QUICK).cells
    # gains -3, -2 and 7 pp, each against its own scoring of the sealed baseline
    assert cell.mean_gain == pytest.approx(0.02 / 3)
    assert cell.gain_kind == "sealed items"
    assert cell.interval == "t interval"
    shared = [replace(run, baseline=runs[0].baseline) for run in runs]
    assert audit(Traces(tuple(shared)), QUICK).cells[0].interval == "t interval, shared baseline"


def test_scope_without_feedback():
    assert one(run_of(*counted(30, 10), feedback="none")).runs[0].scope == "non-adaptive"


def test_submission_rows():
    base, scored = counted(30, 10, k=2)
    run = run_of(base, scored)
    later = evaluation(np.zeros(200))
    extra = (submission(3, None), submission(4, None, status="duplicate", duplicate_of=2))
    winner = replace(run.submissions[1], rescored=(later,))
    run = replace(run, submissions=(run.submissions[0], winner, *extra))
    rows = one(run).submissions
    assert [row.state for row in rows] == ["scored", "scored", "failed", "duplicate"]
    assert [row.is_winner for row in rows] == [False, True, False, False]
    assert [rows[0].gain, rows[1].gain] == pytest.approx([0.0, 0.1])
    assert rows[1].rescored_score == 0.0
    assert rows[1].lcb < 0.1 < rows[1].ucb
    assert math.isnan(rows[2].gain)
    assert rows[1].p_stepdown < 0.05 < rows[0].p_stepdown


def test_deterministic_scoring_is_said():
    base, scored = counted(30, 10)
    row = one(run_of(np.repeat(base, 3, axis=0), scored)).runs[0]
    assert any("scoring is deterministic" in flag for flag in row.flags)
    assert row.p_raw == pytest.approx(mcnemar(30, 10))


def test_a_true_gain_is_found():
    # gain 5 pp, n = 2000, k = 8, m = 3: MDE80 is near 3 pp, so nearly every run must find it
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(10):
        paired = Experiment(2000, 0.5, 0.5, 8, 3, gain=0.05).draw(rng)
        found += one(run_of(paired.baseline, paired.submissions)).runs[0].verdict == "exceeds"
    assert found >= 9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 2]), st.booleans())
def test_order_of_items_in_the_record_changes_nothing(seed, m, lose):
    rng = np.random.default_rng(seed)
    paired = Experiment(40, 0.5, 0.3, 3, m).draw(rng)
    if lose:
        paired.submissions[0, 0] = np.nan
    run = run_of(paired.baseline, paired.submissions)
    order = rng.permutation(40)
    names = tuple(f"q{i}" for i in order)

    def shuffled(e):
        return replace(e, values=e.values[order], item_ids=names)

    mixed = replace(
        run,
        baseline=tuple(shuffled(e) for e in run.baseline),
        submissions=tuple(replace(s, evaluation=shuffled(s.evaluation)) for s in run.submissions),
    )
    a, b = (one(r, AuditSettings(resamples=199)).to_json() for r in (run, mixed))
    for key, value in a["runs"][0].items():
        assert b["runs"][0][key] == (pytest.approx(value) if isinstance(value, float) else value), key
