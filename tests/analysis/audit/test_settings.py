import pytest

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.traces.errors import InputError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 0.0}, "alpha is 0.0"),
        ({"alpha": 0.5}, "alpha is 0.5"),
        ({"delta_eq": 2.0}, "percentage points"),
        ({"delta_min": -0.01}, "percentage points"),
        ({"resamples": 99}, "give 100"),
        ({"seed": -1}, "seed is -1"),
        ({"exclude_policy": "forget"}, "'forget' is none of drop, zero, baseline"),
    ],
)
def test_settings_that_make_no_sense(changes, message):
    with pytest.raises(InputError, match=message):
        AuditSettings(**changes)


def test_the_least_number_of_resamples_can_be_significant():
    settings = AuditSettings(resamples=100)
    assert 1 / (settings.resamples + 1) <= settings.alpha
