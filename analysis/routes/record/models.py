"""Model folders over time, by content: which weights lay where and when."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from posttrace.traces.events import ArtifactFile, ArtifactObserved, CodeRevision

WEIGHTS: Final = ".safetensors"
ADAPTER: Final = "adapter_config.json"
BASE: Final = "base"
"""Stands for the weights of the base model."""


@dataclass(frozen=True)
class Sighting:
    """Weights that a folder was seen to hold."""

    path: str
    weights: str
    t_s: float
    """When they were seen; they had been written by then."""
    written_s: float | None = None
    """When the newest weight file says that it was changed; a copy may keep the time of its original."""
    is_base: bool = False
    unhashed: bool = False
    """The content is not known: it may have been there since long before."""
    adapter: bool = False
    """Weights that are added to those of another model."""
    artifact: str | None = None
    """Hash of the whole folder, where it is known."""
    files: tuple[ArtifactFile, ...] = ()
    """All files of the folder, where they are known."""


@dataclass(frozen=True)
class Version:
    """What one folder held from its first to its last sighting."""

    path: str
    weights: str
    after_s: float
    """The folder held something else, or nothing, until then at least."""
    seen_s: float
    last_s: float
    written_s: float | None = None
    given: bool = False
    """It was there before the agent started."""
    adapter: bool = False
    """Weights that are added to those of another model."""
    artifact: str | None = None
    """Hash of the whole folder, where it is known."""
    files: tuple[ArtifactFile, ...] = ()
    """All files of the folder as it was seen last, where they are known."""

    @property
    def dated(self) -> bool:
        """Whether it is known when it was written."""
        return self.window[0] == self.window[1]

    @property
    def window(self) -> tuple[float, float]:
        """Seconds between which it was written; one instant where the file says."""
        if self.written_s is not None and self.after_s <= self.written_s <= self.seen_s:
            return self.written_s, self.written_s
        return self.after_s, self.seen_s

    def may_exist(self, t_s: float) -> bool:
        """Whether it can have been there at a time."""
        return self.given or self.window[0] <= t_s


def weights_of(sha256s: Iterable[str]) -> str:
    """Name of the weights in files of these contents, whatever the files are called."""
    contents = sorted(set(sha256s))
    return contents[0] if len(contents) == 1 else hashlib.sha256("\n".join(contents).encode()).hexdigest()


def artifact_sha256(files: Iterable[ArtifactFile]) -> str:
    """The hash that submissions name: of lines ``<path>\\0<bytes>\\0<SHA-256>\\n``, sorted by path."""
    lines = (f"{f.path}\0{f.bytes}\0{f.sha256}\n" for f in sorted(files, key=lambda f: f.path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def in_artifacts(
    events: Iterable[tuple[float, ArtifactObserved]], zero: datetime | None
) -> Iterator[tuple[str, Sighting]]:
    """(artefact hash, sighting) of each observed folder; ``zero``: wall time at the run's start."""
    for t_s, event in events:
        own = [f.sha256 for f in event.files if f.path.endswith(WEIGHTS) and "/" not in f.path]
        if not own:
            continue
        is_base = bool(event.model and event.model.same_as_base)
        written_s = _since(zero, event.mtime)
        sha256 = artifact_sha256(event.files)
        path, names = posixpath.normpath(event.path), [posixpath.basename(f.path) for f in event.files]
        yield (
            sha256,
            Sighting(
                path=path,
                weights=weights_of(own),
                t_s=t_s,
                written_s=written_s,
                is_base=is_base,
                adapter=bool(event.model and event.model.adapter) or ADAPTER in names,
                artifact=sha256,
                files=tuple(event.files),
            ),
        )


def in_revisions(events: Iterable[tuple[float, CodeRevision]]) -> Iterator[Sighting]:
    """Weight files are too large to be kept as code, but revisions list them with their hash."""
    folders: dict[str, dict[str, str | None]] = {}
    for t_s, event in events:
        touched = {}
        for file in event.skipped:
            folder, name = posixpath.split(file.path)
            if name.endswith(WEIGHTS):
                here = touched[folder] = folders.setdefault(folder, {})
                if file.reason == "gone":
                    here.pop(name, None)
                else:
                    here[name] = file.sha256
        for folder, files in touched.items():
            known = [sha256 for sha256 in files.values() if sha256 is not None]
            if known and len(known) == len(files):
                yield Sighting(folder, weights_of(known), t_s)


def complete(events: Iterable[tuple[float, CodeRevision]]) -> tuple[float, ...]:
    """Times of the revisions that list every weight file there was, by content."""
    return tuple(
        t_s
        for t_s, event in events
        if not (event.truncated or event.extra)
        and all(f.sha256 or f.reason == "gone" for f in event.skipped if f.path.endswith(WEIGHTS))
    )


def versions_of(
    sightings: Iterable[Sighting], *, looked_s: Sequence[float], given_until_s: float, base_path: str
) -> tuple[tuple[Version, ...], Mapping[str, str]]:
    """Versions of every folder in order of time, and the weights that are those of the base.

    ``looked_s``: times when every folder's weights were listed, so that what is first seen later was not
    there then. What was seen up to ``given_until_s`` was there before the agent started.
    """
    start = Sighting(base_path, BASE, 0.0)
    ordered = sorted((start, *sightings), key=lambda sighting: sighting.t_s)
    base = {s.weights: BASE for s in ordered if s.is_base or (s.path == base_path and s.t_s <= given_until_s)}
    folders: dict[str, list[Version]] = {}
    for s in ordered:
        held = folders.setdefault(s.path, [])
        weights = base.get(s.weights, s.weights)
        if held and held[-1].weights == weights:
            held[-1] = _again(held[-1], s)
        else:
            looked = (t_s for t_s in looked_s if t_s < s.t_s and not s.unhashed)
            last_s = held[-1].last_s if held and not s.unhashed else 0.0
            after_s = max(last_s, max(looked, default=0.0))
            held.append(_first(s, weights, after_s, given=s.t_s <= given_until_s))
    found = (version for held in folders.values() for version in held)
    return tuple(sorted(found, key=lambda v: (not v.given, v.window[1], v.seen_s))), base


def _first(sighting: Sighting, weights: str, after_s: float, *, given: bool) -> Version:
    return Version(
        path=sighting.path,
        weights=weights,
        after_s=after_s,
        seen_s=sighting.t_s,
        last_s=sighting.t_s,
        written_s=sighting.written_s,
        given=given,
        adapter=sighting.adapter,
        artifact=sighting.artifact,
        files=sighting.files,
    )


def _again(version: Version, sighting: Sighting) -> Version:
    return replace(
        version,
        last_s=sighting.t_s,
        written_s=version.written_s if version.written_s is not None else sighting.written_s,
        adapter=version.adapter or sighting.adapter,
        artifact=sighting.artifact or version.artifact,
        files=sighting.files or version.files,
    )


def _since(zero: datetime | None, stamp: str | None) -> float | None:
    if zero is None or stamp is None:
        return None
    try:
        return (datetime.fromisoformat(stamp) - zero) / timedelta(seconds=1)
    except (ValueError, TypeError):
        return None
