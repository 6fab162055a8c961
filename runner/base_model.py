"""Which checkpoint a run starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.workspace import locate
from posttrace.traces.errors import ConfigError


@dataclass(frozen=True)
class BaseModel:
    """A base model as the configuration names it."""

    id: str
    path: Path
    sha256: str | None
    """Expected artefact hash; null when the configuration expects none."""

    @classmethod
    def of(cls, config: Mapping[str, Any], seed: int) -> BaseModel:
        """The base of a run with this seed: the one at ``path``, or member seed mod n of ``by_seed``.

        Raises ``ConfigError`` when there is neither, or both, or nothing at the path.
        """
        members = config["by_seed"]
        if bool(members) == (config["path"] is not None):
            raise ConfigError(f"base_model {config['id']}: give path, or by_seed (a list of path and sha256)")
        if not members:
            return cls(config["id"], locate(config["path"]).resolve(), config["sha256"])
        which = seed % len(members)
        member = members[which]
        return cls(f"{config['id']}-{which}", locate(member["path"]).resolve(), member["sha256"])

    def check(self) -> None:
        """Raise ``ConfigError`` when the content is not what the configuration expects."""
        found, _ = hash_directory(self.path)
        if self.sha256 not in (None, found.sha256):
            raise ConfigError(
                f"base model {self.id}: {self.path} has hash {found.sha256[:12]}..., "
                f"not {self.sha256[:12]}...; restore it or change its sha256 in base_model"
            )


def repeated(config: Mapping[str, Any], seed: int) -> str | None:
    """A note where a seed beyond the members of ``by_seed`` starts from the same base as an earlier one.

    Such seeds are no independent draws of a base.
    """
    n = len(config["by_seed"])
    return None if seed < n or not n else f"base {seed % n} of {config['id']} again, as of seed {seed % n}"
