from itertools import product
from typing import Any

import numpy as np
import pytest

from posttrace.analysis.stats.items.maxt import MaxT
from posttrace.analysis.stats.items.paired import Paired, Units
from posttrace.analysis.stats.items.resampling import Null, Resampling

B = 20_000


def close(p_drawn: Any, p_exact: Any) -> bool:
    """Within four Monte-Carlo standard errors."""
    return bool(abs(p_drawn - p_exact) <= 4 * np.sqrt(p_exact * (1 - p_exact) / B) + 1e-12)


def studentised(d: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """T of each column, straight from the definition of the CR1 standard error."""
    n, mean = len(d), d.mean(axis=0)
    labels = np.unique(clusters)
    squares = sum((d[clusters == c] - mean).sum(axis=0) ** 2 for c in labels)
    variance = len(labels) / (len(labels) - 1) * squares / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean / np.sqrt(np.where(variance < 1e-15, 0, variance))
    return np.where(np.abs(mean) < 1e-15, 0.0, t)


def sample(clustered: bool) -> tuple[np.ndarray, np.ndarray, Units]:
    """Differences (12, 2) of items in 12 or in 7 unequal clusters."""
    d = np.array([[1, 0, 0, 1, -1, 1, 1, 0, 1, 0, 1, 1], [0, 1, 1, 1, 0, -1, 0, 1, -1, 0, 1, 0]]).T / 2
    clusters = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 6]) if clustered else np.arange(12)
    return d, clusters, Paired(np.zeros((1, 12)), d, clusters if clustered else None).units


@pytest.mark.parametrize("clustered", [False, True])
def test_flip_against_all_sign_patterns(clustered):
    d, clusters, units = sample(clustered)
    t = studentised(d, clusters)
    assert units.t == pytest.approx(t)
    signs = list(product((1, -1), repeat=len(set(clusters))))
    null = np.array([studentised(np.array(s)[clusters][:, None] * d, clusters) for s in signs])
    around = d - d.mean(axis=0)
    centred = np.array([studentised(np.array(s)[clusters][:, None] * around, clusters) for s in signs])
    drawn = Resampling(B)(units, np.random.default_rng(1))
    for j in range(2):
        assert close(drawn.flip.above[j] / B, np.mean(null[:, j] >= t[j] - 1e-9))
        assert close(drawn.flip.below[j] / B, np.mean(null[:, j] <= t[j] + 1e-9))
        assert close(drawn.flip.reached(t)[j] / B, np.mean(null.max(axis=1) >= t[j] - 1e-9))
    for point in (1.0, 1.5, 2.0):
        assert close(np.mean(drawn.centred.largest >= point), np.mean(centred.max(axis=1) >= point))
        two_sided = np.mean(np.abs(centred).max(axis=1) >= point)
        assert close(np.mean(drawn.centred.largest_abs >= point), two_sided)


@pytest.mark.parametrize("clustered", [False, True])
def test_boot_and_out_of_bag_against_all_draws(clustered):
    # 5 units: all 5^5 = 3125 equally likely samples
    d = np.array([[1, 0, 0.5, 1, -1, 0.2], [0, 1, 1, -0.5, 0, 0.4]]).T
    clusters = np.array([0, 1, 2, 2, 3, 4] if clustered else [0, 1, 2, 3, 4, 5])
    if not clustered:
        d, clusters = d[:5], clusters[:5]
    units = Paired(np.zeros((1, len(d))), d, clusters if clustered else None).units
    null, left_out = [], []
    for draw in product(range(5), repeat=5):
        rows = np.concatenate([np.flatnonzero(clusters == c) for c in draw])
        gains = d[rows].mean(axis=0)
        null.append((gains - d.mean(axis=0)) / units.se)
        out = ~np.isin(clusters, draw)
        left_out.append(d[out, int(np.argmax(np.round(gains, 12)))].mean() if out.any() else np.nan)
    drawn = Resampling(B)(units, np.random.default_rng(2))
    largest = np.array(null).max(axis=1)
    for point in (0.5, 1.0, 1.5):
        assert close(np.mean(drawn.boot.largest >= point), np.mean(largest >= point))
    assert close(np.mean(np.isnan(drawn.out_of_bag)), np.mean(np.isnan(left_out)))
    se = np.nanstd(left_out) / np.sqrt(B)
    assert np.nanmean(drawn.out_of_bag) == pytest.approx(np.nanmean(left_out), abs=4 * se)


@pytest.mark.parametrize("chunk", [1, 7, 499, 10_000])
@pytest.mark.parametrize("clustered", [False, True])
def test_chunks_change_nothing(chunk, clustered):
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 30, 101) if clustered else None
    units = Paired(rng.random((3, 101)), rng.random((101, 4)), clusters).units
    whole = Resampling(500)(units, np.random.default_rng(4))
    cut = Resampling(500, chunk)(units, np.random.default_rng(4))
    for name in ("flip", "centred", "boot"):
        for field in Null.__dataclass_fields__:
            a, b = (getattr(getattr(x, name), field) for x in (whole, cut))
            assert np.array_equal(a, b), (name, field)
    assert np.array_equal(whole.out_of_bag, cut.out_of_bag, equal_nan=True)


def test_another_generator_gives_other_draws():
    units = sample(False)[2]
    a, b = (Resampling(200)(units, np.random.default_rng(seed)) for seed in (5, 6))
    assert not np.array_equal(a.boot.largest, b.boot.largest)
    assert not np.array_equal(a.flip.largest, b.flip.largest)


def test_columns_without_spread_add_nothing_to_the_bootstrap():
    d = np.column_stack([np.zeros(12), np.ones(12), sample(False)[0][:, 0]])
    drawn = Resampling(300)(Paired(np.zeros((1, 12)), d).units, np.random.default_rng(7))
    assert (drawn.boot.largest >= 0).all()
    assert np.isfinite(drawn.boot.largest).all()


@pytest.mark.parametrize("clustered", [False, True])
def test_single_and_double_precision_agree_to_the_bit(clustered):
    """Whole numbers are summed in single precision, halves of them in double; T knows no scale."""
    _, _, halves = sample(clustered)
    whole = Units(2 * halves.sums, halves.sizes)
    one, other = (Resampling(200)(units, np.random.default_rng(3)) for units in (whole, halves))
    for a, b in ((one.flip, other.flip), (one.centred, other.centred), (one.boot, other.boot)):
        assert np.array_equal(a.largest, b.largest)
        assert np.array_equal(a.stepdown, b.stepdown)
    assert np.array_equal(one.out_of_bag, 2 * other.out_of_bag, equal_nan=True)


@pytest.mark.parametrize("seed", range(5))
def test_submissions_that_tie_have_one_stepdown_p_in_any_order_of_items(seed):
    # 6 items gained and 2 lost in both, but not the same ones: t is the same but for the last bit
    rng = np.random.default_rng(seed)
    d = np.zeros((60, 3))
    for j, items in enumerate((range(8), range(4, 12), range(20, 23))):
        d[list(items), j] = 1
    d[[6, 7], 0] = d[[4, 5], 1] = -1
    d = d[rng.permutation(60)]
    tested = MaxT(resamples=300)(Paired(np.zeros((1, 60)), d), np.random.default_rng(9))
    assert tested.p_stepdown[0] == tested.p_stepdown[1]
    first = MaxT(resamples=300)(Paired(np.zeros((1, 60)), d[:, [1, 2, 0]]), np.random.default_rng(9))
    assert np.array_equal(first.p_stepdown, tested.p_stepdown[[1, 2, 0]])
