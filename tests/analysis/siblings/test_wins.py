import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import PermutationMethod, beta, wilcoxon

from posttrace.analysis.published.tables import open_tables
from posttrace.analysis.siblings.wins import (
    DomainSigns,
    WinsOverTasks,
    against,
    domain_limits,
    wins_table,
)
from posttrace.traces.errors import InputError

FTDOJO = {"Math": 1, "Patent": 3, "Chemistry": 4, "Finance": 1, "TableQA": 4}


def outcome_of(differences, domains=None, seed: int = 0):
    values = np.array(differences, dtype=float)
    names = list(map(str, range(len(values)))) if domains is None else list(domains)
    return WinsOverTasks()(values, names, np.random.default_rng(seed))


def row(result, name: str):
    return result.table.set_index("test").loc[name]


def test_ten_of_thirteen():
    table = wins_table(10, 13, systems=(3, 4)).set_index("null")
    # P(X >= 10) = (286 + 78 + 13 + 1)/2^13 = 378/8192
    assert table["p_greater"]["1/2"] == pytest.approx(378 / 8192)
    assert table["p"]["1/2"] == pytest.approx(2 * 378 / 8192)
    for s in (3, 4):
        tail = sum(math.comb(13, w) * (s - 1) ** (13 - w) for w in range(10, 14)) / s**13
        assert table["p_greater"][f"1/{s}"] == pytest.approx(tail)
    # Clopper-Pearson by its definition through the beta distribution
    assert table["low"]["1/2"] == pytest.approx(beta.ppf(0.025, 10, 4))
    assert table["high"]["1/2"] == pytest.approx(beta.ppf(0.975, 11, 3))


def test_the_derived_figures_that_are_shipped():
    rows = open_tables("published:ftdojo_results")[0].cells.set_index("quantity")["FT-Agent"]
    table = wins_table(10, 13, systems=(3, 4)).set_index("null")
    for s in (2, 3, 4):
        printed = rows[f"DERIVED 10/13 vs p=1/{s} one-sided"]
        assert float(printed) == pytest.approx(table["p_greater"][f"1/{s}"], rel=2e-3)
    assert float(rows["DERIVED 10/13 Clopper-Pearson 95%"]) == pytest.approx(table["low"]["1/2"], abs=5e-4)


def test_shipped_domains():
    tasks = open_tables("published:ftdojo_tasks")[0].cells
    counts = tasks[tasks["domain"].isin(list(FTDOJO))]["domain"].value_counts().to_dict()
    assert counts == FTDOJO


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abcd")), min_size=1, max_size=9))
@settings(deadline=None)
def test_domain_flips_by_enumeration_over_tasks(pairs):
    d, names = np.array([p[0] for p in pairs], dtype=float), [p[1] for p in pairs]
    domains = sorted(set(names))
    sums = []
    for signs in product((1, -1), repeat=len(domains)):
        sign = dict(zip(domains, signs, strict=True))
        sums.append(sum(value * sign[name] for value, name in zip(d, names, strict=True)))
    flips = DomainSigns()(d, names, np.random.default_rng(0))
    assert flips.p_greater == pytest.approx(np.mean(np.array(sums) >= d.sum() - 1e-9))
    assert flips.p == pytest.approx(np.mean(np.abs(sums) >= abs(d.sum()) - 1e-9))
    assert flips.smallest == 2.0 ** -len(domains)
    assert flips.p_greater >= flips.smallest


def test_five_domains_cannot_show_less_than_one_in_32():
    domains = [name for name, size in FTDOJO.items() for _ in range(size)]
    result = outcome_of(np.arange(1, 14), domains)
    assert row(result, "wins by domain")["p_greater"] == 1 / 32
    assert row(result, "wins by domain")["p"] == 1 / 16
    assert row(result, "differences by domain")["p_greater"] == 1 / 32
    assert "1/32" in row(result, "wins by domain")["note"]
    assert row(result, "sign")["p_greater"] == pytest.approx(2**-13)


def test_wilcoxon_without_ties_is_exact():
    d = [0.3, 1.2, -0.5, 2.2, 0.9, -0.1, 1.7]
    result = row(outcome_of(d), "Wilcoxon")
    # ranks of |d| with a negative sign: -0.5 is 3rd, -0.1 is 1st; W+ = 28 - 4 = 24
    assert result["statistic"] == 24
    assert result["p_greater"] == pytest.approx(wilcoxon(d, alternative="greater", method="exact").pvalue)
    # sums of ranks 1..7 of at most 4: {}, 1, 2, 3, 4, 1+2, 1+3: 7 of 128
    assert result["p_greater"] == pytest.approx(7 / 128)


def test_wilcoxon_with_ties_counts_all_flips_of_the_ranks():
    d = np.array([1.0, 1.0, -1.0, 2.0, 3.0, 0.0])
    result = row(outcome_of(d), "Wilcoxon")
    ranks = np.array([2, 2, 2, 4, 5])  # of |1 1 1 2 3|, the zero left out
    sums = np.array([np.dot(ranks, signs) for signs in product((0, 1), repeat=5)])
    assert result["statistic"] == 2 + 2 + 4 + 5
    assert result["p_greater"] == pytest.approx(np.mean(sums >= 13))
    flips = PermutationMethod(n_resamples=2**5)  # all of them
    assert result["p"] == pytest.approx(wilcoxon(d[:5], method=flips).pvalue)


def test_many_domains_are_drawn():
    d = np.repeat([1.0, -1.0], [14, 8])
    first, again, other = (row(outcome_of(d, seed=s), "wins by domain") for s in (0, 0, 1))
    # a domain a task: the sign test, P(X >= 14 of 22)
    exact = sum(math.comb(22, w) for w in range(14, 23)) / 2**22
    assert first["p_greater"] == pytest.approx(exact, abs=4 * np.sqrt(exact / 2**14))
    assert first["p_greater"] == again["p_greater"] != other["p_greater"]
    assert first["smallest"] == 1 / (2**14 + 1)


def test_ties_are_counted_and_left_out():
    result = outcome_of([1.0, 0.0, 0.0, -2.0, 3.0])
    assert (result.tasks, result.won, result.tied, result.lost) == (5, 2, 2, 1)
    assert row(result, "sign")["p_greater"] == pytest.approx(0.5)
    everything = outcome_of([0.0, 0.0])
    assert row(everything, "sign")["p"] == row(everything, "Wilcoxon")["p"] == 1


def test_wins_placed_in_domains():
    # 2 wins in domains of 2 and 1: (2, 0) and (1, 1). Sums 2 -1: P(+-2 +-1 >= 1) = 1/2; 0 and 1: 1/2
    limits = domain_limits(2, {"a": 2, "b": 1})
    assert limits.allocations[["a", "b"]].to_numpy().tolist() == [[1, 1], [2, 0]]
    assert (limits.smallest, limits.largest, limits.attainable) == (0.5, 0.5, 0.25)


def test_what_ten_of_thirteen_leaves_open():
    limits = domain_limits(10, FTDOJO)
    # ways to place 3 losses in 1, 3, 4, 1, 4: coefficient of x^3 in (1+x)^2 (1+..+x^3) (1+..+x^4)^2
    assert len(limits.allocations) == 25
    # only one win more than losses or better in every domain reaches 1/32
    assert limits.smallest == 1 / 32
    assert (limits.allocations["p_greater"] <= 0.05).sum() == 1
    assert limits.largest == pytest.approx(7 / 32)
    everywhere = domain_limits(10, FTDOJO, at_least=1)
    assert len(everywhere.allocations) == 9
    assert everywhere.largest == pytest.approx(5 / 32)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_allocations_are_domain_flips_of_wins(sizes, data):
    wins = data.draw(st.integers(0, sum(sizes)))
    table = domain_limits(wins, {f"d{i}": size for i, size in enumerate(sizes)}).allocations
    placed = data.draw(st.sampled_from(table.to_dict("records")))
    values, names = [], []
    for i, size in enumerate(sizes):
        won = int(placed[f"d{i}"])
        values += [1.0] * won + [-1.0] * (size - won)
        names += [f"d{i}"] * size
    flips = DomainSigns()(np.array(values), names, np.random.default_rng(0))
    assert flips.p_greater == pytest.approx(placed["p_greater"])


def scores() -> pd.DataFrame:
    cells = [("t1", "x", 3, 2, 1), ("t2", "x", 1, 2, 3), ("t3", "y", 5, 1, 4)]
    rows = [
        (t, d, s, v)
        for t, d, *values in cells
        for s, v in zip(("own", "other", "third"), values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["task", "domain", "system", "score"])


def test_differences_from_a_table_of_scores():
    best = against(scores(), "own")
    assert best["difference"].tolist() == [1, -2, 1]
    assert best["domain"].tolist() == ["x", "x", "y"]
    assert against(scores(), "own", "other")["difference"].tolist() == [1, -1, 4]
    # lower is better: own 3 1 5 against the lowest of the others 1 2 1
    assert against(scores(), "own", higher_is_better=False)["difference"].tolist() == [-2, 1, -4]


def test_mistakes_are_named():
    with pytest.raises(InputError, match="no column score"):
        against(scores().drop(columns="score"), "own")
    with pytest.raises(InputError, match="there are scores of other, own, third"):
        against(scores(), "mine")
    with pytest.raises(InputError, match="two scores"):
        against(pd.concat([scores(), scores()]), "own")
    with pytest.raises(InputError, match="lacks the score"):
        against(scores().iloc[1:], "own")
    with pytest.raises(InputError, match="finite difference"):
        outcome_of([np.nan])
    with pytest.raises(InputError, match="14 of 13"):
        wins_table(14, 13)
    with pytest.raises(InputError, match="do not fit"):
        domain_limits(4, {"a": 3})
