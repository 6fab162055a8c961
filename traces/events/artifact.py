"""``artifact.observed``: a model directory that appeared or changed in the workspace."""

from __future__ import annotations

import msgspec

from posttrace.traces.events.base import Event


class ArtifactFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One file of a model directory, by content."""

    path: str
    bytes: int
    sha256: str


class ModelInfo(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says of itself; null is unknown."""

    architecture: str | None
    n_params: int | None
    adapter: bool | None
    same_as_base: bool | None
    """The weights are those of the base, byte for byte."""
    delta_l2_rel: float | None
    """L2 norm of the difference to the base's weights over the norm of the base's."""


class ArtifactObserved(Event, tag="artifact.observed", kw_only=True):
    """A directory with model weights."""

    path: str
    """Relative to the workspace."""
    files: list[ArtifactFile]
    model: ModelInfo | None
    mtime: str | None
