"""A cell is what is compared: everything that decides a run but its seed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

CELL_GROUPS = ("task", "agent", "driver", "base_model", "mode", "budget", "sandbox", "grading")


def cell_id(config: Mapping[str, Any]) -> str:
    """First 12 hex digits of the SHA-256 of the sorted, compact JSON of the resolved groups.

    Without the seed, paths of the run and the launcher, so a cell has several runs.
    """
    decisive = {group: config[group] for group in CELL_GROUPS}
    return hashlib.sha256(msgspec.json.encode(decisive, order="deterministic")).hexdigest()[:12]


def seed_dir(config: Mapping[str, Any]) -> Path:
    """``<out>/<experiment>/<cell_id>/seed-<s>``: the attempts of one run."""
    return Path(str(config["out"]), str(config["experiment"]), cell_id(config)) / f"seed-{config['seed']}"


def run_id(config: Mapping[str, Any], attempt: int) -> str:
    """``<cell_id>-s<seed>-a<n>``."""
    return f"{cell_id(config)}-s{config['seed']}-a{attempt}"
