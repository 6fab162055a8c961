"""The agent's parent: a small process that ends everything the agent started when the runner is gone.

Run as a script (``python -I -S guard.py RUNNER_PID CONTROL STATUS LIMITS ARGV...``), so it imports nothing
of posttrace. ``CONTROL`` is the reading end of a pipe that the runner holds open: end-of-file, by closing or
by the death of the runner, kills all descendants. ``STATUS`` takes one line each: ``pid N`` or ``error TEXT``
at the start, ``exit N`` when the agent's own process has ended (``-n`` for signal n).

On Linux the guard is a subreaper: a descendant that detaches (double fork, setsid) becomes the guard's child
instead of init's, so none escapes the sweep while the guard lives; and an agent that kills the guard dies by
its parent-death signal. Elsewhere only the agent's process group is swept.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform.startswith("linux")


def prctl(option: int, value: int) -> None:
    """Linux ``prctl``; nothing elsewhere."""
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def set_limits(text: str) -> None:
    """Apply ``name=value,...`` (names of ``resource`` constants), never above the hard limit."""
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        wanted = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(which, (wanted, wanted))


def become_agent(argv: list[str], limits: str, guard: int, failed: int) -> None:
    """In the forked child: own session, limits, default signals, then the command. Never returns."""
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # the guard died before the line above: no signal will come
            os._exit(1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) is not signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        set_limits(limits)
        os.execvp(argv[0], argv)  # environment and PATH are the guard's own, which are the agent's
    except (OSError, ValueError) as error:
        os.write(failed, f"{argv[0]}: {error}".encode(errors="replace"))
    os._exit(127)


def start(argv: list[str], limits: str) -> tuple[int, str]:
    """Fork the agent; its pid and an error text, empty once ``exec`` has succeeded."""
    guard = os.getpid()
    reading, writing = os.pipe()  # closed by exec, so end-of-file means success
    pid = os.fork()
    if pid == 0:
        become_agent(argv, limits, guard, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return pid, pipe.read().decode(errors="replace")


def say(status: int, line: str) -> None:
    """Tell the runner, if it still listens."""
    try:
        os.write(status, f"{line}\n".encode())
    except OSError:
        return


def reap(agent: int, status: int) -> bool:
    """Collect ended children, report the agent's exit, and say whether any child is left."""
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == agent:
            say(status, f"exit {os.waitstatus_to_exitcode(code)}")


def parents() -> dict[int, int]:
    """Pid -> parent pid of every process, from ``/proc``."""
    found = {}
    for name in os.listdir("/proc") if LINUX else ():  # noqa: PTH208 - no pathlib in a process this small
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                    # the name, in parentheses, may itself hold parentheses and spaces
                    found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    return found


def descendants(root: int) -> set[int]:
    """All processes below ``root``."""
    above = parents()
    below: set[int] = set()
    for pid in above:
        path: list[int] = []
        step = pid
        while step in above and step != root and step not in below and len(path) <= len(above):
            path.append(step)
            step = above[step]
        if step == root or step in below:
            below.update(path)
    return below


def kill(pid: int, *, group: bool = False) -> None:
    """SIGKILL, if it is still there."""
    try:
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def sweep(agent: int, status: int) -> None:
    """Kill until no child is left. A fork bomb is outrun because killed parents fork no more."""
    pause = 0.001
    while reap(agent, status):
        if not LINUX:
            kill(agent, group=True)
        for pid in descendants(os.getpid()):
            kill(pid)
        time.sleep(pause)
        pause = min(pause * 2, 0.2)  # an uninterruptible process can take long


def guard(runner: int, control: int, status: int, limits: str, argv: list[str]) -> None:
    """Start the agent and stay until no descendant is left or the runner is gone."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(control, False)
    os.set_inheritable(status, False)
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the runner decides when the agent ends
    agent, error = start(argv, limits)
    say(status, f"error {error}" if error else f"pid {agent}")
    while reap(agent, status):
        # the pipe's other end may live on in a forked child of the runner: so the parent is checked as well
        ready = select.select([control, woken], [], [], 1.0)[0]
        if control in ready or os.getppid() != runner:
            sweep(agent, status)
            return
        if woken in ready:
            os.read(woken, 4096)


if __name__ == "__main__":
    guard(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:])
