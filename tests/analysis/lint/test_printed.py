from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.lint.printed import Printed, below, differ, parse


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("77.7", 77.7, 0.1),
        ("77.70", 77.7, 0.01),
        ("1,319", 1319, 1),
        ("+38.00", 38, 0.01),
        ("\N{MINUS SIGN}4.1", -4.1, 0.1),
        ("81.2%", 81.2, 0.1),
        ("5e-5", 5e-5, 1e-5),
        (".5", 0.5, 0.1),
    ],
)
def test_a_plain_number_and_its_last_digit(text, value, unit):
    number = parse(text)
    assert number is not None
    assert number.value == pytest.approx(value, abs=1e-12)
    assert number.unit == pytest.approx(unit)


@pytest.mark.parametrize(
    "text", ["11-13", ">1.5", "~91 total", "5+", "low", "-", "%", "1,31", "nan", "inf", "."]
)
def test_anything_else_is_no_number(text):
    assert parse(text) is None


@given(
    st.decimals(-1000, 1000, places=6),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN, ROUND_FLOOR]),
    st.integers(0, 4),
)
def test_what_any_rounding_prints_is_admissible(number, rounding, digits):
    printed = parse(f"{number.quantize(Decimal(1).scaleb(-digits), rounding):f}")
    assert printed is not None
    assert printed.low <= float(number) <= printed.high


def test_a_positive_number_reaches_half_a_unit_down_and_a_whole_one_up():
    """9.41 is printed for [9.405, 9.415) by rounding and [9.41, 9.42) by truncation."""
    printed = parse("9.41")
    assert printed is not None
    assert printed.low == pytest.approx(9.405, abs=1e-8)
    assert printed.high == pytest.approx(9.42, abs=1e-8)
    assert printed.high < 9.42


def test_numbers_differ_only_when_no_rounding_joins_them():
    first, close, far = Printed("4.85", 4.85, 0.01), Printed("4.9", 4.9, 0.1), Printed("5.97", 5.97, 0.01)
    assert not differ(first, close)  # 4.855 prints both ways
    assert differ(first, far)
    assert below(first, far)
    assert not below(far, first)
