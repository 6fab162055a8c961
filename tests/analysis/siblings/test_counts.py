from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.published.tables import open_tables
from posttrace.analysis.siblings.counts import consistent_counts, consistent_splits, totals
from posttrace.traces.errors import InputError

[LEADERBOARD] = open_tables("published:mlebench")


def printed(counts: tuple[int, ...], n: int, digits: int = 2) -> tuple[str, str]:
    rates = 100 * np.array(counts) / n
    return f"{rates.mean():.{digits}f}", f"{rates.std(ddof=1) / np.sqrt(len(counts)):.{digits}f}"


def test_the_counts_behind_a_published_rate():
    # 79/225 = 35.11 %; (26, 26, 27): sd 0.5774 counts, / sqrt(3) = 1/3 count = 0.444 % of 75
    assert totals("35.11", 75, 3) == (79,)
    assert consistent_counts("35.11", "0.44", 75, 3) == [(26, 26, 27)]


def test_all_counts_by_brute_force():
    for rate, error in (("22.40", "0.50"), ("20.00", "1.00"), ("44.0", "1.3")):
        digits = len(rate.split(".")[1])
        every = [
            c
            for c in combinations_with_replacement(range(10, 40), 3)
            if printed(c, 75, digits) == (rate, error)
        ]
        assert consistent_counts(rate, error, 75, 3) == every


@given(st.lists(st.integers(0, 22), min_size=2, max_size=5), st.integers(0, 3))
@settings(deadline=None)
def test_true_counts_are_among_the_consistent_ones(counts, digits):
    rate, error = printed(tuple(counts), 22, digits)
    assert tuple(sorted(counts)) in consistent_counts(rate, error, 22, len(counts))


@given(st.lists(st.integers(0, 15), min_size=2, max_size=4))
@settings(deadline=None)
def test_every_consistent_count_prints_as_given(counts):
    rate, error = printed(tuple(counts), 15)
    for found in consistent_counts(rate, error, 15, len(counts)):
        mean, sem = (float(text) for text in printed(found, 15, 6))
        assert abs(mean - float(rate)) <= 0.005 + 1e-6
        assert abs(sem - float(error)) <= 0.005 + 1e-6


@pytest.mark.parametrize(
    ("system", "all_counts", "tables"),
    [
        ("R&D-Agent gpt-5", (26, 26, 27), 5),
        ("R&D-Agent o3+GPT-4.1", (22, 22, 24), 1),
        ("R&D-Agent o1-preview", (16, 16, 17, 17, 18), 5),
    ],
)
def test_the_splits_of_a_published_row_add_up(system, all_counts, tables):
    cells = LEADERBOARD.cells
    row = cells[cells["system"] == system].iloc[0]
    seeds = int(row["n_seeds"])
    parts = [
        consistent_counts(row[f"{name}_pct"], row[f"{name}_err"], n, seeds)
        for name, n in (("low", 22), ("medium", 38), ("high", 15))
    ]
    whole = consistent_counts(row["all_pct"], row["all_err"], 75, seeds)
    assert whole == [all_counts]
    found = consistent_splits(parts, whole)
    assert len(found) == tables
    for table in found:
        assert tuple(sorted(np.sum(table, axis=0).tolist())) == all_counts


def test_an_sd_printed_for_an_sem():
    # the row as first printed: sd of (22, 22, 24) / 75 = 1.54 %
    assert consistent_counts("30.22", "1.5", 75, 3, error_is="SD") == [(22, 22, 24)]
    assert consistent_counts("30.22", "1.5", 75, 3) != [(22, 22, 24)]


def test_numbers_without_integer_counts():
    # 23.4 % of 225 is 52.65: 52 prints as 23.1, 53 as 23.6
    assert totals("23.4", 75, 3) == ()
    assert totals("35.1", 75, 3) == (79,)
    # the mean fits, no spread of three counts does: one of (26, 26, 27) is the least
    assert consistent_counts("35.11", "0.10", 75, 3) == []


def test_which_published_rates_are_medals_of_three_seeds_of_75():
    [gome] = open_tables("published:gome_results")
    [rdagent] = open_tables("published:rdagent_ablation")
    medals = gome.cells.loc[gome.cells["system"].isin(["Gome", "ML-Master"]), ["any_medal_pct", "gold_pct"]]
    rates = [*medals.to_numpy().ravel(), *rdagent.cells["value"], *rdagent.cells["full"]]
    numbers = {str(rate) for rate in rates if pd.notna(rate) and "relative" not in str(rate)}
    assert {rate for rate in numbers if not totals(rate, 75, 3)} == {"23.4"}
    assert [s for s in range(1, 11) if totals("25.3", 40, s)] == [8, 9, 10]


def test_mistakes_are_named():
    with pytest.raises(InputError, match="two seeds"):
        consistent_counts("35.1", "0.4", 75, 1)
    with pytest.raises(InputError, match="not a number"):
        totals("~24", 75, 3)
