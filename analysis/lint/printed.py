"""What number may stand behind a printed one?"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from posttrace.analysis.digits import rounded, significant

NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?%?")
EXACT: Final = 1e-9
"""Width of float arithmetic, far below any printed digit."""
OPEN: Final = 1e-7
"""Share of a unit by which an interval stops short of the next number, which is printed otherwise."""


@dataclass(frozen=True)
class Printed:
    """A number as printed: ``unit`` is one in its last printed digit, in the number's own units.

    ``low`` to ``high`` holds every number that half-up, half-even, truncation or floor prints like this.
    Digits that a program stripped (77.7 for 77.70) only widen it. With ``unit`` 0 the number is exact.
    """

    text: str
    value: float
    unit: float

    @property
    def low(self) -> float:
        """Smallest admissible number: half a unit below; for 0 and minus almost a whole one (truncation)."""
        down = self.unit / 2 if self.value > 0 else self.unit * (1 - OPEN)
        return self.value - max(down, self._float_error)

    @property
    def high(self) -> float:
        """Largest admissible number: almost a whole unit above, as truncation prints it."""
        return self.value + max(self.unit * (1 - OPEN), self._float_error)

    @property
    def _float_error(self) -> float:
        return EXACT * max(1.0, abs(self.value))

    @property
    def tolerance(self) -> float:
        """How far an admissible number may be from the printed one."""
        return max(self.value - self.low, self.high - self.value)

    def exact(self) -> Printed:
        """The same number where nobody rounds: a count."""
        return Printed(self.text, self.value, 0.0)


def parse(text: str) -> Printed | None:
    """A plain number, with thousands separators, sign and per cent sign; None for "11-13", ">1.5", "~91"."""
    plain = text.strip().replace("\N{MINUS SIGN}", "-").replace(" %", "%")
    if not NUMBER.fullmatch(plain) or not any(c.isdigit() for c in plain):
        return None
    exact = Decimal(plain.rstrip("%").replace(",", ""))
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or not math.isfinite(float(exact)):
        return None
    return Printed(text, float(exact), 10.0 ** min(0, exponent))


def below(a: Printed, b: Printed) -> bool:
    """``a`` is smaller than ``b`` whatever was rounded."""
    return a.high < b.low


def differ(a: Printed, b: Printed) -> bool:
    """No number prints both ways."""
    return below(a, b) or below(b, a)


def number(value: float) -> str:
    """A computed number for a sentence: four significant digits, trailing zeros left out."""
    return significant(value, 4) if abs(value) < 1e4 else rounded(value, ",.0f")
