"""Exceptions as data: what kind of error a name and its message are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pattern:
    """An error: ``name`` matches the last part of an exception's name, ``message`` any part of its text."""

    kind: str
    name: str = r".*"
    message: str = r""

    def matches(self, name: str, message: str) -> bool:
        """Whether this is such an error."""
        found = re.fullmatch(self.name, name.rpartition(".")[2])
        return found is not None and re.search(self.message, message, re.IGNORECASE) is not None


_NAMES: Final = (
    ("interrupt", r"KeyboardInterrupt|SystemExit|GeneratorExit"),
    ("wrapper", r"ChildFailedError|CalledProcessError|ProcessRaisedException|ProcessExitedException"),
    ("wrapper", r"RayTaskError(\(.*\))?|RemoteError|WorkerCrashedError"),
    ("memory", r"OutOfMemoryError|MemoryError|_ArrayMemoryError"),
    ("nonfinite", r"FloatingPointError"),
    ("syntax", r"SyntaxError|IndentationError|TabError"),
    ("import", r"ImportError|ModuleNotFoundError|PackageNotFoundError"),
    ("nccl", r"DistBackendError|DistNetworkError|DistStoreError"),
)
_MESSAGES: Final = (
    ("memory", r"(cuda|hip|mps|gpu) (error: )?out of memory|cannot allocate memory|std::bad_alloc"),
    ("memory", r"no available memory for the cache blocks|RESOURCE_EXHAUSTED"),
    ("nonfinite", r"probability tensor contains either .?inf.?, .?nan"),
    ("nonfinite", r"\b(loss|gradients?|grad_norm|logits|weights)\b (is|are|became|contains?) (nan|inf)"),
    ("nccl", r"\bNCCL\b|ProcessGroup\w* .*timed? ?out"),
    ("disk_full", r"No space left on device|disk quota exceeded"),
    ("permission", r"permission denied|read-only file system"),
    ("missing_file", r"no such file or directory|does not appear to have a file named"),
    ("connection", r"connection (refused|reset|aborted)|failure in name resolution"),
    ("shape", r"shapes? .*(mismatch|cannot be multiplied|not aligned|do not match)"),
    ("shape", r"size mismatch|size of tensor|mat1 and mat2|could not be broadcast"),
    ("device", r"CUDA error|no kernel image|found no nvidia driver|tensors to be on the same device"),
)
_GENERAL: Final = (
    ("permission", r"PermissionError"),
    ("missing_file", r"FileNotFoundError|NotADirectoryError|IsADirectoryError"),
    ("missing_file", r"HFValidationError|LocalEntryNotFoundError"),
    ("connection", r"Connection\w*Error|\w*ConnectionError|BrokenPipeError|URLError|HTTPError"),
    ("connection", r"MaxRetryError|RemoteDisconnected"),
    ("timeout", r"\w*Timeout\w*"),
    ("json", r"JSONDecodeError|ArrowInvalid|ParserError|DatasetGenerationError"),
    ("assertion", r"AssertionError"),
    ("key", r"KeyError|IndexError"),
    ("name", r"NameError|UnboundLocalError|AttributeError"),
    ("type", r"TypeError"),
    ("value", r"ValueError|ValidationError"),
)
PATTERNS: Final = (
    *(Pattern(kind, name=name) for kind, name in _NAMES),
    *(Pattern(kind, message=message) for kind, message in _MESSAGES),
    *(Pattern(kind, name=name) for kind, name in _GENERAL),
)
"""The first that matches decides."""

WORDS: Final = {
    "memory": "out of memory",
    "nonfinite": "numbers that are not finite",
    "syntax": "code that does not parse",
    "import": "a missing module",
    "nccl": "communication between processes",
    "disk_full": "a full disk",
    "permission": "a missing permission",
    "missing_file": "a missing file",
    "connection": "a connection that failed",
    "timeout": "a time limit",
    "json": "data that cannot be parsed",
    "shape": "shapes that do not fit",
    "device": "the device",
    "assertion": "a failed assertion",
    "key": "a missing key or index",
    "name": "a name that does not exist",
    "type": "a wrong type or signature",
    "value": "a wrong value",
    "other": "an exception",
}

SECONDARY: Final = frozenset({"nccl", "connection", "interrupt", "wrapper"})
"""What the other processes say when one has failed."""

ENGINES: Final = (
    "vllm",
    "sglang",
    "gymnasium",
    "gym",
    "alfworld",
    "textworld",
    "web_agent_site",
    "verifiers",
    "browsergym",
    "openenv",
)
"""Packages that generate rollouts or are the environment of them."""

_ENGINE: Final = re.compile(r"/site-packages/(" + "|".join(ENGINES) + r")/")


def kind_of(name: str, message: str) -> str:
    """Kind of an exception; ``other`` when no pattern knows it."""
    return next((p.kind for p in PATTERNS if p.matches(name, message)), "other")


def in_rollout(files: Iterable[str]) -> str | None:
    """The package of rollouts that one of these source files belongs to."""
    found = (_ENGINE.search(file) for file in files)
    return next((match[1] for match in found if match), None)
