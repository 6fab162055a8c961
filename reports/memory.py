"""Work on runs that is done once: results by what they were made of, and other processes for the rest.

A result is looked up by a hash over the function, the whole record of the run (its head hash included), the
settings, the size, time and inode of the files beside it, and the code and versions that made it: whatever
could change a number gives another name, and then the number is computed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from posttrace.analysis.runs.each import Item, Result
from posttrace.analysis.runs.records import RunRecord
from posttrace.reports.helpers import with_helpers

VARIABLE: Final = "POSTTRACE_CACHE"
"""Names the folder of the cache; an empty value, or the null device: nothing is kept or looked up."""
WORTH_S: Final = 3.0
"""Work of fewer seconds is not worth another process."""
MOST: Final = 4000
"""Results that are kept; of more the oldest go."""
PACKAGES: Final = ("posttrace", "numpy", "scipy", "pandas", "statsmodels")


@dataclass(frozen=True)
class Memory:
    """An ``Each`` that keeps results. ``folder`` None: nothing is kept; ``processes``: at most so many."""

    folder: Path | None
    processes: int

    @classmethod
    def of_user(cls) -> Memory:
        """In ``POSTTRACE_CACHE``, else ``$XDG_CACHE_HOME/posttrace``, with a process for each core."""
        named = os.environ.get(VARIABLE)
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        off = named is not None and named in ("", os.devnull)
        folder = None if off else Path(named) if named else Path(home) / "posttrace"
        return cls(folder, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)

    def forgetful(self) -> Memory:
        """The same processes, and every result computed."""
        return replace(self, folder=None)

    def __call__(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        """Results in order; those that are not known are computed, and each is kept at once."""
        names = [self._name(function, item) for item in items]
        known = {i: found for i, name in enumerate(names) for found in self._look_up(name)}
        open_ = [i for i in range(len(items)) if i not in known]
        computed = self._compute(partial(self._one, function), [(items[i], names[i]) for i in open_])
        known |= {i: (result,) for i, result in zip(open_, computed, strict=True)}
        if open_:
            self._trim()
        return [known[i][0] for i in range(len(items))]

    def _one(self, function: Callable[[Item], Result], job: tuple[Item, Path | None]) -> Result:
        item, name = job
        result = function(item)
        self._keep(name, result)
        return result

    def _compute(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        """One after the other until it is seen that processes, which take a second to start, are worth it."""
        results, start = [], time.monotonic()
        for i, item in enumerate(items, start=1):
            results.append(function(item))
            left_s = (time.monotonic() - start) / i * (len(items) - i)
            if self.processes > 1 and left_s > WORTH_S:
                return [*results, *with_helpers(function, items[i:], self.processes - 1)]
        return results

    def _name(self, function: Callable[[Any], Any], item: object) -> Path | None:
        if self.folder is None:
            return None
        digest = hashlib.sha256(_code().encode())
        digest.update(pickle.dumps((function, item), protocol=5))
        digest.update(repr(_beside(item)).encode())
        return self.folder / "results" / f"{digest.hexdigest()}.pickle"

    def _look_up(self, name: Path | None) -> list[tuple[Any]]:
        """The result in a tuple, or nothing; what cannot be read is computed again."""
        if name is None or not name.is_file() or name.stat().st_uid != os.getuid():
            return []
        try:
            return [(pickle.loads(name.read_bytes()),)]
        except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError):
            return []

    def _keep(self, name: Path | None, result: object) -> None:
        """Whole or not at all; a folder that cannot be written means that the next time takes as long."""
        if name is None:
            return
        with contextlib.suppress(OSError):
            name.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, scratch = tempfile.mkstemp(dir=name.parent)
            with os.fdopen(handle, "wb") as stream:
                pickle.dump(result, stream, protocol=5)
            Path(scratch).replace(name)

    def _trim(self) -> None:
        """Remove the oldest results beyond ``MOST``; another process may do the same."""
        with contextlib.suppress(OSError):
            kept = sorted((self.folder or Path(os.devnull)).glob("results/*"), key=_age, reverse=True)
            for path in kept[MOST:]:
                path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _beside(item: object) -> list[tuple[str, int, int, int]]:
    """Size, time and inode of the trace of a run and of what lies beside it."""
    record = item[0] if isinstance(item, tuple) else item
    if not isinstance(record, RunRecord):
        return []
    trace = Path(record.path)
    store = trace.parent / "revisions.git"
    found = [trace, *sorted(trace.parent.glob("*.jsonl")), store, *sorted(store.glob("objects/*"))]
    return [(path.name, *_stat(path)) for path in found if path.exists()]


def _stat(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@cache
def _code() -> str:
    """Versions, and the sources that results depend on: while somebody works on them the version stays."""
    import posttrace.analysis
    import posttrace.traces

    lines = [f"{name} {version(name)}" for name in PACKAGES]
    for package in (posttrace.analysis, posttrace.traces):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".toml"):
                lines.append(f"{path.relative_to(root)} {_stat(path)[:2]}")
    return "\n".join(lines)
