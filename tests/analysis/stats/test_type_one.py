"""Error rates of the verdict's parts on experiments with a known truth.

Every limit is the promised rate plus three Monte-Carlo standard errors at that rate. More experiments of more
cases: ``make simulate``.
"""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.noise import rates, type_one, upper
from benchmarks.noise.estimate import generator, limit
from benchmarks.noise.experiment import Experiment
from posttrace.analysis.stats.items.bounds import GainBounds
from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired

COUNT = 300

SMALL = [
    Experiment(82, 0.5, 0.0, 30),
    Experiment(82, 0.93, 0.0, 10),
    Experiment(134, 0.06, 0.5, 5),
    Experiment(134, 0.5, 0.5, 10, collapsed=True),
    Experiment(200, 0.1, 0.5, 1),
    Experiment(200, 0.6, 0.0, 10, 3),
    Experiment(200, 0.93, 0.0, 10, 3),
    Experiment(200, 0.0, 0.0, 10, skewed=True),
]


def row(experiment: Experiment, count: int, seed: int = 0) -> dict[str, object]:
    return type_one.Case(experiment, count).row(generator(seed, str(experiment)))


@pytest.mark.parametrize("experiment", SMALL, ids=str)
def test_small_grid(experiment):
    assert row(experiment, COUNT)["kept"] == "yes"


@pytest.mark.slow
@pytest.mark.parametrize("case", type_one.cases(full=True), ids=lambda case: str(case.experiment))
def test_full_grid(case):
    assert row(case.experiment, COUNT, seed=1)["kept"] == "yes"


def test_a_broken_promise_is_seen():
    # the same simulation, told that nothing was gained where every submission gains 10 pp
    found = rates.repeat(Experiment(200, 0.1, 0.5, 5, gain=0.1), 50, np.random.default_rng(0))
    assert found.exceeds.value > limit(0.05, 50)
    assert found.covered.value > 0.8


@pytest.mark.parametrize("experiment", [*SMALL, Experiment(40, 0.3, 0.5, 3, gain=0.1, alone=True)], ids=str)
def test_what_is_not_resampled_could_not_have_been_claimed(experiment):
    rng, spared = np.random.default_rng(3), 0
    for _ in range(12):
        paired = experiment.draw(rng)
        if rates.could_matter(paired, experiment.gains):
            continue
        spared += 1
        test = MaxT(rates.ALPHA, 400)(paired, rng)
        lower = GainBounds(rates.ALPHA)(paired, test.critical, test.critical_abs).lower
        assert lower[paired.winner] <= 0
        assert (lower <= experiment.gains + 1e-12).all()
    assert spared > 0


@pytest.mark.parametrize(
    "experiment",
    [e for e in SMALL if e.n >= 134 and not e.collapsed and not e.skewed],
    ids=str,
)
def test_corrected_gain_is_unbiased_without_a_true_gain(experiment):
    # .5 pp are allowed
    found = rates.mean_corrected(experiment, COUNT, np.random.default_rng(0))
    assert abs(found.value) <= 0.5 + 3 * found.se


BOUNDARY = [
    Experiment(200, 0.93, 0.0, 1, gain=0.02),
    Experiment(82, 0.02, 0.5, 1, 5, gain=0.02),
    Experiment(1319, 0.5, 0.5, 1, gain=0.02),
    Experiment(1319, 0.1, 0.5, 5, gain=0.02),
]


@pytest.mark.parametrize("experiment", BOUNDARY, ids=str)
def test_no_larger_gain_is_rarely_claimed_at_that_very_gain(experiment):
    hits = upper.claimed(experiment, COUNT, np.random.default_rng(1))
    assert hits / COUNT <= limit(0.055, COUNT)


def test_no_larger_gain_can_be_claimed():
    null = Experiment(1319, 0.1, 0.5, 1)
    assert upper.claimed(null, 200, np.random.default_rng(1)) >= 100


@pytest.mark.slow
@pytest.mark.parametrize("case", upper.cases(full=True), ids=lambda case: str(case.experiment))
def test_upper_bound_at_full_size(case):
    found = upper.claimed(case.experiment, case.count, generator(1, str(case.experiment)))
    assert found / case.count <= limit(0.055, case.count)


def test_same_seed_same_row():
    experiment = replace(SMALL[0], k=5)
    assert row(experiment, 20) == row(experiment, 20)
    drawn = [rates.corrected(experiment, 5, generator(seed, "x")).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("p0", [0.006, 0.02])
def test_a_loss_is_rarely_claimed_where_successes_are_rare(p0):
    """A submission as good as a baseline scored four times; resampling alone errs at .07 to .11."""
    rng, count, claimed = np.random.default_rng(2), 250, 0
    for _ in range(count):
        base = (rng.random((4, 400)) < p0).astype(np.float64)
        scored = (rng.random((400, 1)) < p0).astype(np.float64)
        claimed += int(MaxT(0.05, 500)(Paired(base, scored), rng).p_less[0] <= 0.05)
    assert claimed / count <= limit(0.05, count)
