"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure, and where there is one the ratio to what a user would pick instead."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    """How many times better than ``baseline``, measured in the same run."""
    baseline: str | None = None
    goal: str | None = None
    met: bool | None = None
