"""Runs in which nothing was gained: how often does the audit, as a whole, claim a gain?"""

import math

import numpy as np
import pytest

from posttrace.analysis.audit.audit import AuditSettings, audit
from tests.analysis.inmemory import Start, Traces, run_of
from tests.analysis.simulated import Experiment


def claims(experiment: Experiment, count: int, resamples: int) -> float:
    """Share of ``count`` null runs, each audited by itself, whose verdict is ``exceeds``."""
    rng = np.random.default_rng(0)
    found = 0
    for i in range(count):
        paired = experiment.draw(rng)
        run = run_of(paired.baseline, paired.submissions, Start(run_id=f"lottery-{i}"))
        (row,) = audit(Traces((run,)), AuditSettings(resamples=resamples)).runs
        found += row.verdict == "exceeds"
    return found / count


def test_best_of_eight_null_submissions():
    # the base submitted eight times against its own three scorings: alpha plus three Monte-Carlo errors
    share = claims(Experiment(500, 0.5, 0.5, 8, 3), 200, 300)
    assert share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_claims_are_made_when_the_gain_is_real():
    # the same lottery with a true gain of 10 pp: a test that never claims would pass the one above
    assert claims(Experiment(500, 0.5, 0.5, 8, 3, gain=0.10), 20, 300) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 8, 30])
def test_lotteries_at_full_size(k):
    share = claims(Experiment(2000, 0.5, 0.5, k, 3), 400, 1000)
    assert share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
