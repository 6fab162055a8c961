"""Makefiles: the recipes of the targets that are made, what they depend on first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static.entries.shell import run_script

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

NAMES: Final = ("Makefile", "makefile", "GNUmakefile")
LARGEST_BYTES: Final = 500_000
_ASSIGNED: Final = re.compile(r"^(?:export\s+)?([\w.-]+)\s*(\?=|:=|::=|\+=|=)\s*(.*)$")
_RULE: Final = re.compile(r"^([^\s:=#][^:=]*):(?!=)\s*([^=]*)$")
_VARIABLE: Final = re.compile(r"\$[({](\w[\w.-]*)[)}]")


@dataclass
class Rule:
    """A target: what it needs, and its recipe by line."""

    needs: list[str]
    recipe: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Makefile:
    """Variables, and rules in order."""

    variables: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)


def make(m: Machine, words: list[str], cwd: str, env: Mapping[str, str], depth: int) -> str | None:
    """``make [-C folder] [-f file] [name=value] [target]``: path of the Makefile."""
    targets: list[str] = []
    given: dict[str, str] = {}
    names: tuple[str, ...] = NAMES
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if word in ("-C", "-f", "-j", "--directory", "--file") and pending:
            value = pending.pop(0)
            cwd = m.workspace.relative(value, cwd) if word in ("-C", "--directory") else cwd
            names = (value,) if word in ("-f", "--file") else names
        elif "=" in word and not word.startswith("-"):
            name, _, given[name] = word.partition("=")
        elif not word.startswith("-"):
            targets.append(word)
    path = next((p for name in names if (p := m.workspace.find(name, cwd)) is not None), None)
    if path is None:
        return None
    run_makefile(m, path, targets, {**env, **given}, cwd, depth)
    return path


def run_makefile(
    m: Machine, path: str, targets: list[str], env: Mapping[str, str], cwd: str, depth: int
) -> None:
    """Run targets of a Makefile, the first one when none is named."""
    m.workspace.read.add(path)
    if len(m.workspace.files[path]) > LARGEST_BYTES:
        m.workspace.problems.append(f"{path}: too large for a Makefile, not read")
        return
    file = parse(m.workspace.files[path].decode("utf-8", "replace"))
    file.variables.update(env)
    first = [name for name in file.rules if not name.startswith(".")][:1]
    done: set[str] = set()
    for target in targets or first:
        _run(m, file, target, path, cwd, depth, done)


def parse(text: str) -> Makefile:
    """Variables and rules of a Makefile."""
    file, current = Makefile(), list[Rule]()
    for number, line in _lines(text):
        if line.startswith("\t"):
            for rule in current:
                rule.recipe.append((number, line.lstrip("\t@-+ ")))
        elif match := _ASSIGNED.match(line):
            name, sign, value = match.groups()
            if sign == "+=":
                file.variables[name] = f"{file.variables.get(name, '')} {value}".strip()
            elif sign != "?=" or name not in file.variables:
                file.variables[name] = value
        elif match := _RULE.match(line):
            needs = [word for word in match.group(2).split("##")[0].split() if word != "|"]
            current = [file.rules.setdefault(name, Rule([])) for name in match.group(1).split()]
            for rule in current:
                rule.needs += needs
    return file


def _lines(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        if goes_on:
            lines[-1] = (lines[-1][0], lines[-1][1][:-1] + " " + line.strip())
        else:
            lines.append((number, line))
        goes_on = line.endswith("\\")
    return lines


def _run(m: Machine, file: Makefile, target: str, path: str, cwd: str, depth: int, done: set[str]) -> None:
    rule = file.rules.get(target)
    if rule is None or target in done or len(done) > 50:
        return
    done.add(target)
    for need in rule.needs:
        _run(m, file, _filled(need, file.variables), path, cwd, depth, done)
    for number, line in rule.recipe:
        script = _filled(line, {**file.variables, "MAKE": "make", "@": target}).replace("$$", "$")
        run_script(m, script, path, cwd, file.variables, [path], depth + 1, first=number)


def _filled(text: str, variables: Mapping[str, str], rounds: int = 4) -> str:
    for _ in range(rounds):
        filled = _VARIABLE.sub(lambda match: variables.get(match.group(1), "*"), text)
        if filled == text:
            break
        text = filled
    return text
