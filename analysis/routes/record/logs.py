"""What logged metrics tell of the objective: they confirm or contradict, and never decide alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

from posttrace.analysis.routes.record.history import Logged, Process

TABLE: Final = Path(__file__).with_name("signatures.toml")
MIN_LINES: Final = 2
"""Training logs more than once."""
ANY: Final = "other"
"""Whatever is outside the classes may log anything."""
_OF_TRAINING: Final = re.compile(r"^(train(ing)?|metrics)[/_]")
_OF_EVALUATION: Final = re.compile(r"^(eval(uation)?|test)[/_]")


@dataclass(frozen=True)
class Family:
    """Metrics that go together."""

    name: str
    confirms: tuple[str, ...]
    """Objectives that log them, the most common first."""
    allows: tuple[str, ...] = ()
    """Objectives that may log them as well, and are not contradicted."""
    weak: bool = False
    """Much else logs them: they choose between readings, and rule none out."""
    keys: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    known_from: tuple[str, ...] = ()
    """Frameworks whose names these are."""

    def bears(self, objective: str) -> bool:
        """Whether a training on this objective is not contradicted."""
        return objective == ANY or objective in self.confirms or objective in self.allows

    def has(self, key: str) -> bool:
        """Whether a key, in lower case, is of this family."""
        words = re.split(r"[^a-z0-9]+", key)
        return any(fnmatchcase(key, p) for p in self.keys) or any(word in self.words for word in words)


@cache
def table() -> Mapping[str, Family]:
    """The families of this version by name, the most telling first."""
    found = [_family(entry) for entry in tomllib.loads(TABLE.read_text("utf-8"))["family"]]
    return {entry.name: entry for entry in found}


def _family(entry: Mapping[str, object]) -> Family:
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    known_from = lists.pop("from", ())
    return Family(str(entry["name"]), **lists, weak=bool(entry.get("weak")), known_from=known_from)


def family(key: str) -> str | None:
    """The family of one key; null when it says nothing of the objective, or is of an evaluation."""
    plain = key.lower()
    if _OF_EVALUATION.match(plain):
        return None
    plain = _OF_TRAINING.sub("", plain)
    return next((name for name, entry in table().items() if entry.has(plain)), None)


@cache
def of_line(keys: frozenset[str]) -> frozenset[str]:
    """The families of one logged line; weak ones only where there is no other."""
    found = {name for key in keys if (name := family(key)) is not None}
    return frozenset({name for name in found if not table()[name].weak} or found)


def families(lines: Iterable[Logged]) -> Mapping[str, str]:
    """The families that some source logged twice or more, each with such a source; most telling first."""
    counts: dict[tuple[str, str], int] = {}
    for line in lines:
        for name in of_line(line.keys):
            counts[name, line.source] = counts.get((name, line.source), 0) + 1
    often = {name: source for (name, source), n in counts.items() if n >= MIN_LINES}
    return {name: often[name] for name in table() if name in often}  # a set has no order to rely on


def owners(
    logged: Iterable[Logged], workers: Sequence[Process], lag_s: float
) -> Mapping[Process, Sequence[Logged]]:
    """Who logged what, as far as times tell; lines are read up to ``lag_s`` after they were written.

    ``workers`` stand in order of their start. A source is cut where its steps begin anew; a piece belongs to
    the only worker in whose time all of it was read. Of several it is the first after the owner of the piece
    before; else nobody's.
    """
    found: dict[Process, list[Logged]] = {}
    for pieces in _pieces(logged).values():
        last = -1
        for piece in pieces:
            may = [
                n
                for n, worker in enumerate(workers)
                if worker.started_s <= piece[0].t_s and piece[-1].t_s <= worker.ended_s + lag_s
            ]
            later = [n for n in may if n > last >= 0]
            if len(may) == 1 or later:
                last = may[0] if len(may) == 1 else later[0]
                found.setdefault(workers[last], []).extend(piece)
    return found


def _pieces(logged: Iterable[Logged]) -> Mapping[str, list[list[Logged]]]:
    """The lines of each source, cut where a step is not after the one before."""
    found: dict[str, list[list[Logged]]] = {}
    for line in logged:
        pieces = found.setdefault(line.source, [[]])
        before = pieces[-1][-1].step if pieces[-1] else None
        if before is not None and line.step is not None and line.step <= before:
            pieces.append([])
        pieces[-1].append(line)
    return found


def agrees(objective: str, found: Collection[str]) -> bool:
    """Whether the metrics are such as this objective logs."""
    return any(objective in table()[name].confirms for name in found)


def bears(objectives: Collection[str], found: Collection[str], *, weak: bool) -> bool:
    """Whether nothing in the metrics contradicts a training on these objectives.

    With ``weak``, signs that many objectives share count as well, unless a stronger one confirms.
    """
    strong = [name for name in found if not table()[name].weak]
    counted = list(found) if weak and not any(agrees(o, strong) for o in objectives) else strong
    return all(any(table()[name].bears(o) for o in objectives) for name in counted)


def objectives(found: Iterable[str]) -> tuple[str, ...]:
    """What logs such metrics, the likeliest first: strong families before weak ones."""
    entries = sorted((table()[name] for name in found), key=lambda entry: entry.weak)
    options = dict.fromkeys(o for entry in entries for o in entry.confirms)
    strong = [entry for entry in entries if not entry.weak]
    return tuple(sorted(options, key=lambda o: not all(entry.bears(o) for entry in strong)))
