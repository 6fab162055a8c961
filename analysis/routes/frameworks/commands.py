"""Command lines and configuration files of frameworks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from posttrace.analysis.routes.frameworks import options
from posttrace.analysis.routes.frameworks.settings import Settings, Verdict, decide
from posttrace.analysis.routes.frameworks.tables import Entry, entries
from posttrace.analysis.routes.route import NO_TRAIN


def command(words: Sequence[str], configs: options.Configs) -> Verdict | None:
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
        settings = options.settings(rest, configs)
        if _has(entry.needs, settings):
            verdict = decide(entry, settings, " ".join(words[: len(words) - len(rest)]))
            return _with_io(entry, settings, verdict)
    return None


def config(content: Mapping[str, Any]) -> Verdict | None:
    """What would be trained with a configuration file; null when no table knows its keys."""
    settings = options.flattened(content)
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
