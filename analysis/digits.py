"""How every number that a person reads is rounded: by its decimals, halves to the even digit."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

EXACT: Final = 9
"""Decimals of a number that are not the noise of sums: the same value is rounded the same way everywhere."""


def rounded(value: float, spec: str) -> str:
    """``format(value, spec)`` for a fixed number of decimals (``.1f``, ``+.1f``, ``z,.2f``, ``.0%``).

    ``format`` rounds the binary number: 363/2000 as a percentage, 18.15, is stored a little below that and
    would be 18.1. Here it is 18.2, as for a reader who writes k/n out. Halves go to the even digit (18.25 is
    18.2, 18.35 is 18.4): so do ``round`` of numpy and pandas, IEEE 754 and rule A of ISO 80000-1, and neither
    means nor differences of rounded scores are pushed one way.
    """
    value = round(float(value), EXACT)
    if not math.isfinite(value):
        return format(value, spec)
    with localcontext(rounding=ROUND_HALF_EVEN):  # whatever a caller's own context says
        return format(Decimal(repr(value)), spec)


def significant(value: float, digits: int) -> str:
    """So many significant digits, as ``format(value, ".4g")`` has four; halves as in ``rounded``."""
    written = Context(digits, ROUND_HALF_EVEN).create_decimal(f"{value:.12g}")
    return f"{float(written):.{digits}g}"
