"""Families of metrics, and whose lines they are."""

from __future__ import annotations

import pytest

from posttrace.analysis.routes.history import Logged, Process
from posttrace.analysis.routes.logs import agrees, families, family, logged_by


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("loss", "lr"), "likelihood"),
        (("train/loss",), "likelihood"),
        (("reward", "loss", "kl"), "reward"),
        (("rewards/margins", "loss"), "preference"),
        (("logps/chosen",), "preference"),
        (("lossless", "rewarding"), None),
        (("accuracy", "step"), None),
    ],
)
def test_family_of_a_line(keys: tuple[str, ...], expected: str | None) -> None:
    assert family(keys) == expected


def lines(source: str, *times: float, key: str = "loss") -> list[Logged]:
    return [Logged(t_s, source, frozenset({key})) for t_s in times]


def test_one_line_is_no_training() -> None:
    assert families(lines("a", 1.0)) == {}
    assert families(lines("a", 1.0) + lines("b", 2.0)) == {}
    assert families(lines("a", 1.0, 2.0)) == {"likelihood": "a"}


def test_a_file_of_its_own_counts_whole_and_late() -> None:
    process = Process(1, None, ("python",), "", 10.0, 20.0)
    own = lines("own", 10.5, 21.5)
    assert logged_by(process, own, lag_s=2.0) == own


def test_of_a_shared_file_only_what_nobody_before_can_have_left() -> None:
    """Lines are read up to 2 s late: that of 11 s may be of the one before, that of 21 s of the next."""
    process = Process(1, None, ("python",), "", 10.0, 20.0)
    shared = lines("stdout", 9.0, 11.0, 13.0, 21.0)
    assert logged_by(process, shared, lag_s=2.0) == [shared[2]]


def test_own_samples_may_log_rewards() -> None:
    assert agrees("rft", ["reward"])
    assert agrees("rft", ["likelihood"])
    assert not agrees("sft", ["reward"])
    assert not agrees("grpo", ["likelihood"])
    assert not agrees("unknown", ["likelihood", "reward", "preference"])
