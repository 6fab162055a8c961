import numpy as np
import pandas as pd
import pytest

from posttrace.analysis.published.tables import Table
from posttrace.reports.pack import siblings
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.material import Material
from tests.reports.study import QUICK


def leaderboard():
    rows = [
        ("a", "12h", "20", "2", "SEM", "3"),
        ("b", "24h", "30", "5", "SD", "3"),
        ("c", "", "10", "", "", ""),
    ]
    return pd.DataFrame(rows, columns=["system", "budget", "all_pct", "all_err", "error_is", "n_seeds"])


def test_medals_draw_no_sd_as_a_standard_error():
    given = Material(("x",), QUICK, tables=(Table.of(leaderboard(), "x"),))
    table = siblings.medals(given)
    assert table["system"].tolist() == ["a", "b"]  # c has no hours
    assert table["seed_low_pct"].tolist() == pytest.approx([18.0, np.nan], nan_ok=True)
    # Wilson of 15 of 75: (p + z2/2n +- z sqrt(pq/n + z2/4n2)) / (1 + z2/n)
    z2, n, p = 1.959964**2, 75, 0.2
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    expected = [100 * (p + z2 / (2 * n) + sign * half) / (1 + z2 / n) for sign in (-1, 1)]
    assert table.loc[0, ["wilson_low_pct", "wilson_high_pct"]].tolist() == pytest.approx(expected, abs=1e-3)


def strategies(names=("tree", "greedy")):
    rows = [
        (name, x, won, 75)
        for name, counts in zip(names, ((22, 30, 36, 41), (12, 26, 40, 58)), strict=False)
        for x, won in zip((10, 20, 30, 45), counts, strict=True)
    ]
    table = Table.of(pd.DataFrame(rows, columns=["strategy", "strength", "successes", "trials"]), "x")
    return Material(("x",), QUICK, tables=(table,))


def test_crossover_lies_on_both_lines():
    table = siblings.crossover(strategies())
    (cross,) = table[table["kind"] == "crossover"].to_dict("records")
    fitted = table[table["kind"] == "fitted"]
    rates = [
        np.interp(cross["strength"], own["strength"], own["rate_pct"])
        for _, own in fitted.groupby("strategy")
    ]
    assert rates[0] == pytest.approx(rates[1], abs=0.2)
    assert cross["low_strength"] < cross["strength"] < cross["high_strength"]


def test_crossover_is_of_two():
    with pytest.raises(Unsupported, match="1 strategies"):
        siblings.crossover(strategies(("tree",)))
