"""Models that a command loads from outside of the workspace: nobody recorded them, but names are known."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from posttrace.analysis.routes.record.history import History
from posttrace.analysis.routes.record.models import BASE, Version

PUBLISHED: Final = "published"
_OWNER_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FOLDERS: Final = frozenset(
    ["checkpoint", "checkpoints", "ckpt", "ckpts", "code", "data", "logs", "model", "models", "output"]
) | frozenset(["outputs", "results", "runs", "tmp"])
"""What agents call folders of their own."""


def from_outside(name: str, history: History) -> Version | None:
    """The base by its name, or a published model by ``owner/name``; null for what is neither."""
    if posixpath.basename(name) == posixpath.basename(history.run.started.base_model.id):
        return next(iter(history.of(BASE)), None)
    own = {version.path.split("/")[0] for version in history.versions} | _FOLDERS
    if not _OWNER_NAME.fullmatch(name) or name.split("/")[0] in own:
        return None
    return Version(name, f"{PUBLISHED} {name}", 0.0, 0.0, 0.0, given=True)


def is_published(version: Version) -> bool:
    """Whether a model is a published one, other than the base."""
    return version.given and version.weights.startswith(PUBLISHED)
