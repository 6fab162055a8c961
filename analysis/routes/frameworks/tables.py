"""The tables of frameworks: what their files say, as dataclasses.

A file ``data/<framework>.toml`` holds ``packages`` (roots of dotted names), optionally ``vendored`` (paths
that are there when the framework's own source lies in the workspace) and ``closed`` (the same of packages
of which nothing but what the tables say needs to be known), and lists of entries:

``[[trainer]]``: classes, by their last name, that train when a method of ``starts`` is called.
``[[function]]``: functions, by dotted name, that train when they are called.
``[[loss]]``: classes and functions, by their last name, whose result is descended in a loop of one's own.
``[[command]]``: leading ``words`` of command lines, ``modules`` for ``python -m``, ``scripts`` (path ends).
``[[config]]``: configuration files, known by the keys they have.

Each entry has an ``objective`` and may have ``case`` tables, tried in order, whose ``when`` maps a setting to
the values for which another objective or other attributes hold; ``defaults`` are the documented values of
settings that are not given. ``[[tag]]`` tables add attributes to all entries of a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

Kind = Literal["trainer", "function", "loss", "command", "config"]
KINDS: Final[tuple[Kind, ...]] = ("trainer", "function", "loss", "command", "config")


@dataclass(frozen=True)
class Case:
    """What holds when settings have certain values."""

    when: Mapping[str, tuple[str, ...]]
    """Setting (alternatives between ``|``) -> patterns of which one must fit; all settings must fit."""
    objective: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One trainer, function, command or configuration of a framework."""

    framework: str
    kind: Kind
    objective: str
    """What it trains; ``no_train`` for what is listed because it trains nothing."""
    names: tuple[str, ...] = ()
    """Last names of classes, dotted names of functions, or leading words of command lines."""
    modules: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    tags: tuple[Case, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, str] = field(default_factory=dict)
    """Values of settings that are given but not known, where one is by far the likeliest."""
    starts: tuple[str, ...] = ("train",)
    started_with: tuple[str, ...] = ()
    """Names of the first arguments of the call that starts."""
    positional: tuple[str, ...] = ("model", "args", "data_collator", "train_dataset")
    """Names of the first arguments."""
    trained: str = "model"
    """Setting that names the model whose weights move."""
    written: str = "output_dir"
    """Setting that names the folder that training writes."""
    data: tuple[str, ...] = ("train_dataset",)
    """Arguments that hold what is trained on."""
    loss: tuple[str, ...] = ()
    """Methods that, where a subclass or the trained module overrides them, compute the loss."""
    loss_with: tuple[str, ...] = ()
    """What a function of the workspace that is given as ``loss`` gets: ``outputs`` of the model, ``logprobs``
    of the tokens, or anything else by its name."""
    advantages: str | None = None
    """Field of the data that holds what log-probabilities are weighted with, computed in the workspace."""
    wraps: bool = False
    """Whether an argument is a trainer, which decides instead."""
    teachers: tuple[str, ...] = ()
    """Methods and fields that give probabilities of another model: data made of them are learned from it."""
    beside: bool = False
    """Whether it counts only where nothing else is trained and no model is sampled: fitted statistics."""
    needs: tuple[str, ...] = ()
    """Settings without which a command line is another's: for scripts whose name says little."""


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All entries of all tables."""
    found: list[Entry] = []
    for name, table in sorted(_tables().items()):
        shared = tuple(_case(tag) for tag in table.get("tag", ()))
        for kind in KINDS:
            found += [_entry(name, kind, entry, shared) for entry in table.get(kind, ())]
    return tuple(sorted(found, key=lambda entry: "*" in entry.scripts))  # what fits anything comes last


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Mapping[str, Any]]:
    here = files("posttrace.analysis.routes.frameworks") / "data"
    return {
        path.name.removesuffix(".toml"): tomllib.loads(path.read_text("utf-8"))
        for path in here.iterdir()
        if path.name.endswith(".toml")
    }


_LISTS: Final = (
    "started_with",
    "names",
    "modules",
    "scripts",
    "starts",
    "positional",
    "data",
    "loss",
    "loss_with",
    "teachers",
    "needs",
)


def _entry(framework: str, kind: Kind, table: Mapping[str, Any], shared: Sequence[Case]) -> Entry:
    given = {key: value for key, value in table.items() if key not in ("case", "tag")}
    given.update({key: tuple(given[key]) for key in _LISTS if key in given})
    tags = (*(_case(tag) for tag in table.get("tag", ())), *shared)
    cases = tuple(_case(case) for case in table.get("case", ()))
    return Entry(framework=framework, kind=kind, cases=cases, tags=tags, **given)


def _case(table: Mapping[str, Any]) -> Case:
    when = {key: tuple(fits) if isinstance(fits, list) else (fits,) for key, fits in table["when"].items()}
    return Case(when, table.get("objective"), table.get("attributes", {}))


# -- by name -----------------------------------------------------------------------------------------------


def trainer(dotted: str) -> Entry | None:
    """Entry of a class by any dotted name it can be imported under; null for what is not listed."""
    package, *inner = dotted.split(".")
    for name in inner[:-3:-1]:  # the class, or a method of the class that makes an object of it
        found = _trainers().get((package, name))
        if found is not None:
            return found
        for pattern, entry in _patterns().get(package, ()):
            if fnmatchcase(name, pattern):
                return entry
    return None


@lru_cache(maxsize=1)
def starts() -> frozenset[str]:
    """Names of all methods that start a listed trainer."""
    return frozenset(start for entry in entries() if entry.kind == "trainer" for start in entry.starts)


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, Sequence[tuple[str, Entry]]]:
    found: dict[str, list[tuple[str, Entry]]] = {}
    for (package, name), entry in _trainers().items():
        if "*" in name:
            found.setdefault(package, []).append((name, entry))
    return found


@lru_cache(maxsize=1)
def _trainers() -> Mapping[tuple[str, str], Entry]:
    return {
        (package, name): entry
        for entry in entries()
        if entry.kind == "trainer"
        for package in _tables()[entry.framework]["packages"]
        for name in entry.names
    }


def function(dotted: str) -> Entry | None:
    """Entry of a function by its dotted name; null for what is not listed."""
    return _functions().get(dotted)


@lru_cache(maxsize=1)
def _functions() -> Mapping[str, Entry]:
    return {name: entry for entry in entries() if entry.kind == "function" for name in entry.names}


def loss(dotted: str) -> Entry | None:
    """Entry of a loss by any dotted name it can be imported under; null for what is not listed."""
    package, _, inner = dotted.partition(".")
    return _losses().get((package, inner.rsplit(".", 1)[-1])) if inner else None


@lru_cache(maxsize=1)
def _losses() -> Mapping[tuple[str, str], Entry]:
    return {
        (package, name): entry
        for entry in entries()
        if entry.kind == "loss"
        for package in _tables()[entry.framework]["packages"]
        for name in entry.names
    }


def known(package: str) -> bool:
    """Whether a table says all that trains in a package: what it does not list trains nothing."""
    return package in _packages()


@lru_cache(maxsize=1)
def _packages() -> frozenset[str]:
    return frozenset(package for table in _tables().values() for package in table["packages"])


def holds(dotted: str) -> bool:
    """Whether a listed trainer or function lies below a module, or is what a dotted name means."""
    below = any(name.startswith(dotted + ".") for name in _functions())
    return below or trainer(dotted) is not None or function(dotted) is not None


def vendored(dotted: str, paths: Iterable[str]) -> bool:
    """Whether a name belongs to a framework whose own source lies among ``paths``."""
    return _lies_in(_marks("vendored").get(dotted.split(".")[0], ()), paths)


def closed(dotted: str, paths: Iterable[str]) -> bool:
    """Whether a name belongs to a library whose source lies among ``paths`` and need not be followed."""
    return _lies_in(_marks("closed").get(dotted.split(".")[0], ()), paths)


def _lies_in(marks: Sequence[str], paths: Iterable[str]) -> bool:
    found = tuple(marks)
    return bool(found) and any(path.endswith(found) and _ends(path, found) for path in paths)


def _ends(path: str, marks: Sequence[str]) -> bool:
    return any(path == mark or path.endswith("/" + mark) for mark in marks)


@lru_cache(maxsize=2)
def _marks(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Package -> files of it that are there when its source is."""
    found: dict[str, tuple[str, ...]] = {}
    for table in _tables().values():
        for mark in table.get(kind, ()):
            package = mark.split("/")[0]
            found[package] = (*found.get(package, ()), mark)
    return found
