"""A language for scripts of which tests say what they do, one statement a line, and its reader::

    stage sft data=given      train on an objective, with attributes
    read models/base          load a model
    write output/a            save it
    copy output/b output/a    copy a folder: target, source
    merge output/m output/a output/b
    draw output/tries.jsonl   keep data that was drawn from a model

``$1`` stands for the last word of the command line.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static import CheckpointIO, Command, Reading, SampledFile, Stage


def read_in_order(files: Mapping[str, bytes], command: Command, *, commit: str | None = None) -> Reading:
    """As ``read``, with the number of stages that have begun at each line."""
    found = read(files, command, commit=commit)
    lines = [stage.evidence[0].line or 0 for stage in found.stages]
    io = (replace(io, begun=sum(n < (io.evidence[0].line or 0) for n in lines)) for io in found.io)
    return replace(found, io=tuple(io))


def read(files: Mapping[str, bytes], command: Command, *, commit: str | None = None) -> Reading:
    """Read the language of these scripts: of a command, or of each that a shell is given."""
    if command.argv[:2] == ("bash", "-c"):
        parts = [part.split() for part in re.split(r"&&|;|\n|&", command.argv[2]) if part.strip()]
        found = [_read_words(files, words, command.cwd, commit) for words in parts]
        return Reading(
            tuple(stage for part in found for stage in part.stages),
            tuple(io for part in found for io in part.io),
            tuple(file for part in found for file in part.sampled),
            problems=tuple(problem for part in found for problem in part.problems),
        )
    return _read_words(files, list(command.argv), command.cwd, commit)


def _read_words(files: Mapping[str, bytes], words: Sequence[str], cwd: str, commit: str | None) -> Reading:
    """The first word that is a file of the revision, or a copy."""
    if words[0] in ("cp", "mv", "ln"):
        *_, source, target = words
        fact = (Evidence("copy", " ".join(words)),)
        return Reading(io=(CheckpointIO("copy", target.rstrip("/"), fact, (source.rstrip("/"),)),))
    script = next((word for word in words if word.endswith((".py", ".sh"))), None)
    script = posixpath.normpath(posixpath.join(cwd, script)) if script else None
    if script is None or script not in files:
        return Reading(problems=(f"no {script} here",))
    stages: list[Stage] = []
    io: list[CheckpointIO] = []
    sampled: list[SampledFile] = []
    for number, line in enumerate(files[script].decode().splitlines(), start=1):
        word, *rest = line.replace("$1", words[-1]).split()
        fact = (Evidence(word, line, script, number, commit),)
        if word == "stage":
            attributes = dict(pair.split("=") for pair in rest[1:])
            stages.append(Stage(cast(Any, rest[0]), fact, attributes))
        elif word == "draw":
            sampled.append(SampledFile(rest[0], (), fact))
        else:
            io.append(CheckpointIO(cast(Any, word), rest[0], fact, tuple(rest[1:])))
    return Reading(tuple(stages), tuple(io), tuple(sampled), entry=script)
