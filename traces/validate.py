"""Checking a trace line by line: form, chain, order, and what events say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from posttrace.traces.chain import GENESIS, SEAL_BYTES, digest, split, stated_hash
from posttrace.traces.events import AnyEvent, RescoreStarted
from posttrace.traces.find import TRACE_NAME
from posttrace.traces.invariants import Invariants, Problem, Severity
from posttrace.traces.lines import Lines
from posttrace.traces.parent import Parent
from posttrace.traces.reader import decode, event_decoder, not_a_line

_STORE_NAME: Final = "revisions.git"
_NEIGHBOURS: Final = ("logs", "artifacts", "workspace")
"""Directories that only a run directory has beside its trace; a trace that was copied elsewhere is whole."""


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a trace; ``str`` gives ``path:line: CODE message``."""

    path: Path
    line: int
    """1, 2, ...; the last line for what is missing at the end; 0 when there is no line at all."""
    code: str
    severity: Severity
    """error: the record is not what a recorder writes. warning: a run that was cut short looks like this."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


def validate(path: Path) -> list[Finding]:
    """Check a trace or a rescore file and return what is wrong, in order of lines; empty means valid.

    Reads the file once, a line at a time. A rescore file is also checked against the ``trace.jsonl`` beside
    it. Every changed byte of a complete line is found at that line. Not found, because the chain has no
    secret: a rewrite of everything from some line on, and a cut at a line end when ``run.finished`` was never
    there; compare the head hash with one kept elsewhere for that.

    A foreign write that the writer noticed is an ``integrity.flag`` in a valid trace when the writer's lines
    could be kept whole, and a broken chain at the damage when they could not (``posttrace.traces.foreign``).

    A trace that names commits and lies in a run directory without ``revisions.git`` gets a warning. What the
    store holds is not read.

    Raises ``TraceError`` when the file cannot be read.
    """
    return [
        Finding(path, line, problem.code, problem.severity, problem.message)
        for line, problem in _problems(path)
    ]


def _problems(path: Path) -> Iterator[tuple[int, Problem]]:
    lines, chain, decoder, number = Lines(path), _Chain(), event_decoder(), 0
    invariants: Invariants | None = None
    for number, line in enumerate(lines, start=1):
        signed, problem = chain.check(line)
        if problem is not None:
            yield number, problem
        if signed is None:
            continue
        try:
            event = decode(decoder, signed)
        except msgspec.DecodeError as error:
            yield number, Problem("BAD_EVENT", f"is not a posttrace/1 event: {error}")
            continue
        invariants = invariants or Invariants(_parent(path, event))
        for problem in invariants.check(event):
            yield number, problem
    if lines.torn_bytes:
        message = (
            f"the last line was cut short ({lines.torn_bytes} bytes): it is not read; `repair` removes it"
        )
        yield number + 1, Problem("TORN_TAIL", message, "warning")
    invariants = invariants or Invariants(None)
    for problem in invariants.finish():
        yield number, problem
    if invariants.has_revisions and _lacks_store(path):
        message = f"names commits, but {path.with_name(_STORE_NAME)} is missing: it was deleted or moved"
        yield number, Problem("MISSING_STORE", message, "warning")


def _lacks_store(path: Path) -> bool:
    """Whether a trace lies in its run directory, as its neighbours tell, and the revisions do not."""
    home = path.name == TRACE_NAME and any(path.with_name(name).is_dir() for name in _NEIGHBOURS)
    return home and not (path.with_name(_STORE_NAME) / "HEAD").is_file()


def _parent(path: Path, first: AnyEvent) -> Parent | None:
    if not isinstance(first, RescoreStarted):
        return None
    return Parent.read(path.with_name(TRACE_NAME), first.parent_head)


class _Chain:
    """Follows the hashes and finds its feet again after a break, so that each change is reported once."""

    def __init__(self) -> None:
        self._accepted = {GENESIS.encode(): ""}
        """Hashes that the next line may follow -> what it means if it does; "" = nothing is wrong."""

    def check(self, line: bytes) -> tuple[bytes | None, Problem | None]:
        """Return the line without its seal (None without one) and what is wrong with it."""
        good = next(iter(self._accepted))
        sealed = split(line)
        if sealed is None:
            # Inserted, or a line of ours with a changed byte in its seal: the next one may follow either.
            signed = line[: -SEAL_BYTES - 1]
            self._accepted = {good: self._accepted[good], stated_hash(line): "", digest(good, signed): ""}
            return None, Problem("BAD_LINE", f"is not a line of a trace: it {not_a_line(line)}")
        before = next((h for h in self._accepted if digest(h, sealed.signed) == sealed.hash), None)
        accepted = {sealed.hash: ""}
        if before is None:
            # Whichever was changed, the text or the hash, the next line follows what stood here before.
            accepted[digest(good, sealed.signed)] = ""
            what = "does not follow from the line before: one of the two was changed, or lines are missing"
        else:
            what = self._accepted[before]
        accepted.setdefault(good, "follows from the line before the last: the line between was inserted")
        self._accepted = accepted
        return sealed.signed, Problem("BROKEN_CHAIN", what) if what else None
