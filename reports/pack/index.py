"""The index of a pack: which figures it has, and why it lacks the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from posttrace.reports.display import escaped
from posttrace.reports.pack.provenance import SCHEMA

if TYPE_CHECKING:
    from posttrace.reports.pack.entry import Made


def entries(before: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    """The entries of an index that is there; none of a file that is no index."""
    found = before.get(what, [])
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def index(
    what: str,
    found: Sequence[Made],
    kept: Sequence[Mapping[str, Any]],
    order: Sequence[str],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Plain JSON of the ``figures`` or ``tables`` in the pack's ``order``; ``about``: command and ``asked``.

    Entries ``kept`` from an index that is there stay where nothing new was ``found``.
    """
    listed = {entry["name"]: entry for entry in kept if entry.get("name") in order}
    listed |= {
        made.name: {
            "name": made.name,
            "title": made.title,
            "says": made.says,
            "files": list(made.files),
            "missing": made.reason,
            "asked": about["asked"],
        }
        for made in found
    }
    return {
        "schema": SCHEMA,
        "posttrace": version("posttrace"),
        "command": about["command"],
        what: [listed[name] for name in order if name in listed],
    }


def readme(listed: Mapping[str, Any]) -> str:
    """The index for people, in Markdown."""
    drawn = [entry for entry in listed["figures"] if entry["missing"] is None]
    missing = [entry for entry in listed["figures"] if entry["missing"] is not None]
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
        "Whether the numbers still follow from the traces, and these files are what was written:",
        "",
        "    posttrace figures . --check",
        "",
    ]
    for entry in drawn:
        name = entry["name"]
        lines += [f"## {entry['title']}", "", f"![{entry['title']}]({name}.svg)", ""]
        lines += [f"{entry['says']} Numbers: [{name}.json]({name}.json).", ""]
    if missing:
        lines += ["## Not drawn", ""]
        lines += [f"- {entry['title']}: {escaped(entry['missing'])}." for entry in missing] + [""]
    return "\n".join(lines)
