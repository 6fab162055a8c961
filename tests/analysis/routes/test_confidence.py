"""Confidence: features of evidence, the fit against closed forms, calibration error by hand, withholding."""

from __future__ import annotations

import math
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from posttrace.analysis.routes.confidence import (
    FEATURES,
    SHIPPED,
    Calibration,
    Fit,
    calibration_error,
    features,
    judged,
    shipped,
)
from posttrace.analysis.routes.route import Evidence, Route

UPDATE = Evidence("update", "the weights are changed here", "train.py", 7)
TRAINER = Evidence("trainer", "a trainer is made", "train.py", 5)
SETTING = Evidence("setting", "an algorithm is named", "train.py", 4)
UNREAD = Evidence("unread", "a syntax error")


@pytest.mark.parametrize(
    ("route", "holds"),
    [
        (Route((), "C"), {"nothing"}),
        (Route((), "C", (UNREAD,)), {"nothing", "unread"}),
        (Route((), "C", (Evidence("mentions", "fit()", "a.py", 1),)), {"nothing", "mentions"}),
        (Route(("sft",), "C", (UPDATE,)), {"handwritten"}),
        (Route(("sft",), "C", (TRAINER, UPDATE)), {"trainer"}),
        (Route(("grpo",), "B", (SETTING, TRAINER)), {"setting"}),
        (Route(("sft", "grpo"), "C", (TRAINER,)), {"trainer", "sequence"}),
        (Route(("sft",), "D", (TRAINER,)), {"names"}),
        (Route(("sft",), "C", (TRAINER,), {"certain": "no"}), {"trainer", "undecided"}),
        (Route(("sft",), "C"), {"handwritten", "unplaced"}),
    ],
)
def test_features(route, holds):
    assert features(route) == holds
    assert holds <= set(FEATURES)


def test_without_features_the_fit_is_the_rule_of_succession():
    # one right and one wrong verdict are added: (7 + 1) / (9 + 2)
    found = Fit()([frozenset()] * 9, [True] * 7 + [False] * 2)
    assert 1 / (1 + math.exp(-found.intercept)) == pytest.approx(8 / 11, abs=1e-4)
    assert found.weights == {}
    assert found.units == 9


def test_no_verdicts_leave_even_odds():
    assert Fit()([], []) == Calibration(0.0, {}, 0)


def test_the_fit_is_the_maximum_of_the_posterior():
    holds = [frozenset({"trainer"})] * 6 + [frozenset({"handwritten"})] * 4
    right = [True] * 5 + [False] + [True] + [False] * 3
    found = Fit(spread=0.7)(holds, right)

    def surprise(intercept, weights):
        odds = [intercept + sum(weights[name] for name in of) for of in holds]
        told = sum(
            np.log1p(np.exp(-o)) if ok else np.log1p(np.exp(o)) for o, ok in zip(odds, right, strict=True)
        )
        succession = np.log1p(np.exp(-intercept)) + np.log1p(np.exp(intercept))
        return told + succession + sum(w**2 for w in weights.values()) / (2 * 0.7**2)

    for name in ("trainer", "handwritten"):
        best = minimize_scalar(lambda w, n=name: surprise(found.intercept, {**found.weights, n: w}))
        assert found.weights[name] == pytest.approx(best.x, abs=1e-3)
    best = minimize_scalar(lambda b: surprise(b, found.weights))
    assert found.intercept == pytest.approx(best.x, abs=1e-3)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_one_more_right_verdict_makes_surer(right):
    holds = [frozenset({"trainer"})] * len(right)
    route = Route(("sft",), "C", (TRAINER,))
    before = Fit()(holds, right).confidence(route)
    after = Fit()([*holds, holds[0]], [*right, True]).confidence(route)
    assert 0 < before < after < 1


def test_calibration_error_by_hand():
    # bin .9-1: mean .95, one of two right; bin .2-.3: .2, none of one right
    assert calibration_error([0.95, 0.95, 0.2], [True, False, False]) == pytest.approx((2 * 0.45 + 0.2) / 3)
    assert calibration_error([1.0, 1.0], [True, True]) == 0.0
    assert math.isnan(calibration_error([], []))


def test_names_alone_are_never_sure():
    sure = Calibration(5.0, {})
    assert sure.confidence(Route(("sft",), "D")) == 0.5
    assert sure.confidence(Route(("sft",), "C", (TRAINER,))) > 0.99


def test_equal_bytes_are_proof():
    copied = Route((), "A", (Evidence("base_copy", "byte for byte", "out"),))
    assert Calibration(-5.0, {}).confidence(copied) == 1.0
    assert judged(copied).label == "no_train"


def test_unknown_claims_nothing():
    route = Route(("unknown",), None, (), candidates=("sft", "dpo"))
    assert judged(route) == route
    assert route.confidence is None


def test_an_unsure_verdict_is_withheld():
    route = Route(("dpo",), "C", (UPDATE,), {"data": "given"})
    found = judged(route, calibration=Calibration(0.0, {"handwritten": -1.0}))
    assert found.label == "unknown"
    assert found.candidates == ("dpo",)
    assert found.confidence == pytest.approx(1 / (1 + math.e))
    assert found.evidence == route.evidence
    assert judged(found) == found  # again, and by another calibration, nothing changes


def test_the_threshold_may_be_set():
    route = Route(("dpo",), "C", (UPDATE,))
    kept = judged(route, threshold=0.2, calibration=Calibration(0.0, {"handwritten": -1.0}))
    assert kept == route.with_confidence(kept.confidence)
    assert kept.label == "dpo"


def test_what_ships_names_known_features():
    found = tomllib.loads(SHIPPED.read_text())
    assert set(found["weights"]) <= set(FEATURES)
    assert shipped().confidence(Route(("sft",), "C", (TRAINER,))) > 0.5
