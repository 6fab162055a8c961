from dataclasses import replace

import numpy as np
import pytest

from posttrace.analysis.audit.clean import clean, confirmation
from posttrace.analysis.audit.itemtable import ItemError
from tests.analysis.inmemory import evaluation, record, submission

BASE = evaluation([1, 0, 0, 1, 0])


def test_states_and_denominators():
    run = record(
        [BASE],
        [
            submission(1, evaluation([1, 1, 0, 1, 0])),
            submission(2, None),
            submission(3, None, status="rejected"),
            submission(4, None, status="duplicate", duplicate_of=1, artifact_sha256=f"{1:064x}"),
            submission(5, evaluation([1, 0, 0, 1, 1]), is_base_copy=True),
            submission(6, evaluation([0, 0, 0, 0, 0])),
            submission(7, evaluation([1, 0, 0, 1, 0]), artifact_sha256=f"{1:064x}"),
            submission(8, None, status="pending"),
        ],
    )
    cleaned = clean(run)
    assert cleaned.states == {
        1: "scored",
        2: "failed",
        3: "failed",
        4: "duplicate",
        5: "base copy",
        6: "scored",
        7: "rescored",
        8: "failed",
    }
    assert (cleaned.k, cleaned.count("failed"), cleaned.count("duplicate")) == (2, 3, 1)
    # the base copy is a second scoring of the baseline; 1 and 7 are one submission, averaged
    assert cleaned.table is not None
    assert cleaned.table.baseline.shape == (2, 5)
    assert cleaned.table.submissions[:, 0].tolist() == [1, 0.5, 0, 1, 0]


def test_a_zero_for_a_crash_stays():
    run = record([BASE], [submission(1, evaluation([0] * 5), reason="scored_zero_on_failure")])
    assert clean(run).k == 1
    assert "scored_zero_on_failure x1: stays in k" in clean(run).flags


def test_unknown_hashes_are_different_submissions():
    pair = [submission(j, evaluation([1, 0, 0, 1, 1]), artifact_sha256=None) for j in (1, 2)]
    assert clean(record([BASE], pair)).k == 2


GOOD = submission(1, evaluation([1, 1, 0, 1, 0]))


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (record([BASE], []), "no scored submission"),
        (record([BASE], [submission(1, None)]), "no scored submission"),
        (
            record([BASE], [submission(1, BASE, is_base_copy=True)]),
            "nothing scored but the base (1 copy)",
        ),
        (record([], [GOOD]), "no baseline"),
        (record([replace(BASE, split="sealed")], [GOOD]), "no baseline on the split"),
        (record([BASE], [submission(1, evaluation([2, 0, 0, 0, 0]))]), "off its scale"),
        (record([BASE], [submission(1, replace(BASE, score=float("nan")))]), "off its scale"),
        (
            record([BASE], [submission(1, replace(BASE, evaluator="exact@2"))]),
            "mixed judges: exact@1, exact@2",
        ),
        (record([BASE], [GOOD, submission(2, replace(BASE, split="sealed"))]), "different splits"),
        (
            record([BASE], [submission(1, evaluation([1, 0, 0], item_ids=("a", "b", "c")))]),
            "mismatched items",
        ),
    ],
)
def test_what_makes_a_run_invalid(run, reason):
    cleaned = clean(run)
    assert cleaned.invalid is not None
    assert reason in cleaned.invalid
    assert cleaned.table is None


def test_a_run_with_nothing_but_the_base():
    copy = submission(1, evaluation([1, 0, 0, 1, 1]), is_base_copy=True)
    again = [submission(j, None, status="duplicate", duplicate_of=1, is_base_copy=True) for j in (2, 3)]
    # a duplicate was not scored
    assert clean(record([BASE], [copy, *again])).invalid == "nothing scored but the base (1 copy)"
    other = replace(copy, submission_id=4)
    cleaned = clean(record([BASE], [copy, *again, other, submission(5, None)]))
    assert cleaned.invalid == "nothing scored but the base (2 copies)"
    assert (cleaned.count("base copy"), cleaned.count("failed")) == (4, 1)


def test_without_items():
    bare = replace(BASE, item_ids=None, values=None)
    cleaned = clean(record([bare], [GOOD]))
    assert cleaned.invalid is None
    assert cleaned.no_items == "no per-item outcomes (baseline)"
    assert "baseline provenance unknown" in cleaned.flags
    assert "submission 2" in str(clean(record([BASE], [GOOD, submission(2, bare)])).no_items)


def test_flags():
    partial = submission(1, evaluation([1, 1], item_ids=("q0", "q2")))
    lost = submission(2, evaluation([1, np.nan, 0, 1, 1]))
    off = submission(3, replace(evaluation([1, 1, 0, 0, 0]), score=0.9))
    flags = clean(record([BASE], [partial, lost, off], flags={"base_copy": 2}, torn=True)).flags
    assert "base_copy x2" in flags
    assert "torn trace" in flags
    assert "submission 1: 3 unanswered items counted 0" in flags
    assert "1 of 5 items dropped: lost by the evaluator" in flags
    assert "a reported score is not the mean of its items: gains are of item means" in flags


def test_confirmation_uses_the_unseen_split_alone():
    fresh = [evaluation([0, 1, 1], split="fresh", item_ids=("f0", "f1", "f2"))]
    winner = replace(GOOD, rescored=(replace(fresh[0], values=np.array([1.0, 1, 1])), evaluation([1] * 5)))
    table = confirmation(record([BASE, *fresh], [winner]), winner, "fresh")
    assert table is not None
    assert (table.baseline.tolist(), table.submissions[:, 0].tolist()) == ([[0, 1, 1]], [1, 1, 1])
    assert confirmation(record([BASE], [winner]), winner, "fresh") is None
    assert confirmation(record([BASE, *fresh], [GOOD]), GOOD, "fresh") is None


def test_confirmation_by_another_judge():
    fresh = evaluation([0, 1, 1], split="fresh")
    winner = replace(GOOD, rescored=(replace(fresh, evaluator="other@1"),))
    with pytest.raises(ItemError, match="different evaluators"):
        confirmation(record([BASE, fresh], [winner]), winner, "fresh")
