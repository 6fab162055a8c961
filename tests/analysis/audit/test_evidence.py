import numpy as np
import pytest

from posttrace.analysis.audit.evidence import Measure, Sample
from posttrace.analysis.stats.items.paired import Paired
from tests.analysis.simulated import Experiment


def test_variance_of_a_baseline_given_its_items():
    # four items scored twice: 0 1, 0 0, 1 1, 1 0: variances 1/2, 0, 0, 1/2; of each mean half that; of the
    # mean over items (1/4 + 1/4) / 16 = 1/32
    base = np.array([[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
    assert Sample.of(Paired(base, np.ones((4, 1)))).baseline_var == pytest.approx(1 / 32)
    # one scoring: p0 (1 - p0) / n = 1/4 / 4
    assert Sample.of(Paired(base[:1], np.ones((4, 1)))).baseline_var == pytest.approx(1 / 16)


def test_properties_are_those_of_the_winner():
    paired = Experiment(200, 0.5, 0.3, 5, gain=0.05).draw(np.random.default_rng(0))
    evidence = Measure(0.05, 499)(paired, np.random.default_rng(1))
    w = int(np.argmax(paired.d.mean(axis=0)))
    assert evidence.winner == w
    assert evidence.gain == pytest.approx(paired.d[:, w].mean())
    assert evidence.p == evidence.test.p[w]
    assert evidence.lower == evidence.bounds.lower[w] < evidence.gain < evidence.upper
    assert evidence.upper == evidence.bounds.upper.max()
    assert not evidence.skewed
