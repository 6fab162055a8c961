"""Do the numbers of a report still follow from its traces? Compute them again and say what differs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from posttrace.reports import evidence
from posttrace.reports.notebook import execute
from posttrace.reports.options import ReportOptions
from posttrace.reports.report import Progress, notebook, sources_of
from posttrace.traces.errors import InputError

PLACES: Final = frozenset({"path", "trace"})
"""Keys that say where a trace lay, which may change."""
RELATIVE: Final = 1e-9
"""Numbers closer than this are equal: another machine may round its last digit another way."""


@dataclass(frozen=True)
class Checked:
    """What was compared; ``differences`` are empty when everything reproduces."""

    n_runs: int
    n_numbers: int
    differences: tuple[str, ...]
    version: str
    """Of posttrace, that made the report."""


def check(
    twin: str | Path, traces: Sequence[str | Path] = (), *, progress: Progress | None = None
) -> Checked:
    """Compute the report behind ``twin`` (its JSON file) again, from ``traces`` or where they lay then.

    Nothing is taken from a cache, and every hash chain is verified. Raises ``InputError`` for a file that is
    no report, and for traces that are not there.
    """
    path = Path(twin)
    old = _read(path)
    asked = old["asked"]
    folder = path.resolve().parent
    recorded = [word if word.startswith("published:") else str(folder / word) for word in asked["paths"]]
    sources = sources_of([str(word) for word in traces] or recorded)
    options = ReportOptions(where=asked["where"], style=asked["style"])
    made = notebook(asked["kind"], sources, path, (asked["title"], _settings(asked), options))
    executed = execute(made, folder, environment={"POSTTRACE_CACHE": os.devnull}, progress=progress)
    new = json.loads(json.dumps(evidence.of(executed)))
    found = (*_traces(old, new), *_numbers(old, new))
    return Checked(len(old["runs"]), _count(old["displays"]), found, old["posttrace"])


def _settings(asked: Mapping[str, Any]) -> Any:
    from posttrace.analysis.audit.settings import AuditSettings

    return AuditSettings(**asked["settings"])


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a report's .json") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON; give the .json beside a report") from error
    if not isinstance(data, dict) or data.get("schema") != evidence.SCHEMA or "asked" not in data:
        raise InputError(f"{path} is no {evidence.SCHEMA} file; give the .json beside a report")
    return data


def _traces(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Runs that are gone, new, or whose record has another last hash."""
    before, after = ({run["run_id"]: run for run in data["runs"]} for data in (old, new))
    broken = {left["path"]: left for left in new["excluded"]}
    for run_id, run in before.items():
        if run_id in after and after[run_id]["head_hash"] != run["head_hash"]:
            heads = f"{run['head_hash'][:16]} then, {after[run_id]['head_hash'][:16]} now"
            yield f"run {run_id}: its trace was altered: head {heads}"
        elif run_id not in after:
            left = broken.get(run["path"])
            why = f"{left['state'].replace('_', ' ')}: {left['reason']}" if left else "no such trace"
            yield f"run {run_id} does not count any more: {why}"
    yield from (f"run {run_id} is new" for run_id in after if run_id not in before)


def _numbers(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    yield from _compare("summary", old["summary"], new["summary"])
    pairs = [("audit", old["audit"], new["audit"])]
    for name in {**old["displays"], **new["displays"]}:
        pairs.append((name, *(data["displays"].get(name, {}).get("rows") for data in (old, new))))
    for name, before, after in pairs:
        yield from _compare(name, before, after)


def _compare(where: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in PLACES:
                yield from _compare(f"{where}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where}: {len(old)} rows then, {len(new)} now"
        for i, (before, after) in enumerate(zip(old, new, strict=False)):
            yield from _compare(f"{where}[{_name(before, i)}]", before, after)
    elif not _same(old, new):
        yield f"{where}: {_said(old)} then, {_said(new)} now"


def _name(row: Any, i: int) -> str:
    """What tells a row from the others, for a reader."""
    if not isinstance(row, dict):
        return str(i)
    parts = [row.get("run_id"), row.get("submission_id")]
    return " ".join(str(part) for part in parts if part is not None) or str(i)


def _same(old: Any, new: Any) -> bool:
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (old, new))
    return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=1e-12) if numbers else bool(old == new)


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _count(value: Any) -> int:
    """Numbers anywhere inside."""
    if isinstance(value, dict | list):
        return sum(_count(entry) for entry in (value.values() if isinstance(value, dict) else value))
    return int(isinstance(value, int | float) and not isinstance(value, bool))
