"""The grading child: ``python -m posttrace.runner.grading.child FD``.

It reads one ``Request`` from standard input, evaluates, and writes one ``Report`` line to descriptor FD. It
starts without the run token, the trace or any other open file of the server. An exception of the task's
code ends it with a traceback in its log and no report.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

from posttrace.runner.grading.protocol import Report, Request, check_outcome
from posttrace.traces.errors import GradingError

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
MAX_FILE_BYTES: Final = 4 << 30


def main() -> None:
    """Evaluate once and end."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    die_with(request.parent)
    network = "allowed" if request.network else cut_network()
    limit_resources(request.memory_bytes)
    report = evaluate(request, network)
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(int(sys.argv[1]), "wb") as pipe:
        pipe.write(msgspec.json.encode(report) + b"\n")


def evaluate(request: Request, network: str) -> Report:
    """Build the task and score the checkpoint; only ``GradingError`` becomes a report."""
    from hydra.utils import instantiate

    try:
        task = instantiate(request.task)
        outcome = check_outcome(task.evaluate(Path(request.model_dir), request.split, request.seed))
    except GradingError as error:
        return Report(error=str(error), network=network)
    return Report(outcome=outcome, network=network)


def die_with(parent: int) -> None:
    """End when the server ends, however it ends, so that no evaluation goes on for nobody (Linux only)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked to be told
        sys.exit("the grading server is gone")


def cut_network() -> str:
    """Move this process into a network namespace without interfaces; say honestly whether that worked."""
    if not sys.platform.startswith("linux"):
        return "open: this system has no network namespaces"
    libc = ctypes.CDLL(None, use_errno=True)
    # root needs no user namespace; everybody else gets the network namespace only together with one
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if libc.unshare(flags) == 0:
            return "cut"
    return f"open: unshare failed ({os.strerror(ctypes.get_errno())})"


def limit_resources(memory_bytes: int | None) -> None:
    """Lower this process's limits; children inherit them."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: MAX_FILE_BYTES}
    if memory_bytes is not None:
        limits[resource.RLIMIT_AS] = memory_bytes
    for kind, wanted in limits.items():
        _, hard = resource.getrlimit(kind)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main()
