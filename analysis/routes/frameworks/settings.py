"""From an entry of a table and resolved settings to what is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from posttrace.analysis.routes.frameworks.tables import Case, Entry

Settings = Mapping[str, tuple[str, ...] | None]
"""Setting -> the values it may have; null when nothing is known of it but that it is given. The setting ``*``
says that others may be given too, in a file that cannot be read."""

_EMPTY: Final = frozenset({"", "none", "null", "false", "~"})
_UNDECIDED: Final = "unknown"


@dataclass(frozen=True)
class Verdict:
    """What a framework is told to train."""

    framework: str
    objective: str
    """An objective of ``posttrace.analysis.routes.route``, or ``no_train``."""
    says: str
    """One line for a reader."""
    rule: str = "trainer"
    """``setting`` when an explicit value decided, ``trainer`` when the class or entry point did."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    """For ``unknown``: the objectives that are left open."""
    decided_by: tuple[str, str] | None = None
    """Setting and value that decided."""
    reads: tuple[str, ...] = ()
    """Models that are read, in the order of the settings; ``*`` for what is not known."""
    writes: tuple[str, ...] = ()
    """Folders that the trained weights are written to."""


def decide(entry: Entry, settings: Settings, named: str) -> Verdict:
    """What ``entry`` trains under ``settings``; ``named`` is what a reader knows it by."""
    left: list[Case] = []
    base = Case({}, entry.objective)
    taken = base
    for case in entry.cases:
        holds = _holds(case, settings, entry)
        if holds:
            taken = case
            break
        if holds is None:
            left.append(case)
    objectives = [case.objective or entry.objective for case in (taken, *left)]
    candidates = tuple(dict.fromkeys(objectives))
    attributes = {**entry.attributes, **taken.attributes}
    for tag in entry.tags:
        if _holds(tag, settings, entry):
            attributes.update(tag.attributes)
    if len(candidates) > 1:
        says = f"{entry.framework}: {named} may train any of {', '.join(candidates)}"
        return Verdict(entry.framework, _UNDECIDED, says, "open", attributes, candidates)
    deciding = _deciding(taken, settings)
    says = f"{entry.framework}: {named}" + (f" with {deciding[0]} {deciding[1]}" if deciding else "")
    rule = "setting" if deciding else "trainer"
    return Verdict(entry.framework, candidates[0], says, rule, attributes, decided_by=deciding)


def _deciding(case: Case, settings: Settings) -> tuple[str, str] | None:
    for keys in case.when:
        for key in keys.split("|"):
            values = settings.get(key)
            if values:
                return key, values[0]
    return None


def _holds(case: Case, settings: Settings, entry: Entry) -> bool | None:
    """Whether all conditions of a case hold; null when that is open."""
    outcomes = [_fits(keys, patterns, settings, entry) for keys, patterns in case.when.items()]
    if False in outcomes:
        return False
    return None if None in outcomes else True


def _fits(keys: str, patterns: tuple[str, ...], settings: Settings, entry: Entry) -> bool | None:
    named = keys.split("|")
    given = [key for key in named if key in settings]
    default = None if "*" in settings else (entry.defaults.get(named[0], "none"),)
    values = settings[given[0]] if given else default
    if values is None and named[0] in entry.assumed:
        values = (entry.assumed[named[0]],)
    if values is None:
        return None
    outcomes = {any(_matches(value, pattern) for pattern in patterns) for value in values}
    return outcomes.pop() if len(outcomes) == 1 else None


def _matches(value: str, pattern: str) -> bool:
    value = value.lower()
    if pattern == "set":
        return value not in _EMPTY
    if pattern == "unset":
        return value in _EMPTY
    if pattern[:1] in "<>":
        return _compares(value, pattern)
    return fnmatchcase(value, pattern)


def _compares(value: str, pattern: str) -> bool:
    try:
        number, bound = float(value), float(pattern[1:])
    except ValueError:
        return False
    return number > bound if pattern[0] == ">" else number < bound
