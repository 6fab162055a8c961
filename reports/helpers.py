"""Work shared with other processes: they take items from the front, this one from the back."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from typing import Final, Generic

from posttrace.analysis.runs.each import Item, Result

MOST: Final = 15
"""Processes beside this one; each takes some 200 MB."""
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""For each of several processes, which share the cores already."""


def with_helpers(function: Callable[[Item], Result], items: Sequence[Item], count: int) -> list[Result]:
    """Results in order of ``items``, with the help of up to ``count`` processes, none of which outlives this.

    An error of an item is raised, whoever met it. What a process that was killed leaves undone is done here.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    count = min(count, MOST, len(items))
    pool = ProcessPoolExecutor(count, env=ONE_THREAD, initializer=_leave_with, initargs=(os.getpid(),))
    share = _Share(function, items, pool)
    try:
        with _interrupts_held():
            for _ in range(2 * count):  # one to work on, and one that waits
                share.give()
        found = share.results()
    except BaseException:
        share.give_up()
        pool.shutdown(kill_workers=True)
        raise
    pool.shutdown()
    return found


class _Share(Generic[Item, Result]):
    """What is left to do, and what was given to whom; ``give`` is also called by a thread of the pool."""

    def __init__(self, function: Callable[[Item], Result], items: Sequence[Item], pool: Executor) -> None:
        self._function, self._items, self._pool = function, items, pool
        self._left = deque(range(len(items)))
        self._given: dict[int, Future[Result]] = {}
        self._lock = threading.Lock()

    def give(self, done: Future[Result] | None = None) -> None:
        """Give one more item away, after ``done`` if that went well."""
        error = None if done is None else done.exception()
        if error is not None:
            if not isinstance(error, BrokenProcessPool):
                self.give_up()
            return
        with self._lock:
            if not self._left:
                return
            try:
                result = self._pool.submit(self._function, self._items[self._left[0]])
            except BrokenProcessPool:
                return
            self._given[self._left.popleft()] = result
        result.add_done_callback(self.give)

    def give_up(self) -> None:
        """Begin nothing more."""
        with self._lock:
            self._left.clear()

    def results(self) -> list[Result]:
        """Work until nothing is left, then wait for the others; all results in order."""
        found: dict[int, Result] = {}
        while (i := self._take()) is not None:
            found[i] = self._function(self._items[i])
        for i, result in self._given.items():
            try:
                found[i] = result.result()
            except BrokenProcessPool:
                found[i] = self._function(self._items[i])
        return [found[i] for i in range(len(self._items))]

    def _take(self) -> int | None:
        with self._lock:
            return self._left.pop() if self._left else None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits. Processes that are begun meanwhile never hear of it: a terminal interrupts all at once,
    and it is for the one that began them to end them."""
    resource_tracker.ensure_running()  # the first begun process needs it, and its start lets interrupts in
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)


def _leave_with(parent: int) -> None:
    """End this process when ``parent`` is gone, however it went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
