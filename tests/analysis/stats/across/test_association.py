from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from posttrace.analysis.stats.across.association import StratifiedPermutation, cmh
from posttrace.analysis.stats.across.contrast import PairedContrast

GAINS = np.array([0.3, 0.1, 0.2, 0.5, 0.4, 0.1, 0.0])
KINDS = np.array([True, False, False, True, True, False, False])
TASKS = np.array([0, 0, 0, 1, 1, 1, 1])


def weighted(gains: np.ndarray, kinds: np.ndarray, tasks: np.ndarray) -> float:
    total = 0.0
    for task in np.unique(tasks):
        y, kind = gains[tasks == task], kinds[tasks == task]
        total += len(y) * (y[kind].mean() - y[~kind].mean())
    return total / len(gains)


def arrangements(kinds: np.ndarray, tasks: np.ndarray) -> list[np.ndarray]:
    """Every way to hand out the labels of each task among its runs."""
    each = []
    for task in np.unique(tasks):
        members = np.flatnonzero(tasks == task)
        each.append(list(combinations(members, int(kinds[members].sum()))))
    return [np.isin(np.arange(len(kinds)), np.concatenate(chosen)) for chosen in product(*each)]


def test_every_arrangement_within_tasks_counts():
    # task 0: 3 runs, 1 labelled; task 1: 4 runs, 2 labelled: 3 x 6 arrangements
    found = StratifiedPermutation()(GAINS, KINDS, TASKS, np.random.default_rng(0))
    null = np.array([weighted(GAINS, kinds, TASKS) for kinds in arrangements(KINDS, TASKS)])
    # (3 (.3 - .15) + 4 (.45 - .05)) / 7
    assert found.difference == pytest.approx((0.45 + 1.6) / 7)
    assert found.arrangements == len(null) == 18
    assert found.p_greater == pytest.approx(np.mean(null >= found.difference - 1e-9)) == 1 / 18
    assert found.p_less == pytest.approx(np.mean(null <= found.difference + 1e-9)) == 1
    assert (found.p, found.p_least, found.exact) == (2 / 18, 1 / 18, True)
    assert (found.strata, found.n_one, found.n_other) == (2, 3, 4)


@given(st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=7))
def test_pairs_as_strata_are_sign_flips(d: list[float]):
    differences = np.array(d)
    gains = np.column_stack([differences, np.zeros(len(d))]).ravel()
    kinds = np.tile([True, False], len(d))
    found = StratifiedPermutation()(gains, kinds, np.repeat(np.arange(len(d)), 2), np.random.default_rng(0))
    assert found.difference == pytest.approx(differences.mean())
    assert found.p == pytest.approx(PairedContrast()(differences).p_flip)
    assert found.p_least == 2.0 ** -len(d)


def test_four_tasks_with_one_run_each_cannot_go_below_one_in_sixteen():
    gains = np.array([0.1, 0.0] * 4)
    found = StratifiedPermutation()(
        gains, np.tile([True, False], 4), np.repeat(range(4), 2), np.random.default_rng(0)
    )
    assert found.p_greater == found.p_least == 1 / 16


@given(st.floats(-1, 1), st.integers(0, 1))
def test_a_shift_of_a_whole_task_changes_nothing(shift: float, task: int):
    moved = GAINS + np.where(task == TASKS, shift, 0.0)
    one, two = (StratifiedPermutation()(g, KINDS, TASKS, np.random.default_rng(0)) for g in (GAINS, moved))
    assert two.difference == pytest.approx(one.difference)
    assert (two.p, two.p_greater) == (one.p, one.p_greater)


def test_draws_approach_the_enumeration():
    exact = StratifiedPermutation()(GAINS, KINDS, TASKS, np.random.default_rng(0))
    drawn = StratifiedPermutation(20_000, limit=17)(GAINS, KINDS, TASKS, np.random.default_rng(0))
    assert not drawn.exact
    # binomial error of a share of 1/18 in 20,000 draws is .0016
    assert drawn.p_greater == pytest.approx(exact.p_greater, abs=0.005)
    assert drawn.p_least == 1 / 20_001


def test_the_same_seed_gives_the_same():
    method = StratifiedPermutation(500, limit=1)
    one, two, other = (method(GAINS, KINDS, TASKS, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == two
    assert one.p_greater != other.p_greater


def test_a_task_with_one_kind_says_nothing():
    alone = np.array([2, 2])
    found = StratifiedPermutation()(
        np.append(GAINS, [9.0, 9.0]),
        np.append(KINDS, [True, True]),
        np.append(TASKS, alone),
        np.random.default_rng(0),
    )
    assert found == StratifiedPermutation()(GAINS, KINDS, TASKS, np.random.default_rng(0))


def test_without_both_kinds_it_is_undefined():
    found = StratifiedPermutation()(GAINS, np.ones(7, dtype=bool), TASKS, np.random.default_rng(0))
    assert np.isnan([found.difference, found.p, found.p_greater]).all()
    assert found.reason == "no stratum has both kinds"


def test_a_gain_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite outcome"):
        StratifiedPermutation()(np.append(GAINS[:-1], np.nan), KINDS, TASKS, np.random.default_rng(0))


ROUTES = np.array([[[8, 4], [2, 6]], [[5, 2], [5, 8]], [[9, 7], [1, 3]]])


def test_three_tables_by_the_formula():
    found = cmh(ROUTES)
    n = ROUTES.sum(axis=(1, 2))
    rows, columns = ROUTES.sum(axis=2), ROUTES.sum(axis=1)
    expected = rows[:, 0] * columns[:, 0] / n
    variance = rows.prod(axis=1) * columns.prod(axis=1) / (n**2 * (n - 1))
    assert found.chi2 == pytest.approx((ROUTES[:, 0, 0] - expected).sum() ** 2 / variance.sum())
    assert found.chi2 == pytest.approx(6.131474103585658)
    assert found.p == pytest.approx(0.013279610446596757)
    # (8 6 / 20 + 5 8 / 20 + 9 3 / 20) / (4 2 / 20 + 2 5 / 20 + 7 1 / 20) = 115 / 25
    assert found.odds_ratio == pytest.approx(4.6)
    assert found.tables == 3


def test_the_odds_ratio_of_admissions_at_berkeley():
    # Bickel, Hammel & O'Connell 1975: men and women admitted and rejected by six departments; R's
    # mantelhaen.test says common odds ratio 0.9046968
    departments = [
        [[512, 313], [89, 19]],
        [[353, 207], [17, 8]],
        [[120, 205], [202, 391]],
        [[138, 279], [131, 244]],
        [[53, 138], [94, 299]],
        [[22, 351], [24, 317]],
    ]
    assert cmh(np.array(departments)).odds_ratio == pytest.approx(0.9046968, abs=1e-7)


def test_one_table_is_fishers_test():
    for table in ([[3, 1], [1, 3]], [[8, 2], [1, 5]], [[0, 4], [3, 2]]):
        found = cmh(np.array([table]))
        assert found.p_two_sided == pytest.approx(fisher_exact(table).pvalue)
        assert found.p_greater == pytest.approx(fisher_exact(table, "greater").pvalue)
        assert found.p_less == pytest.approx(fisher_exact(table, "less").pvalue)


def test_the_exact_test_is_the_permutation_of_labels():
    # independent path: outcomes 0/1 with the labels of each table handed out in every way; the sum of
    # upper left cells is a weighted count, so its null distribution is enumerated directly
    tables = np.array([[[2, 1], [1, 2]], [[1, 0], [1, 2]]])
    kinds, good, strata = [], [], []
    for s, table in enumerate(tables):
        for (row, column), count in np.ndenumerate(table):
            kinds += [row == 0] * count
            good += [column == 0] * count
            strata += [s] * count
    null = [int((k & np.array(good)).sum()) for k in arrangements(np.array(kinds), np.array(strata))]
    observed = tables[:, 0, 0].sum()
    found = cmh(tables)
    assert found.p_greater == pytest.approx(np.mean(np.array(null) >= observed))
    assert found.p_less == pytest.approx(np.mean(np.array(null) <= observed))


def test_tables_with_an_empty_margin_are_left_out():
    empty = [[[3, 0], [2, 0]], [[0, 0], [1, 4]]]
    found = cmh(np.array([*ROUTES.tolist(), *empty]))
    assert found == cmh(ROUTES)
    nothing = cmh(np.array(empty))
    assert np.isnan([nothing.chi2, nothing.p_two_sided, nothing.odds_ratio]).all()
    assert nothing.reason.startswith("no stratum")


def test_only_one_diagonal_filled_has_no_finite_odds_ratio():
    assert cmh(np.array([[[3, 0], [0, 3]]])).odds_ratio == np.inf
    assert cmh(np.array([[[0, 3], [3, 0]]])).odds_ratio == 0


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        cmh(np.array([[[1, -1], [2, 3]]]))
