"""The index of a pack: which figures it has, and why it lacks the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from posttrace.reports.display import escaped
from posttrace.reports.pack.provenance import SCHEMA

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made


def index(
    found: Sequence[Made], before: Mapping[str, Any], order: Sequence[str], command: str
) -> dict[str, Any]:
    """Plain JSON in the pack's ``order``; entries of ``before`` stay where nothing new was ``found``."""
    kept = {entry["name"]: entry for entry in before.get("figures", []) if entry.get("name") in order}
    new = {
        made.name: {
            "name": made.name,
            "title": made.title,
            "says": made.says,
            "files": list(made.files),
            "not_drawn": made.reason,
        }
        for made in found
    }
    entries = {**kept, **new}
    return {
        "schema": SCHEMA,
        "posttrace": version("posttrace"),
        "command": command,
        "figures": [entries[name] for name in order if name in entries],
    }


def readme(listed: Mapping[str, Any]) -> str:
    """The index for people, in Markdown."""
    drawn = [entry for entry in listed["figures"] if entry["not_drawn"] is None]
    missing = [entry for entry in listed["figures"] if entry["not_drawn"] is not None]
    lines = [
        "# Figures",
        "",
        "Each figure is there as PDF, SVG and PNG. The JSON beside it has the rows it shows, the runs and "
        "their number behind each row, what was left out, the head hashes of the traces, and the command "
        "that rebuilds it.",
        "",
        "All of them again, typed in this folder:",
        "",
        f"    {listed['command']}",
        "",
    ]
    for entry in drawn:
        name = entry["name"]
        lines += [f"## {entry['title']}", "", f"![{entry['title']}]({name}.svg)", ""]
        lines += [f"{entry['says']} Numbers: [{name}.json]({name}.json).", ""]
    if missing:
        lines += ["## Not drawn", ""]
        lines += [f"- {entry['title']}: {escaped(entry['not_drawn'])}." for entry in missing] + [""]
    return "\n".join(lines)
