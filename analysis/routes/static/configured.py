"""Configuration files that are listed by themselves: what a framework would train with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.static import configs, launched

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine import Machine


def run_config(m: Machine, path: str) -> str:
    """Note what a table of a framework says of a file of settings."""
    found = configs.content(m.workspace, path)
    if found is None:
        m.workspace.problems.append(f"{path}: no settings that can be read")
        return path
    verdict = frameworks.config(found)
    if verdict is not None:
        with m.at(path):
            m.line = 1
            launched.tell(m, verdict)
    return path
