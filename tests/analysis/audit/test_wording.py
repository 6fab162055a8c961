import math

import pytest

from posttrace.analysis.audit.verdict import CODES
from posttrace.analysis.audit.wording import chance, label, pp, size


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0.055, "+5.5 pp"), (-0.0123, "-1.2 pp"), (-0.0001, "+0.0 pp"), (math.nan, "undefined")],
)
def test_gains_are_signed_percentage_points(value, printed):
    assert pp(value) == printed


def test_sizes_and_chances():
    assert (size(0.021), size(math.nan)) == ("2.1 pp", "undefined")
    assert (chance(0.00005), chance(0.0421), chance(math.nan)) == ("p < 0.0001", "p = 0.0421", "p undefined")


def test_every_code_has_a_label():
    printed = [label(code, "why", 0.015) for code in CODES]
    assert printed == [
        "invalid: why",
        "regression",
        "gain exceeds noise (single run)",
        "undetermined: why",
        "no gain larger than 1.5 pp",
        "within noise",
        "undetermined: why",
    ]
