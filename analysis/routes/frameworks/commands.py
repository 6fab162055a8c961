"""Command lines and configuration files of frameworks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

from posttrace.analysis.routes.frameworks.settings import Settings, Verdict, decide
from posttrace.analysis.routes.frameworks.tables import Entry, entries
from posttrace.analysis.routes.route import NO_TRAIN

Configs = Callable[[str], Mapping[str, Any] | None]
"""Path of a YAML, TOML or JSON file of the workspace -> its content, null when it is not there."""

_MERGED: Final = (".yaml", ".yml", ".json", ".toml")
_ASSIGNED: Final = re.compile(r"^[+~]{0,2}([A-Za-z_][\w./@-]*)=(.*)$", re.DOTALL)


def command(words: Sequence[str], configs: Configs) -> Verdict | None:
    """What a command line of a framework trains; null when it is none that is listed.

    ``words``: the arguments from the program on, launchers (``accelerate launch``, ``torchrun``,
    ``deepspeed``, ``srun``, ``nohup``, ``CUDA_VISIBLE_DEVICES=0``, ``uv run``, ...) taken off: ``("python",
    "-m", "verl.trainer.main_ppo", "algorithm.adv_estimator=grpo")``, ``("trl", "sft", "--model", "m")``.
    ``*`` stands for what is not known of a word. ``configs`` reads configuration files that words name.

    A verdict ``no_train`` is certain: the command is one that evaluates, serves, converts or generates.
    """
    for entry in entries():
        rest = _rest(entry, words) if entry.kind == "command" else None
        if rest is None:
            continue
        settings = command_settings(rest, configs)
        if _has(entry.needs, settings):
            verdict = decide(entry, settings, " ".join(words[: len(words) - len(rest)]))
            return _with_io(entry, settings, verdict)
    return None


def config(content: Mapping[str, Any]) -> Verdict | None:
    """What would be trained with a configuration file; null when no table knows its keys."""
    settings = flattened(content)
    for entry in entries():
        if entry.kind == "config" and _has(entry.names, settings):
            return _with_io(entry, settings, decide(entry, settings, "configuration"))
    return None


def _with_io(entry: Entry, settings: Settings, verdict: Verdict) -> Verdict:
    if verdict.objective == NO_TRAIN:
        return verdict
    reads, writes = _paths(entry.trained, settings), _paths(entry.written, settings)
    return replace(verdict, reads=reads, writes=writes)


def _paths(keys: str, settings: Settings) -> tuple[str, ...]:
    return tuple(value for key in keys.split("|") for value in settings.get(key) or () if value != "none")


def _has(needed: Sequence[str], settings: Settings) -> bool:
    """Whether one of the alternatives of each key is there."""
    return all(any(key in settings for key in keys.split("|")) for keys in needed)


def _rest(entry: Entry, words: Sequence[str]) -> Sequence[str] | None:
    """What follows the words that an entry is known by; null when the command is another."""
    target, rest = _target(words)
    called = _program(words[:1]) + list(words[1:])
    for name in entry.names:
        known = name.split()
        for line in (called, [target or "", *rest]):
            if line[: len(known)] == known:
                return line[len(known) :]
    if target is None:
        return None
    module = target.removesuffix(".__main__")
    as_path = "." + target.removesuffix(".py").replace("/", ".")
    if module in entry.modules or any(
        target.endswith(".py") and as_path.endswith("." + known) for known in entry.modules
    ):
        return rest
    script = any(target == known or fnmatchcase(target, "*/" + known) for known in entry.scripts)
    return rest if script or "*" in entry.scripts else None


def _program(words: Sequence[str]) -> list[str]:
    return [words[0].rsplit("/", 1)[-1]] if words else []


def _target(words: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """Module or script that python runs, and its arguments."""
    at = 0
    if words and re.fullmatch(r"python[0-9.]*", words[0].rsplit("/", 1)[-1]):
        at = 1
        while at < len(words) and words[at].startswith("-") and words[at] != "-m":
            at += 2 if words[at] in ("-W", "-X") else 1
    if at < len(words) and words[at] in ("-m", "--module"):
        at += 1
    if at >= len(words) or words[at] == "-c":
        return None, ()
    return words[at], words[at + 1 :]


# -- settings ----------------------------------------------------------------------------------------------


def command_settings(words: Sequence[str], configs: Configs) -> Settings:
    """Options of a command line over the configuration files that it names."""
    given: dict[str, tuple[str, ...] | None] = {}
    places: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        assigned = _ASSIGNED.match(word.lstrip("-") if word.startswith("--") else word)
        if assigned:
            given[_key(assigned.group(1))] = _text(assigned.group(2))
        elif word.startswith("-") and len(word) > 1:
            taken = []
            while at < len(words) and not _option(words[at]):
                taken.append(words[at])
                at += 1
            given[_key(word)] = _text(",".join(taken)) if taken else ("true",)
        else:
            places.append(word)
    given.update({str(i): _text(word) for i, word in enumerate(places, 1)})
    given["line"] = (" ".join(words),)
    return {**_files(words, configs), **given}


def _option(word: str) -> bool:
    return (word.startswith("-") and not re.fullmatch(r"-[0-9.].*", word)) or bool(_ASSIGNED.match(word))


def _key(word: str) -> str:
    return word.lstrip("-").replace("-", "_").replace("/", ".")


def _text(value: str) -> tuple[str, ...] | None:
    value = value.strip().strip("'\"")
    return None if value == "*" else (_scalar(value),)


def _scalar(value: object) -> str:
    """A value as text; the elements of a list are joined by commas."""
    if isinstance(value, list | tuple):
        return ",".join(_scalar(inner) for inner in value)
    return str(value)


def _files(words: Sequence[str], configs: Configs) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    for word in words:
        path = word.rpartition("=")[2] if word.startswith("--") or _ASSIGNED.match(word) else word
        if path.endswith(_MERGED):
            content = configs(path)
            found.update(flattened(content) if content is not None else {"*": None})
    return found


def flattened(content: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[str, ...] | None]:
    """A nested configuration with dots between the keys; what a key stands above is ``set``."""
    found: dict[str, tuple[str, ...] | None] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found[name] = ("<table>",)
            found.update(flattened(value, name + "."))
            continue
        found[name] = (_scalar(value),)
        for inner in value if isinstance(value, list) else ():
            if isinstance(inner, Mapping):
                for deeper, values in flattened(inner, name + ".").items():
                    found[deeper] = (*(found.get(deeper) or ()), *(values or ()))
    return found
