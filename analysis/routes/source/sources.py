"""The route of source files and folders on disk."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from posttrace.analysis.routes.confidence import THRESHOLD, judged
from posttrace.analysis.routes.route import UNKNOWN, Evidence, Route
from posttrace.analysis.routes.source import pipelines
from posttrace.analysis.routes.source.mentions import with_mentions
from posttrace.analysis.routes.source.pipelines import Part
from posttrace.analysis.routes.source.source import route_of
from posttrace.analysis.routes.source.tree import Tree, planted
from posttrace.analysis.routes.static.entries.entries import DOCUMENT, PYTHON, kind_of, read_entry
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.traces.errors import InputError

SCHEMA: Final = "posttrace-source-route/1"
MOST_READ: Final = 200
"""Programs of a folder that are read."""
MOST_LIBRARIES: Final = 20
"""Modules that are asked for what they would train, where no program of a folder trains."""
_SHOWN: Final = 2
"""Facts of each entry point where it is open which of them counts."""
_PROGRAMS: Final = ("shell", "make", PYTHON)
_LIKELY: Final = re.compile(
    rb"backward|Trainer|\.train\(|\.fit\(|\.learn\(|grad|optim|subprocess|os\.system|\.step\(|[-+]=|train\("
)
_ASIDE: Final = re.compile(
    r"(^|/)(tests?|docs?|examples?_data|third_party|vendor)/|(^|/)(setup|conftest)\.py$"
)


@dataclass(frozen=True)
class SourceRoute:
    """What listed files and folders would train.

    ``entries``: the files that the route is of, in order. ``others``: further files of a folder that would
    train something by themselves, with what. ``problems``: what could not be read.
    """

    route: Route
    entries: tuple[str, ...]
    others: Mapping[str, str]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """``posttrace-source-route/1``."""
        return {
            "schema": SCHEMA,
            "label": self.route.label,
            "coarse": self.route.coarse,
            "confidence": self.route.confidence,
            "tier": self.route.tier,
            "attributes": dict(self.route.attributes),
            "evidence": [_fact(fact) for fact in self.route.evidence],
            "candidates": list(self.route.candidates),
            "entries": list(self.entries),
            "others": dict(self.others),
            "problems": list(self.problems),
        }

    @property
    def title(self) -> str:
        """The route in a line."""
        route = self.route
        said = (
            route.label
            if route.label != UNKNOWN
            else f"unknown: {' or '.join(route.candidates) or 'no candidate'}"
        )
        sure = "" if route.confidence is None else f", confidence {route.confidence:.2f}"
        return f"Route: {said} ({route.coarse}; tier {route.tier or 'none'}{sure})"

    @property
    def notes(self) -> list[str]:
        """What the route is of, what it has, what else there is, and what was not read."""
        attributes = ", ".join(f"{name} {value}" for name, value in self.route.attributes.items())
        return [
            f"read as: {', '.join(self.entries) or 'nothing that could be run'}",
            *([f"attributes: {attributes}"] if attributes else []),
            *(f"also there: {path} would train {label}" for path, label in self.others.items()),
            *self.problems,
        ]

    def facts(self) -> pd.DataFrame:
        """One row for each fact that speaks for the route: where, rule, says."""
        rows = [(fact.where, fact.rule, fact.says) for fact in self.route.evidence]
        return pd.DataFrame(rows, columns=["where", "rule", "says"])

    def table(self) -> pd.DataFrame:
        """One row."""
        row = self.to_json()
        for name in ("candidates", "entries", "problems"):
            row[name] = "; ".join(row[name])
        row["attributes"] = "; ".join(f"{k}={v}" for k, v in self.route.attributes.items())
        row["evidence"] = "; ".join(f"{fact.where} {fact.rule}" for fact in self.route.evidence)
        row["others"] = "; ".join(f"{path}={label}" for path, label in self.others.items())
        return pd.DataFrame([{name: value for name, value in row.items() if name != "schema"}])


def _fact(fact: Evidence) -> dict[str, Any]:
    return {"path": fact.path, "line": fact.line, "rule": fact.rule, "says": fact.says}


def source_routes(paths: Sequence[str | Path], *, threshold: float = THRESHOLD) -> SourceRoute:
    """The route of files in the order in which they would run; of a folder, that of its entry points.

    A route whose confidence is below ``threshold`` is ``unknown`` with candidates. Nothing is executed.
    Raises ``InputError`` for a path that is not there, and where no file is of a kind that can be read.
    """
    tree = planted(tuple(Path(path) for path in paths))
    parts: list[Part] = []
    others: dict[str, str] = {}
    for path in map(Path, paths):
        name = path.resolve().relative_to(tree.root).as_posix()
        if path.is_dir():
            taken, left = _of_folder(tree, "" if name == "." else name + "/")
            parts += taken
            others.update(left)
        else:
            parts.append(_part(tree, name))
    if parts and all(part.kind is None for part in parts):
        names = ", ".join(part.path for part in parts)
        raise InputError(f"{names}: no kind of file that can be run or configures a run; give source files")
    kept = pipelines.ordered(parts)
    open_route = _open(kept) if all(Path(path).is_dir() for path in paths) else None
    route = with_mentions(open_route or route_of(kept), tree, [part.path for part in parts])
    problems = [problem for part in parts for problem in part.reading.problems]
    return SourceRoute(
        judged(route, threshold=threshold),
        tuple(part.path for part in kept),
        others,
        tuple(dict.fromkeys([*tree.problems, *problems])),
    )


def _part(tree: Tree, name: str, library: bool = True) -> Part:
    return Part(name, kind_of(tree, name), read_entry(tree, name, library=library))


# -- folders -----------------------------------------------------------------------------------------------


def _of_folder(tree: Tree, prefix: str) -> tuple[list[Part], dict[str, str]]:
    """The parts that stand for a folder, and what else in it trains something.

    Shell scripts and Makefiles that train come first, then programs that train when they are run, then
    documents that show how, then modules that would train if they were called.
    """
    names = [name for name in tree if name.startswith(prefix)]
    kinds = {name: kind for name in names if (kind := kind_of(tree, name)) is not None}
    programs = [n for n in names if kinds.get(n) in _PROGRAMS and _likely(tree, n, kinds[n])]
    if len(programs) > MOST_READ:
        tree.problems.append(f"{len(programs)} programs, of which {MOST_READ} are read")
    run = [name for name in programs[:MOST_READ] if kinds[name] != PYTHON or _works(tree, name)]
    found = [part for name in run if (part := _part(tree, name, False)).reading.stages]
    shells = [part for part in found if part.kind != PYTHON and not part.launches_only]
    chosen = shells or found
    if not chosen:
        documents = [
            _part(tree, name) for name in names if kinds.get(name) == DOCUMENT and _near(name, prefix)
        ]
        chosen = [part for part in documents if part.reading.stages][:1]
    if not chosen:
        modules = [n for n in programs if kinds[n] == PYTHON][:MOST_LIBRARIES]
        chosen = [part for name in modules if (part := _part(tree, name)).reading.stages]
    chosen = pipelines.ordered(chosen)
    taken = {part.path for part in chosen} | {name for part in chosen for name in part.reading.reached}
    return chosen, {part.path: route_of([part]).label for part in found if part.path not in taken}


def _likely(tree: Tree, name: str, kind: str) -> bool:
    return not _ASIDE.search(name) and (kind != PYTHON or bool(_LIKELY.search(tree[name])))


def _works(tree: Tree, name: str) -> bool:
    """Whether a file does anything when it is run, rather than only defining."""
    space = Workspace(tree, lenient=True)
    parsed = space.parse(name)
    tree.problems.extend(space.problems)
    return parsed is not None and any(_does(statement) for statement in parsed.body)


def _does(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call | ast.Await)
    return isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try)


def _near(name: str, prefix: str) -> bool:
    return "/" not in name[len(prefix) :]


def _open(parts: Sequence[Part]) -> Route | None:
    """Where entry points train different things and no model links them: which of them counts is open."""
    routes = [route_of([part]) for part in parts]
    labels = tuple(dict.fromkeys(route.label for route in routes))
    if len(labels) < 2 or pipelines.linked(parts):
        return None
    evidence = tuple(dict.fromkeys(fact for route in routes for fact in route.evidence[:_SHOWN]))
    return Route((UNKNOWN,), None, evidence, candidates=labels)
