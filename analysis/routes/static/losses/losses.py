"""Losses that libraries have classes or functions for, in training loops that the workspace writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, cast

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.frameworks import Entry
from posttrace.analysis.routes.route import Objective
from posttrace.analysis.routes.static.graph import CONTENT, Slice
from posttrace.analysis.routes.static.losses.descent import Descent
from posttrace.analysis.routes.static.losses.finding import Finding
from posttrace.analysis.routes.static.machine.values import Value

_FIRST: Final = ("distill", "ppo", "grpo", "dpo", "reward_model")
"""Where several enter one loss, the first of these says what it is; cross-entropy says the least."""


def named(found: Iterable[tuple[Descent, Finding]]) -> list[tuple[Descent, Finding]]:
    """The same findings, each by the library's loss that it descends where there is one."""
    return [(descent, _named(descent, finding)) for descent, finding in found]


def _named(descent: Descent, finding: Finding) -> Finding:
    shown: dict[str, tuple[Entry, Value]] = {}
    for node in Slice([descent.root], CONTENT):
        entry = frameworks.loss(node.name) if node.op in ("call", "instance") else None
        if entry is not None:
            shown.setdefault(entry.objective, (entry, node))
    said: list[str] = [name for name in _FIRST if name in shown]
    if not said and finding.objective == "other":
        said = list(shown)
    if not said:
        return finding
    name = said[0]
    entry, node = shown[name]
    says = f"{entry.framework}: {node.name.rsplit('.', 1)[-1]}"
    reasons = (("loss", says, node), *(r for r in finding.reasons if r[0] != "no-likelihood"))
    return replace(finding, objective=cast(Objective, name), reasons=reasons, attributes=entry.attributes)
