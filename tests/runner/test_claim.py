"""Which attempt is due, and that only one runner gets it."""

import multiprocessing
import os
import time

import msgspec
import pytest

from posttrace.runner.claim import ALIVE_S, Claim, abandoned, attempts, claim, plan, release
from posttrace.runner.layout import RunDir
from posttrace.traces import TraceWriter
from posttrace.traces.events import RunFinished, RunStatus

DEAD = Claim(host=Claim.mine().host, pid=2**22 - 1, boot_id=Claim.mine().boot_id, started=0.0)


def ended(seed_dir, attempt: int, status: RunStatus):
    run = RunDir(seed_dir / f"attempt-{attempt}")
    run.root.mkdir(parents=True)
    with TraceWriter(run.trace) as writer:
        writer.write(
            RunFinished(status=status, reason=None, exit_code=None, wall_s=1.0, submissions=0, best=None)
        )


def due(seed_dir, **policy):
    return plan(seed_dir, **({"retry_max": 2} | policy))


def test_nothing_there_is_the_first_attempt(tmp_path):
    assert (due(tmp_path).action, due(tmp_path).attempt) == ("run", 1)


@pytest.mark.parametrize("status", ["completed", "agent_failed", "timed_out"])
def test_an_outcome_stands_however_bad(tmp_path, status):
    ended(tmp_path, 1, status)
    assert due(tmp_path).action == "skip"
    assert due(tmp_path, retry_statuses=[status]).retry_of == 1


@pytest.mark.parametrize("status", ["interrupted", "infrastructure_failed"])
def test_a_failure_that_is_not_the_agents_is_run_again_twice(tmp_path, status):
    ended(tmp_path, 1, status)
    assert (due(tmp_path).action, due(tmp_path).attempt) == ("retry", 2)
    ended(tmp_path, 2, status)
    assert due(tmp_path).attempt == 3
    ended(tmp_path, 3, status)
    assert due(tmp_path).action == "skip"
    assert "retry.max=2" in due(tmp_path).why


def test_a_living_attempt_is_left_alone(tmp_path):
    run = claim(tmp_path, 1)
    assert run is not None
    assert due(tmp_path).action == "running elsewhere"
    assert claim(tmp_path, 1) is None


def test_a_dead_attempt_is_taken_over_once(tmp_path):
    run = claim(tmp_path, 1)
    run.claim.write_bytes(msgspec.json.encode(DEAD))
    long_ago = time.time() - 3600
    os.utime(run.root, (long_ago, long_ago))
    assert (due(tmp_path).action, due(tmp_path).attempt) == ("retry", 2)
    assert claim(tmp_path, 2) is not None
    assert claim(tmp_path, 2) is None
    assert attempts(tmp_path) == [1, 2]


def test_a_fresh_trace_counts_as_alive_only_until_its_process_is_known_dead(tmp_path):
    run = claim(tmp_path, 1)
    run.trace.write_bytes(b"")
    other_host = msgspec.structs.replace(DEAD, host="elsewhere")
    run.claim.write_bytes(msgspec.json.encode(other_host))
    assert due(tmp_path).action == "running elsewhere"
    run.claim.write_bytes(msgspec.json.encode(DEAD))
    assert due(tmp_path).action == "retry"


def test_only_a_run_whose_writer_is_certainly_gone_is_abandoned(tmp_path):
    run = claim(tmp_path, 1)
    run.trace.write_bytes(b"")

    def after(seconds, holder):
        run.claim.write_bytes(msgspec.json.encode(holder))
        then = time.time() - seconds
        for path in (run.trace, run.claim):
            os.utime(path, (then, then))
        return abandoned(run)

    elsewhere = msgspec.structs.replace(DEAD, host="elsewhere")
    assert after(ALIVE_S + 1, DEAD)
    assert not after(ALIVE_S - 10, DEAD)  # a process that this one cannot see may be the writer
    assert not after(3600, Claim.mine())  # it stands still: the machine slept, or a long evaluation
    assert not after(3600, elsewhere)
    run.claim.unlink()
    assert not abandoned(run)  # ended in order, or brought from elsewhere
    assert not abandoned(RunDir(tmp_path / "no such run"))


def test_a_run_that_another_attempt_followed_is_abandoned(tmp_path):
    run = claim(tmp_path, 1)
    run.claim.write_bytes(msgspec.json.encode(DEAD))
    assert claim(tmp_path, 2) is not None
    assert abandoned(run)


def test_of_many_runners_one_gets_the_attempt(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        won = pool.starmap(_claims, [(tmp_path,)] * 8)
    assert sum(won) == 1


def _claims(seed_dir) -> bool:
    return claim(seed_dir, 1) is not None


def test_release_frees_the_claim_alone(tmp_path):
    run = claim(tmp_path, 1)
    release(run)
    release(run)
    assert run.root.is_dir()
    assert not run.claim.exists()


def test_a_record_that_cannot_be_trusted_is_neither_done_nor_run_again(tmp_path):
    ended(tmp_path, 1, "completed")
    trace = tmp_path / "attempt-1/trace.jsonl"
    trace.write_bytes(trace.read_bytes().replace(b'"wall_s":1.0', b'"wall_s":2.0'))
    assert due(tmp_path).action == "skip"
    assert "posttrace validate" in due(tmp_path).why


def test_of_another_host_nothing_is_known_dead():
    """A job that a cluster runs elsewhere must not take its sweep for gone."""
    mine = Claim.mine()
    assert (mine.lives(), mine.is_dead()) == (True, False)
    assert (DEAD.lives(), DEAD.is_dead()) == (False, True)
    elsewhere = msgspec.structs.replace(DEAD, host="elsewhere")
    assert (elsewhere.lives(), elsewhere.is_dead()) == (False, False)
