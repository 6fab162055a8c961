"""Do the numbers of a report still follow from its traces? Compute them again and say what differs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from posttrace.reports import compare, evidence
from posttrace.reports.compare import Checked
from posttrace.reports.notebook import execute
from posttrace.reports.options import ReportOptions
from posttrace.reports.report import Progress, notebook, sources_of
from posttrace.traces.errors import InputError

WHOLE: Final = ("title", "summary", "newest_run", "audit", "routes")
"""Parts of the JSON that are compared as they are; ``runs`` and ``excluded`` are told as traces."""
NEEDED: Final = (*WHOLE, "asked", "displays", "excluded", "posttrace", "runs")


def check(
    twin: str | Path, traces: Sequence[str | Path] = (), *, progress: Progress | None = None
) -> Checked:
    """Compute the report behind ``twin`` (its JSON file) again, from ``traces`` or where they lay then.

    Nothing is taken from a cache, and every hash chain is verified. Raises ``InputError`` for a file that is
    no report, and for traces that are not there.
    """
    path = Path(twin)
    old = compare.read(path, evidence.SCHEMA, "give the .json beside a report")
    if lacks := [name for name in NEEDED if name not in old]:
        raise InputError(f"{path} is not whole: it lacks {', '.join(lacks)}; give the .json beside a report")
    asked = old["asked"]
    folder = path.resolve().parent
    recorded = [word if word.startswith("published:") else str(folder / word) for word in asked["paths"]]
    sources = sources_of([str(word) for word in traces] or recorded)
    options = ReportOptions(where=asked["where"], style=asked["style"])
    made = notebook(asked["kind"], sources, path, (asked["title"], _settings(asked), options))
    executed = execute(made, folder, environment={"POSTTRACE_CACHE": os.devnull}, progress=progress)
    new = json.loads(json.dumps(evidence.of(executed)))
    found = (*compare.traces(old, new), *_numbers(old, new))
    shown = old["displays"]
    return Checked(len(old["runs"]), len(shown), compare.count(shown), found, old["posttrace"])


def _settings(asked: Mapping[str, Any]) -> Any:
    from posttrace.analysis.audit.settings import AuditSettings

    return AuditSettings(**asked["settings"])


def _numbers(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for name in WHOLE:
        yield from compare.numbers(name, old[name], new[name])
    for name in {**old["displays"], **new["displays"]}:
        before, after = (data["displays"].get(name) or {} for data in (old, new))
        rows = list(compare.numbers(name, before.get("rows"), after.get("rows")))
        # how many rows there are and of which runs follows from them, and is said where it does not
        yield from rows or compare.numbers(name, before, after)
