"""Which lines of a command stand for a folder, and which of several commands wrote it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from posttrace.analysis.routes.lineage.commands import Look
from posttrace.analysis.routes.record.history import AT_ONCE_S, Process
from posttrace.analysis.routes.record.models import Version
from posttrace.analysis.routes.static import CheckpointIO, Reading

_FILES: Final = (".safetensors", ".json", ".bin", ".pt", ".pth", ".npz")
"""Files that lie in a model folder and stand for it."""
MAKES: Final = frozenset({"write", "merge", "copy"})
_CHECKPOINT: Final = re.compile(
    r"(checkpoint|ckpt|step|global_step|epoch|iter|round|best|final|last|latest|merged|hf|actor|adapter|model)"
    r"([-_]?\w+)*(/(actor|huggingface|hf|model|adapter)([-_]?\w+)*)*"
)
"""Below the folder that a trainer is given."""


@dataclass(frozen=True)
class Making:
    """A command that wrote a model, or may have."""

    process: Process
    look: Look
    version: Version | None = None
    """The folder that it wrote; null to ask for what a command began with."""
    io: CheckpointIO | None = None
    """The line that writes this folder; null when it is only the sole training that ran then."""
    seen: bool = True
    """Whether the command ran; else it is a script that was there and would have written it."""

    @property
    def written_s(self) -> float:
        """When the model was written, at the latest."""
        return self.version.window[1] if self.version else self.process.ended_s

    @property
    def own(self) -> str | None:
        """The weights it wrote."""
        return self.version.weights if self.version else None


def writers(reading: Reading, path: str) -> list[CheckpointIO]:
    """The lines of a command that write a folder: the most specific ones.

    A copy of what the command itself wrote before counts as that writing.
    """
    made = [io for io in reading.io if io.kind in MAKES]
    fits = [io for io in made if literal(io) and (matches(path, io.path) or below(path, io))]
    best = max(map(literal, fits), default=0)
    found: dict[CheckpointIO, None] = {}
    for io in fits:
        if literal(io) == best:
            own = [other for other in made if io.kind == "copy" and matches(other.path, io.sources[0])]
            found.update(dict.fromkeys(other for other in own or [io] if other.kind != "copy" or not own))
    return list(found)


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern stands for a folder, itself or by a file or folder in it."""
    plain = posixpath.normpath(pattern).replace("[", "[[]").replace("?", "[?]")
    folder, name = posixpath.split(plain)
    return fnmatchcase(path, plain) or (name.endswith(_FILES) and fnmatchcase(path, folder))


def below(path: str, io: CheckpointIO) -> bool:
    """Whether a folder is a checkpoint below one that a line writes."""
    if io.kind == "copy" or "*" in io.path:
        return False
    folder = posixpath.normpath(io.path) + "/"
    return path.startswith(folder) and bool(_CHECKPOINT.fullmatch(path[len(folder) :]))


def literal(io: CheckpointIO | None) -> int:
    """How much of a pattern is known."""
    return 0 if io is None else len(io.path.replace("*", "").strip("/"))


def leaves_open(reading: Reading) -> bool:
    """Whether a training may have written a folder that no line of it names."""
    writes: Sequence[CheckpointIO] = [io for io in reading.io if io.kind in MAKES]
    return bool(reading.stages) and (not writes or any("*" in io.path for io in writes))


def likeliest(found: Sequence[Making]) -> tuple[Making, ...]:
    """Of the commands that may have written a folder those that are left, the most trusted first.

    Where the writing is dated, all of them were alive then. Else one that died is none, one that failed
    counts only without another, and what one wrote before a later one began was written over.
    """
    if not found or found[0].version is None or found[0].version.dated:
        return tuple(found)
    alive = [making for making in found if not making.process.died]
    sound = [making for making in alive if not making.process.failed] or alive
    last = max((m.process.started_s for m in sound if _worked(m.process)), default=0.0)
    left = [making for making in sound if making.process.ended_s > last]
    return tuple(sorted(left, key=lambda making: not _worked(making.process)))


def _worked(process: Process) -> bool:
    """Whether a command surely did something: it ended well, or went on for a while."""
    return process.exit_code == 0 or (not process.failed and process.ended_s - process.started_s >= AT_ONCE_S)
