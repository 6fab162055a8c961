"""Each rule between events: the golden run with one thing changed gives the one finding expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from posttrace.traces.events import (
    AnyEvent,
    Best,
    Items,
    Recorder,
    RunFinished,
    RunStarted,
    SubmissionGraded,
    SubmissionReceived,
)
from posttrace.traces.invariants import Invariants

# Places in the golden run (see tests/golden/make.py): 0 start, 1-2 baseline, 3 and 9 revisions, 10-11,
# 12-13 and 14-15 submissions received and graded, 16 flag, 17 rescored, 18 end.
Change = Callable[[list[Any]], None]


def problems(events: list[AnyEvent]) -> list[tuple[int | None, str, str]]:
    """Place, code, severity; place None = at the end."""
    invariants = Invariants(None)
    found: list[tuple[int | None, str, str]] = [
        (place, problem.code, problem.severity)
        for place, event in enumerate(events)
        for problem in invariants.check(event)
    ]
    return found + [(None, problem.code, problem.severity) for problem in invariants.finish()]


def stamped(events: list[Any]) -> list[Any]:
    """What the writer adds, so that a test can do as it likes with the list before."""
    return [
        replace(event, seq=seq, ts=f"2026-01-01T00:00:{seq:02}Z", t_s=float(seq))
        for seq, event in enumerate(events)
    ]


def put(place: int, **fields: Any) -> Change:
    def change(events: list[Any]) -> None:
        events[place] = replace(events[place], **fields)

    return change


def drop(*places: int) -> Change:
    def change(events: list[Any]) -> None:
        for place in sorted(places, reverse=True):
            del events[place]

    return change


def test_the_golden_run_has_no_problem(events: list[Any]) -> None:
    assert problems(stamped(events)) == []


def ids(*names: str) -> dict[str, Any]:
    return {"items": Items(ids=list(names), values=[1.0] * len(names))}


LOST = Items(ids=["a", "b"], values=[1.0, None], lost={"a": "timeout"})
SHORT = Items(ids=["a", "b"], values=[1.0])
CLUSTERS = Items(ids=["a", "b"], values=[1.0, 1.0], clusters=["x"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop(0), [(0, "NO_START", "error")]),
        (drop(18), [(None, "NO_FINISH", "warning")]),
        (lambda events: events.append(events[16]), [(19, "AFTER_FINISH", "error")]),
        (lambda events: events.append(events[18]), [(19, "AFTER_FINISH", "error")]),
        (lambda events: events.insert(1, events[0]), [(1, "STARTED_AGAIN", "error")]),
        (put(9, parent="9" * 40), [(9, "UNKNOWN_REVISION", "error")]),
        (put(11, revision="9" * 40), [(11, "UNKNOWN_REVISION", "error")]),
        (put(15, submission_id=1), [(15, "GRADED_TWICE", "error"), (None, "NOT_GRADED", "error")]),
        (drop(15), [(None, "NOT_GRADED", "error")]),
        (drop(15, 16, 17, 18), [(None, "NOT_GRADED", "warning"), (None, "NO_FINISH", "warning")]),
        (put(13, duplicate_of=None), [(13, "BAD_DUPLICATE", "error")]),
        (put(13, duplicate_of=2), [(13, "BAD_DUPLICATE", "error")]),
        (put(13, duplicate_of=7), [(13, "BAD_DUPLICATE", "error")]),
        (put(13, score=0.5), [(13, "BAD_DUPLICATE", "error")]),
        (put(15, duplicate_of=1), [(15, "BAD_DUPLICATE", "error")]),
        (put(15, score=0.0), [(15, "BAD_SCORE", "error")]),
        (put(17, submission_id=8), [(17, "UNKNOWN_SUBMISSION", "error")]),
        (put(17, submission_id="baseline"), []),
        (put(1, items=SHORT), [(1, "BAD_ITEMS", "error")]),
        (put(11, items=CLUSTERS), [(11, "BAD_ITEMS", "error")]),
        (put(11, items=LOST), [(11, "BAD_ITEMS", "error")]),
        (put(17, **ids("a", "a")), [(17, "BAD_ITEMS", "error")]),
        (put(17, **ids("a", "b")), []),
        (put(18, submissions=2), [(18, "BAD_COUNT", "error")]),
        (put(18, best=None), [(18, "BAD_BEST", "error")]),
        (put(18, best=Best(submission_id=2, score=2 / 3)), [(18, "BAD_BEST", "error")]),
        (put(18, best=Best(submission_id=1, score=0.9)), [(18, "BAD_BEST", "error")]),
    ],
)
def test_one_change_one_finding(
    events: list[Any], change: Change, expected: list[tuple[int | None, str, str]]
) -> None:
    change(events)
    assert problems(stamped(events)) == expected


def test_a_number_is_used_twice(events: list[Any]) -> None:
    events[14] = replace(events[14], submission_id=2)
    assert [(place, code) for place, code, _ in problems(stamped(events))] == [
        (14, "RECEIVED_TWICE"),
        (15, "UNKNOWN_SUBMISSION"),
        (18, "BAD_COUNT"),
    ]


def test_a_number_is_skipped(events: list[Any]) -> None:
    """1, 4, 3 in place of 1, 2, 3: submission 2 was graded and never came, 4 came and was never graded."""
    events[12] = replace(events[12], submission_id=4)
    assert [(place, code) for place, code, _ in problems(stamped(events))] == [
        (12, "BAD_ID"),
        (13, "UNKNOWN_SUBMISSION"),
        (14, "BAD_ID"),
        (None, "NOT_GRADED"),
    ]


def test_a_score_is_missing(events: list[Any]) -> None:
    """Then the duplicate's score differs, and nothing can be the best."""
    events[11] = replace(events[11], score=None)
    assert [(place, code) for place, code, _ in problems(stamped(events))] == [
        (11, "BAD_SCORE"),
        (13, "BAD_DUPLICATE"),
        (18, "BAD_BEST"),
    ]


def test_numbers_out_of_order(events: list[Any]) -> None:
    events = stamped(events)
    events[4] = replace(events[4], seq=7)
    assert problems(events) == [(4, "BAD_SEQ", "error"), (5, "BAD_SEQ", "error")]


def test_clocks_that_go_back(events: list[Any]) -> None:
    """Place 3 has t_s 3.0 and ts 00:00:03."""
    events = stamped(events)
    events[4] = replace(events[4], t_s=3.0, ts="2026-01-01T00:00:03Z")  # equal is not back
    assert problems(events) == []
    events[4] = replace(events[4], ts="2026-01-01T02:00:03.5+02:00")  # as text it would sort wrongly
    assert problems(events) == []
    events[4] = replace(events[4], t_s=2.9)
    assert problems(events) == [(4, "T_S_BACK", "error")]
    events[4] = replace(events[4], t_s=4.0, ts="2025-12-31T23:59:59Z")
    assert problems(events) == [(4, "TS_BACK", "warning")]


@pytest.mark.parametrize("ts", ["", "yesterday", "2026-01-01T00:00:03", "2026-13-01T00:00:03Z"])
def test_a_time_must_be_one(events: list[Any], ts: str) -> None:
    events = stamped(events)
    events[4] = replace(events[4], ts=ts)
    assert problems(events) == [(4, "BAD_TS", "error")]


def test_only_an_imported_trace_may_lack_clocks(events: list[Any]) -> None:
    events = stamped(events)
    events[4] = replace(events[4], ts=None)
    events[6] = replace(events[6], t_s=None)
    assert problems(events) == [(4, "NO_CLOCK", "error"), (6, "NO_CLOCK", "error")]
    events[0] = replace(events[0], recorder=Recorder(kind="import", importer="x"))
    assert problems(events) == []


def run(start: RunStarted, scores: list[float], best: Best | None, **task: Any) -> list[Any]:
    """A run with graded submissions 1, 2, ... of these scores."""
    events: list[Any] = [replace(start, task=replace(start.task, **task))]
    for number, score in enumerate(scores, start=1):
        events.append(SubmissionReceived(submission_id=number, path="p"))
        events.append(SubmissionGraded(submission_id=number, status="graded", split="feedback", score=score))
    end = RunFinished(
        status="completed", reason=None, exit_code=0, wall_s=1.0, submissions=len(scores), best=best
    )
    return stamped([*events, end])


@pytest.mark.parametrize(
    ("scores", "higher", "best"),
    [
        ([0.1, 0.3, 0.2], True, Best(submission_id=2, score=0.3)),
        ([0.1, 0.3, 0.2], False, Best(submission_id=1, score=0.1)),
        ([0.3, 0.3], True, Best(submission_id=1, score=0.3)),  # a tie goes to the earliest
        ([0.3, 0.3], False, Best(submission_id=1, score=0.3)),
        ([0.0], True, Best(submission_id=1, score=0.0)),  # a score of 0 is a score
        ([-1.0, -2.0], True, Best(submission_id=1, score=-1.0)),
        ([], True, None),
    ],
)
def test_the_best_is_the_first_of_the_best_scores(
    events: list[Any], scores: list[float], higher: bool, best: Best | None
) -> None:
    assert problems(run(events[0], scores, best, higher_is_better=higher)) == []
    wrong = Best(submission_id=len(scores) + 1, score=0.3)
    assert problems(run(events[0], scores, wrong, higher_is_better=higher)) == [
        (2 * len(scores) + 1, "BAD_BEST", "error")
    ]


def test_scores_of_two_splits_are_not_compared(events: list[Any]) -> None:
    both = run(events[0], [0.1, 0.3], Best(submission_id=1, score=0.1))
    both[4] = replace(both[4], split="sealed")
    assert problems(both) == []
