from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from posttrace.analysis.audit.evidence import Evidence, Sample
from posttrace.analysis.audit.verdict import CODES, Rules
from posttrace.analysis.audit.wording import label
from posttrace.analysis.stats.items.bounds import Bounds
from posttrace.analysis.stats.items.maxt import MaxTResult
from posttrace.analysis.stats.items.selection import CorrectedGain


def evidence(
    p: tuple[float, float] = (0.5, 0.6), lower: tuple[float, float] = (-0.01, -0.02), **changes: Any
) -> Evidence:
    """Two submissions, the first one the winner with 5 pp."""
    arrays = np.array
    test = MaxTResult(
        t=arrays([1.0, 0.5]),
        p_flip=arrays(p),
        p_boot=arrays(p),
        p=arrays(p),
        p_some=p[0],
        p_stepdown=arrays(p),
        p_one=arrays(p) / 2,
        p_less=arrays(changes.pop("p_less", (0.9, 0.9))),
        critical=2.0,
        critical_abs=2.2,
        skew_error=changes.pop("skew_error", float("nan")),
        corrected=CorrectedGain(0.03, 0.02),
    )
    upper = changes.pop("upper", 0.08)
    sample = Sample(
        n=200,
        n_units=changes.pop("n_units", 200),
        clustered=changes.pop("clustered", False),
        k=2,
        m=1,
        p0=changes.pop("p0", 0.5),
        baseline_var=0.001,
        se_items=float("nan"),
        se_decode=float("nan"),
        gains=arrays([0.05, 0.04]),
        se=arrays([0.02, 0.02]),
        winner=0,
    )
    bounds = Bounds(arrays(lower), arrays(lower), arrays([upper, 0.01]), arrays([upper, 0.01]))
    return Evidence(sample, test, bounds, changes.pop("mde80", 0.06), 0.05)


GAIN: dict[str, Any] = {"p": (0.001, 0.6), "lower": (0.01, -0.02)}


def decide(e: Evidence, factor: float = 1.0, k_known: bool = True) -> tuple[str, str]:
    """Code and what is printed, with a family that multiplies p."""
    verdict = Rules()(e, lambda p: min(1.0, factor * p), k_known)
    return verdict.code, label(verdict.code, verdict.short, 0.02)


@pytest.mark.parametrize(
    ("e", "code", "printed"),
    [
        (evidence(**GAIN), "exceeds", "gain exceeds noise (single run)"),
        (evidence(p_less=(0.01, 0.04)), "regression", "regression"),
        (evidence(p_less=(0.01, 0.06)), "underpowered", "undetermined: underpowered, MDE = 6.0 pp"),
        (evidence(**GAIN, n_units=9, clustered=True), "undetermined", "undetermined: too few clusters"),
        (evidence(**GAIN, n_units=10, clustered=True), "exceeds", "gain exceeds noise (single run)"),
        (evidence(**GAIN, skew_error=0.03), "undetermined", "undetermined: skewed differences"),
        (evidence(**GAIN, skew_error=0.02), "exceeds", "gain exceeds noise (single run)"),
        (
            evidence(p=(0.001, 0.6)),
            "undetermined",
            "undetermined: lower bound -1.0 pp is not above +0.0 pp",
        ),
        (
            evidence(p=(0.06, 0.01), lower=(-0.01, 0.01)),
            "undetermined",
            "undetermined: only another submission qualifies",
        ),
        (evidence(p=(0.06, 0.01), lower=(-0.01, -0.01)), "underpowered", None),
        (evidence(upper=0.019), "no_gain_larger_than_delta", "no gain larger than 2 pp"),
        (evidence(upper=0.02, mde80=0.02), "within_noise", "within noise"),
        (evidence(mde80=0.0201), "underpowered", "undetermined: underpowered, MDE = 2.0 pp"),
        (
            evidence(mde80=float("nan")),
            "underpowered",
            "undetermined: underpowered, no attainable gain is detectable",
        ),
        (
            evidence(p0=0.95),
            "underpowered",
            "undetermined: underpowered, no attainable gain is detectable",
        ),
    ],
)
def test_first_rule_that_matches(e, code, printed):
    assert decide(e)[0] == code
    if printed is not None:
        assert decide(e)[1] == printed


def test_the_family_of_runs_counts():
    assert decide(evidence(**GAIN), factor=50)[0] == "exceeds"
    assert decide(evidence(**GAIN), factor=51)[0] == "underpowered"
    another = evidence(p=(0.06, 0.01), lower=(-0.01, 0.01))
    assert decide(another, factor=6)[0] == "underpowered"


def test_an_unknown_number_of_submissions_blocks_a_gain_alone():
    verdict = Rules()(evidence(**GAIN), lambda p: p, k_known=False)
    # the bound decides: gain / se = 2.5 is more than z_(.05/8) = 2.498, but not than z_(.05/9) = 2.539
    short = "number of submissions unknown, significant up to k = 8"
    assert (verdict.code, verdict.short) == ("undetermined", short)
    assert decide(evidence(), k_known=False)[0] == "underpowered"


def test_a_least_gain_may_be_asked_for():
    rules = Rules(delta_min=0.01)
    assert rules(evidence(**GAIN), lambda p: p).code == "undetermined"
    assert replace(rules, delta_min=0.009)(evidence(**GAIN), lambda p: p).code == "exceeds"


def test_reasons_carry_the_numbers():
    verdict = Rules()(evidence(**GAIN), lambda p: p)
    assert verdict.reason == "gain +5.0 pp, lower bound +1.0 pp, p = 0.0010 (k = 2, n = 200)"
    assert Rules()(evidence(p_less=(0.01, 0.04)), lambda p: p).reason.startswith("every submission is below")


def test_codes():
    assert CODES == (
        "invalid",
        "regression",
        "exceeds",
        "undetermined",
        "no_gain_larger_than_delta",
        "within_noise",
        "underpowered",
    )
