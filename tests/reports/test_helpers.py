"""Other processes help: everything is done once, in order, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from posttrace.reports.helpers import with_helpers
from posttrace.traces.errors import InputError


def where(item):
    time.sleep(0.05)
    return item, os.getpid()


def wrong_at(wrong, item):
    time.sleep(0.01)
    if item == wrong:
        raise InputError(f"item {item} is wrong")
    return item


def killed_at(item, parent, given):
    time.sleep(0.01)
    if given == item and os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return given


def blocked(_):
    time.sleep(0.05)
    return os.getpid(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def at_once(item):
    return item


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked about is a zombie, which has."""
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("count", [1, 2])
def test_processes_take_from_the_front_and_this_one_from_the_back(count):
    found = with_helpers(where, range(60), count)
    assert [item for item, _ in found] == list(range(60))
    own = [item for item, pid in found if pid == os.getpid()]
    # the first were given away before this process took its first, from the back
    assert own == list(range(own[0], 60))
    assert own[0] >= 2 * count
    assert all(gone(pid) for _, pid in found if pid != os.getpid())


def test_items_that_take_no_time():
    assert with_helpers(at_once, range(3000), 2) == list(range(3000))
    assert with_helpers(at_once, [7], 5) == [7]


@pytest.mark.parametrize("wrong", [0, 59])
def test_an_error_on_either_side_is_raised_and_the_next_work_is_done(wrong):
    with pytest.raises(InputError, match=f"item {wrong} is wrong"):
        with_helpers(partial(wrong_at, wrong), range(60), 1)
    assert with_helpers(partial(wrong_at, None), range(5), 1) == [0, 1, 2, 3, 4]


def test_an_error_of_a_helper_ends_the_work_of_this_process():
    began = time.monotonic()
    with pytest.raises(InputError, match="item 0"):
        with_helpers(partial(wrong_at, 0), range(2000), 1)
    assert time.monotonic() - began < 15  # all of them take 20 s


def test_what_a_killed_helper_leaves_is_done_here():
    assert with_helpers(partial(killed_at, 3, os.getpid()), range(200), 1) == list(range(200))


def test_helpers_do_not_hear_ctrl_c():
    told = dict(with_helpers(blocked, range(60), 1))
    assert not told.pop(os.getpid())
    assert set(told.values()) == {True}
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_nothing_stays_of_helpers_that_are_done():
    before = set(Path("/dev/shm").glob(f"sem.loky-{os.getpid()}-*"))
    with_helpers(where, range(40), 1)
    assert set(Path("/dev/shm").glob(f"sem.loky-{os.getpid()}-*")) <= before


def test_helpers_end_with_a_process_that_was_killed(tmp_path):
    script = (
        "import os, pathlib, time\n"
        "from posttrace.reports.helpers import with_helpers\n"
        "from tests.reports.test_helpers import noted\n"
        "from functools import partial\n"
        f"with_helpers(partial(noted, {str(tmp_path)!r}), range(10000), 1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2]) as process:
        deadline = time.monotonic() + 60
        while len(pids := {int(path.name) for path in tmp_path.iterdir()}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    while not all(gone(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def noted(folder, item):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(0.05)
    return "x" * 100_000  # more than a pipe holds that nobody reads any more
