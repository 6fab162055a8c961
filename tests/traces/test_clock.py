from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from posttrace.traces import Clock


def test_stamp_is_utc_with_microseconds_and_seconds_since_the_clock_was_made() -> None:
    seconds = iter([1000.0, 1000.25])  # the first look fixes the origin
    eastern = timezone(timedelta(hours=2))
    clock = Clock(wall=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=eastern), monotonic=lambda: next(seconds))
    assert clock.stamp() == ("2026-01-02T01:04:05.000000Z", 0.25)


def test_the_real_clock_reads_back_as_now() -> None:
    clock = Clock()
    before = datetime.now(UTC)
    ts, t_s = clock.stamp()
    assert before <= datetime.fromisoformat(ts) <= datetime.now(UTC)
    assert 0 <= t_s <= clock.t_s()
