"""What is found of one descent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from posttrace.analysis.routes.route import Objective
from posttrace.analysis.routes.static.machine.values import Value


@dataclass(frozen=True)
class Finding:
    """An objective, why, and where."""

    objective: Objective
    reasons: tuple[tuple[str, str, Value | None], ...]
    """(rule, words for a reader, node that shows it)."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, Value], ...] = ()
    """Files that the trained tokens come from, each with the node that reads it."""
