"""Where the numbers of a figure or table come from: its rows, the runs behind them, and how to rebuild it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.published.tables import PREFIX
from posttrace.reports.evidence import records
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from posttrace.reports.pack.material import Material

SCHEMA: Final = "posttrace-pack/1"
MOST_ROWS: Final = 20_000
"""Of a longer table the file itself has the rows, and the record its hash."""


@dataclass(frozen=True)
class About:
    """What a record says of a figure or table beside its rows. ``command`` as typed in the pack's folder."""

    name: str
    kind: str
    """figure or table."""
    title: str
    says: str
    command: str


def record(
    about: About, rows: pd.DataFrame, material: Material, folder: Path, files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Plain JSON: rows, the runs behind them with head hashes, exclusions, settings, and hashes of ``files``.

    Paths are as seen from ``folder``.
    """
    behind = sorted({run for row in run_ids(rows, material) for run in row})
    short = len(rows) <= MOST_ROWS
    return {
        "schema": SCHEMA,
        **dataclasses.asdict(about),
        "posttrace": version("posttrace"),
        "settings": dataclasses.asdict(material.settings),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "n_rows": len(rows),
        "columns": [str(name) for name in rows.columns],
        "rows": records(rows) if short else None,
        "rows_sha256": digest(rows),
        "runs": [{"run_id": run, **_source(material, run, folder)} for run in behind],
        "excluded": [{**left, "path": relative(left["path"], folder)} for left in material.excluded],
    }


def run_ids(rows: pd.DataFrame, material: Material) -> Iterator[list[str]]:
    """The runs behind each row; rows that name none rest on all runs that were audited."""
    if "run_id" in rows:
        yield from ([str(run)] for run in rows["run_id"].dropna())
    elif "run_ids" in rows:
        yield from (list(map(str, runs)) for runs in rows["run_ids"])
    else:
        yield list(material.sources)


def digest(rows: pd.DataFrame) -> str:
    """Hash of the rows as JSON."""
    text = rows.to_json(orient="split", index=False, double_precision=12)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What changed between two records of one figure or table, one line each; empty: the same numbers.

    Compares rows (numbers to nine digits), runs, head hashes and exclusions; not how a file is rendered.
    """
    found = []
    known = {run["run_id"]: run.get("head_hash") for run in before["runs"]}
    seen = {run["run_id"]: run.get("head_hash") for run in now["runs"]}
    found += [f"run {run} is gone" for run in sorted(known.keys() - seen.keys())]
    found += [f"run {run} is new" for run in sorted(seen.keys() - known.keys())]
    same = known.keys() & seen.keys()
    found += [f"run {run} has another head hash" for run in sorted(same) if known[run] != seen[run]]
    if len(before["excluded"]) != len(now["excluded"]):
        found.append(f"{len(before['excluded'])} traces were left out, now {len(now['excluded'])}")
    return found + _changed_rows(before, now)


def _changed_rows(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    if before["n_rows"] != now["n_rows"]:
        return [f"{before['n_rows']} rows, now {now['n_rows']}"]
    if before["rows"] is None or now["rows"] is None:
        same = before["rows_sha256"] == now["rows_sha256"]
        return [] if same else ["rows changed"]
    found = []
    for i, (old, new) in enumerate(zip(before["rows"], now["rows"], strict=True), start=1):
        for name in {**old, **new}:
            if not _same(old.get(name), new.get(name)):
                found.append(f"row {i}, {name}: {old.get(name)}, now {new.get(name)}")
    return found


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, (int, float)):
        return abs(old - new) <= 1e-9 * max(1.0, abs(old), abs(new))
    return bool(old == new)


def command(
    verb: str, material: Material, folder: Path, options: Sequence[str], settings: bool = True
) -> str:
    """What to type in ``folder``; settings that are not the defaults are options."""
    words = ["posttrace", verb, *(relative(path, folder) for path in material.paths), "-o", ".", *options]
    for field in dataclasses.fields(material.settings) if settings else ():
        value: Any = getattr(material.settings, field.name)
        if value != field.default:
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def relative(path: str, folder: Path) -> str:
    """A path as seen from the pack's folder; the name of a shipped table as it is."""
    return path if path.startswith(PREFIX) else os.path.relpath(Path(path).resolve(), folder.resolve())


def read(path: Path) -> dict[str, Any]:
    """A record that was written beside a figure or table. Raises ``InputError`` when it is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no record of a figure or table ({error})") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError(f"{path}: no record of a figure or table: its schema is not {SCHEMA}")
    return found


def _source(material: Material, run: str, folder: Path) -> dict[str, Any]:
    source = material.sources.get(run)
    return {} if source is None else {**source, "path": relative(source["path"], folder)}
