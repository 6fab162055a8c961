from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.grading.flags import FlagLog
from posttrace.traces.events import IntegrityFlag


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_twenty_of_a_kind_then_one_count_a_minute():
    written: list[IntegrityFlag] = []
    clock = Clock()
    log = FlagLog(written.append, clock)
    for _ in range(50):
        log.note("endpoint_abuse", "wrong token", path="/x")
    assert [flag.count for flag in written] == [1] * 20
    log.note("endpoint_abuse", "budget")  # another kind has its own twenty
    assert len(written) == 21
    clock.now = 59.0
    log.note("endpoint_abuse", "wrong token")
    assert len(written) == 21
    clock.now = 60.0
    log.note("endpoint_abuse", "wrong token")
    # 30 + 1 + 1 went unwritten
    assert (written[21].count, written[21].evidence) == (32, {"what": "wrong token", "counted": True})
    log.note("endpoint_abuse", "wrong token")
    log.flush()
    log.flush()
    assert [flag.count for flag in written[22:]] == [1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 100)), max_size=200))
def test_no_observation_is_lost(notes):
    written: list[IntegrityFlag] = []
    clock = Clock()
    log = FlagLog(written.append, clock)
    for what, pause in notes:
        clock.now += pause
        log.note("endpoint_abuse", what)
    log.flush()
    for what in "ab":
        counted = sum(flag.count for flag in written if flag.evidence["what"] == what)
        assert counted == sum(1 for other, _ in notes if other == what)


def test_evidence_is_short_and_utf8():
    written: list[IntegrityFlag] = []
    FlagLog(written.append, Clock()).note("path_escape", "x", path="a" * 10_000, other="\udcff", number=3)
    assert len(written[0].evidence["path"]) == 303
    assert written[0].evidence["other"] == "\\udcff"
    assert written[0].evidence["number"] == 3
