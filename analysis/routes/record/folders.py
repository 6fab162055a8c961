"""What the files of a model folder say of its training: small files that were kept, checked by their hash.

They confirm or contradict, and name parents where code and times leave them open. Folders are written by
the agent's code, so they never decide an objective; a file that was not kept is no evidence.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from posttrace.analysis.routes.record.history import History, Logged
from posttrace.analysis.routes.record.logs import families
from posttrace.analysis.routes.record.models import ADAPTER, Version
from posttrace.analysis.routes.record.pickled import arguments_class, objective_of
from posttrace.analysis.routes.record.revision import RevisionError, Store
from posttrace.analysis.routes.route import Evidence

MAX_BYTES: Final = 8 << 20
STATE: Final = "trainer_state.json"
ARGUMENTS: Final = "training_args.bin"
_PARENTS: Final = ((ADAPTER, "base_model_name_or_path"), ("config.json", "_name_or_path"))


@dataclass(frozen=True)
class Said:
    """What the files of one folder say."""

    parent: str | None = None
    """Path or name of the model that it was loaded from."""
    adapter: str | None = None
    """Kind of adapter, as ``lora``."""
    objective: str | None = None
    """Of the trainer whose settings lie there."""
    logged: Mapping[str, str] = field(default_factory=dict)
    """Families of the metrics in the trainer's history, with its file."""
    facts: tuple[Evidence, ...] = ()


class Folders:
    """The model folders of a run."""

    def __init__(self, history: History, revisions: Store, run_folder: Path) -> None:
        self._history, self._revisions, self._folder = history, revisions, run_folder
        self._said: dict[tuple[str, str, float], Said] = {}

    def of(self, version: Version | None) -> Said:
        """What lies in a folder as it was seen; nothing where its files were not kept."""
        if version is None:
            return Said()
        key = version.path, version.weights, version.last_s
        if key not in self._said:
            self._said[key] = self._read(version)
        return self._said[key]

    def _read(self, version: Version) -> Said:
        adapter = self._json(version, ADAPTER)
        facts: list[Evidence] = []
        kind = adapter.get("peft_type")
        parents = [(name, self._json(version, name).get(key)) for name, key in _PARENTS]
        parent = next((value for _, value in parents if isinstance(value, str) and value), None)
        logged = families(self._history_of(version))
        if logged:
            says = f"its trainer's history has metrics of {' and '.join(logged)}"
            facts.append(Evidence("trainer_state", says, f"{version.path}/{STATE}"))
        named = arguments_class(self._content(version, ARGUMENTS) or b"")
        objective = objective_of(named) if named else None
        if named and objective:
            says = f"its trainer was set up with a {named.rsplit('.', 1)[-1]}"
            facts.append(Evidence("training_args", says, f"{version.path}/{ARGUMENTS}"))
        return Said(
            parent=parent,
            adapter=kind.lower() if isinstance(kind, str) else None,
            objective=objective,
            logged=logged,
            facts=tuple(facts),
        )

    def _history_of(self, version: Version) -> Iterator[Logged]:
        rows = self._json(version, STATE).get("log_history")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                keys = frozenset(str(key) for key in row)
                yield Logged(version.seen_s, f"{version.path}/{STATE}", None, keys)

    def _json(self, version: Version, name: str) -> Mapping[str, Any]:
        try:
            found = json.loads(self._content(version, name) or b"null")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _content(self, version: Version, name: str) -> bytes | None:
        """A file as it was when the folder was seen, from wherever it was kept."""
        listed = next((file for file in version.files if file.path == name), None)
        if version.files and listed is None:
            return None
        for found in self._kept(version, name):
            if found is not None and (listed is None or hashlib.sha256(found).hexdigest() == listed.sha256):
                return found
        return None

    def _kept(self, version: Version, name: str) -> Iterator[bytes | None]:
        if version.files:
            yield _small(self._folder / "artifacts" / (version.artifact or "-") / name)
            yield _small(self._folder / "workspace" / version.path / name)
        within = (r for r in self._history.revisions if version.window[0] <= r.t_s <= version.last_s)
        for revision in list(within)[-1:]:
            try:
                yield self._revisions.files(revision.commit).get(f"{version.path}/{name}")
            except RevisionError:
                yield None


def _small(path: Path) -> bytes | None:
    """Content of a regular file of bounded size; links are not followed."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            return None
        return file.read(MAX_BYTES)
