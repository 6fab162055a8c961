import math

import numpy as np
import pytest

from posttrace.analysis.follow.evidence import compare
from posttrace.analysis.runs.records import Evaluation
from posttrace.analysis.stats.items.evalue import log_e_greater

BASE = [0, 0, 0, 1, 1, 0, 1, 0]


def evaluation(outcomes, seed=None, **more):
    ids = tuple(f"i{n}" for n in range(len(outcomes)))
    given = {
        "replicate": 0,
        "split": "feedback",
        "score": float(np.nanmean(outcomes)),
        "item_ids": ids,
        "values": np.array(outcomes, dtype=float),
        "clusters": None,
        "evaluator": "exact@1",
        "eval_seed": seed,
        "duration_s": None,
    }
    return Evaluation(**(given | more))


def test_counts_and_e_value():
    # gained: items 0, 1, 2; lost: item 3
    found = compare([evaluation(BASE)], evaluation([1, 1, 1, 0, 1, 0, 1, 0]))
    assert (found.gained, found.lost) == (3, 1)
    assert found.log_e == log_e_greater(3, 1)


def test_several_scorings_of_the_baseline_give_the_mean_of_their_e_values():
    other = [1, 0, 0, 1, 1, 0, 1, 0]
    found = compare([evaluation(BASE, 1), evaluation(other, 2)], evaluation([1, 1, 1, 0, 1, 0, 1, 0]))
    assert (found.gained, found.lost) == (2.5, 1)
    expected = (math.exp(log_e_greater(3, 1)) + math.exp(log_e_greater(2, 1))) / 2
    assert math.exp(found.log_e) == pytest.approx(expected)


def test_items_are_matched_by_id_and_the_unanswered_count_zero():
    some = evaluation([1, 1], item_ids=("i3", "i0"))
    # i0 gained, i3 the same, i4 and i6 not answered
    found = compare([evaluation(BASE)], some)
    assert (found.gained, found.lost) == (1, 2)


def test_a_lost_outcome_counts_against_a_gain():
    nan = math.nan
    # i0: lost by the submission, taken as 0 against 1, i1: lost by the baseline, taken as 1 against 1
    found = compare([evaluation([1, nan, 0, 1])], evaluation([nan, 1, 1, 1]))
    assert (found.gained, found.lost) == (1, 1)


@pytest.mark.parametrize(
    ("baseline", "scored", "why"),
    [
        ([], {}, "no baseline on the feedback items"),
        ([{}], {"values": None}, "no per-item outcomes"),
        ([{"evaluator": "exact@2"}], {}, "another evaluator"),
        ([{}], {"values": np.full(8, 0.5)}, "0/1 items"),
        ([{}], {"item_ids": tuple("abcdefgh")}, "baseline lacks"),
        ([{"clusters": tuple("aabbccdd")}], {}, "clusters"),
    ],
)
def test_why_there_is_no_e_value(baseline, scored, why):
    found = compare([evaluation(BASE, **more) for more in baseline], evaluation(BASE, **scored))
    assert math.isnan(found.log_e)
    assert why in (found.why or "")
