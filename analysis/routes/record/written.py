"""Files that the steps of an agent wrote: the code of a run that has no revisions of its own.

Editors' calls, patches and here-documents are applied in order. What a script or a download wrote is not in
them, and an edit of a file that is not known is passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from posttrace.analysis.routes.record.history import relative
from posttrace.analysis.routes.record.typed import HEREDOC, arguments, argv_of, failures
from posttrace.traces.events import AgentStep
from posttrace.traces.events.agent import ToolCall

MAX_SNAPSHOTS: Final = 2000
_PATHS: Final = ("file_path", "path", "filename", "target_file", "notebook_path")
_CONTENTS: Final = ("content", "file_text", "contents", "text", "code_edit")
_OLD: Final = ("old_string", "old_str")
_NEW: Final = ("new_string", "new_str")
_TARGET: Final = re.compile(r">>?\s*(['\"]?)([^\s'\"|;&<>]+)\1")
_PATCHED: Final = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)

Change = tuple[str, str | None]
"""Path as the agent gave it, and the new content; null: it was deleted."""


def snapshots(
    steps: Sequence[tuple[float, AgentStep]], root: str | None
) -> list[tuple[float, Mapping[str, bytes]]]:
    """The files that are known after each step that changed one, by path relative to the workspace."""
    failed = failures(steps)
    files: dict[str, str] = {}
    found: list[tuple[float, Mapping[str, bytes]]] = []
    for t_s, step in steps:
        before = dict(files)
        for call in step.tool_calls:
            if call.id is None or call.id not in failed:
                _apply(files, changes(call, files, root), root)
        if files != before and len(found) < MAX_SNAPSHOTS:
            found.append((t_s, {path: text.encode("utf-8", "replace") for path, text in files.items()}))
    return found


def root_of(steps: Iterable[tuple[float, AgentStep]]) -> str | None:
    """The folder that all files with absolute paths were written in; null when there are none."""
    named = [path for _, step in steps for call in step.tool_calls for path, _ in changes(call, {}, None)]
    folders = [posixpath.dirname(path) for path in named if path.startswith("/")]
    common = posixpath.commonpath(folders) if folders else ""
    return common.removesuffix("/code") if common.strip("/") else None


def changes(call: ToolCall, files: Mapping[str, str], root: str | None) -> list[Change]:
    """What one call writes, given the files so far."""
    given = arguments(call)
    patch = given.get("patch") or given.get("input")
    if "patch" in call.name and isinstance(patch or given.get("command"), str):
        return list(_patched(patch or given["command"], files, root))
    argv = argv_of(call, given)
    if argv is not None:
        text = argv[-1]
        return list(_patched(text, files, root)) if "*** Begin Patch" in text else list(_heredocs(text))
    path = next((given[key] for key in _PATHS if isinstance(given.get(key), str)), None)
    if path is None:
        return []
    content = next((given[key] for key in _CONTENTS if isinstance(given.get(key), str)), None)
    if content is not None:
        return [(path, content)]
    edits = given["edits"] if isinstance(given.get("edits"), list) else [given]
    known = files.get(relative(path, root))
    edited = None if known is None else _edited(known, edits)
    return [] if edited is None else [(path, edited)]


def _apply(files: dict[str, str], changed: Iterable[Change], root: str | None) -> None:
    for path, content in changed:
        if content is None:
            files.pop(relative(path, root), None)
        else:
            files[relative(path, root)] = content


def _edited(text: str, edits: Iterable[Any]) -> str | None:
    """The text after replacements, each of its first occurrence; null when there is nothing to replace."""
    done = False
    for edit in edits:
        if not isinstance(edit, Mapping):
            continue
        old = next((edit[key] for key in _OLD if isinstance(edit.get(key), str)), None)
        new = next((edit[key] for key in _NEW if isinstance(edit.get(key), str)), "")
        if old and old in text:
            text = text.replace(old, new) if edit.get("replace_all") is True else text.replace(old, new, 1)
            done = True
    return text if done else None


def _heredocs(text: str) -> Iterator[Change]:
    for match in HEREDOC.finditer(text):
        around = f"{match['before']} {match['after']}"
        target = _TARGET.search(around)
        words = [word for word in match["before"].split() if not word.startswith("-")]
        path = target.group(2) if target else words[0] if match[0].startswith("tee") and words else None
        if path:
            yield path, match["body"]


def _patched(text: str, files: Mapping[str, str], root: str | None) -> Iterator[Change]:
    """A patch of the kind ``*** Begin Patch``: whole new files, or hunks of context, ``-`` and ``+``."""
    pieces = _PATCHED.split(text)
    for kind, path, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        lines = body.split("*** End Patch")[0].strip("\n").split("\n")
        known = files.get(relative(path.strip(), root))
        if kind == "Delete":
            yield path.strip(), None
        elif kind == "Add":
            yield path.strip(), "\n".join(line[1:] for line in lines if line.startswith("+")) + "\n"
        elif known is not None:
            yield path.strip(), _hunks(known, lines)


def _hunks(text: str, lines: Iterable[str]) -> str:
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("@@"):
            hunks.append([])
        elif not line.startswith("***"):
            hunks[-1].append(line)
    for hunk in hunks:
        old = "\n".join(line[1:] for line in hunk if not line.startswith("+"))
        new = "\n".join(line[1:] for line in hunk if not line.startswith("-"))
        if old and old in text:
            text = text.replace(old, new, 1)
    return text
