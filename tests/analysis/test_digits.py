"""Numbers are rounded by the decimals that a reader writes, not by their binary neighbours."""

from __future__ import annotations

import decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.digits import rounded, significant


@pytest.mark.parametrize(
    ("score", "n", "expected"),
    [
        (363, 2000, "18.2"),  # 18.15, stored below: format gives 18.1
        (447, 2000, "22.4"),  # 22.35, stored above
        (9, 2000, "0.4"),  # 0.45, stored above: format gives 0.5
        (365, 2000, "18.2"),  # 18.25 is exact in binary: to the even digit
        (1, 8, "12.5"),
        (1, 3, "33.3"),
    ],
)
def test_a_share_is_rounded_as_it_is_written(score: int, n: int, expected: str) -> None:
    assert rounded(100 * score / n, ".1f") == expected
    assert rounded(100 * float(np.mean([1.0] * score + [0.0] * (n - score))), ".1f") == expected


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_every_gain_over_2000_items_is_that_of_exact_arithmetic(best: int, baseline: int) -> None:
    gain = 100 * (best / 2000 - baseline / 2000)
    # round of a fraction is exact, with halves to even
    exact = round(Fraction(best - baseline, 20), 1)
    assert rounded(gain, "z.1f") == f"{float(exact):z.1f}"


def test_as_pandas_rounds() -> None:
    halves = pd.Series([18.15, 22.35, 0.45, 18.25, 21.725, -0.45, -18.25])
    assert [float(rounded(x, ".1f")) for x in halves] == halves.round(1).to_list()
    assert [float(rounded(x, ".2f")) for x in halves] == halves.round(2).to_list()


@given(st.floats(-1e6, 1e6), st.sampled_from([".1f", "+.1f", "z.2f", ",.1f", ".3f"]))
def test_only_halves_differ_from_format(value: float, spec: str) -> None:
    shown = rounded(value, spec)
    if shown != format(value, spec):
        # nine decimals are looked at: what is cut off there moves the last digit by less than this
        assert abs(value * 10 ** int(spec[-2])) % 1 == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "spec", "expected"),
    [
        (float("inf"), "+.1f", "+inf"),
        (float("nan"), ".1f", "nan"),
        (-0.04, "z.1f", "0.0"),
        (1234567.25, ",.1f", "1,234,567.2"),
        (1e22, ".0f", "1" + 22 * "0"),
        (0.125, ".0%", "12%"),
        (np.float64(0.125), ".2f", "0.12"),
        (3, ".1f", "3.0"),
    ],
)
def test_formats(value: float, spec: str, expected: str) -> None:
    assert rounded(value, spec) == expected


def test_a_callers_own_decimals_change_nothing() -> None:
    with decimal.localcontext(rounding=decimal.ROUND_UP, prec=2):
        assert rounded(18.12, ".1f") == "18.1"
        assert significant(18.121, 4) == "18.12"


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.15045, 4, "0.1504"),  # stored above: format gives 0.1505
        (0.15055, 4, "0.1506"),  # stored below: format gives 0.1505
        (100.0, 4, "100"),
        (12345678.0, 4, "1.235e+07"),
        (0.0, 4, "0"),
        (float("nan"), 4, "nan"),
        (float("-inf"), 4, "-inf"),
    ],
)
def test_significant_digits(value: float, digits: int, expected: str) -> None:
    assert significant(value, digits) == expected
