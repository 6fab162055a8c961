"""Does a pack still follow from its traces? Compute its figures and tables again and say what differs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.published.tables import PREFIX
from posttrace.analysis.runs.each import Each, in_turn
from posttrace.reports import compare
from posttrace.reports.compare import Checked
from posttrace.reports.pack import provenance
from posttrace.reports.pack.contents import FIGURES
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.sheets import SHEETS
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

What = Literal["figures", "tables"]
Rows = Callable[[Material], "pd.DataFrame"]


@dataclass(frozen=True)
class Kind:
    """Where the records of figures, or of tables, lie in a pack, and how their rows are made."""

    index: str
    record: str
    rows: Mapping[str, Rows]


KINDS: Final[Mapping[What, Kind]] = {
    "figures": Kind("index.json", "{}.json", {entry.name: entry.rows for entry in FIGURES}),
    "tables": Kind("tables.json", "table_{}.about.json", {sheet.name: sheet.frame for sheet in SHEETS}),
}


def check(
    folder: Path,
    what: What,
    traces: Sequence[str] = (),
    names: Iterable[str] = (),
    *,
    each: Each = in_turn,
    progress: Callable[[str], object] = lambda text: None,
) -> Checked:
    """Compute what the index of a pack lists, or of it the ``names``, from ``traces`` or where they lay then.

    Every hash chain is verified; files are compared with the hashes in their records. Raises ``InputError``
    for a folder that is no pack, and for traces that are not there. Files and traces are said first.
    """
    kind = KINDS[what]
    advice = f"give the folder of a pack, as posttrace {what} TRACES -o DIR makes it"
    listed = compare.read(folder / kind.index, provenance.SCHEMA, advice)
    again = _Again(folder, kind, tuple(traces), each)
    records: list[dict[str, Any]] = []
    sources: list[str] = []
    found: list[str] = []
    for entry in _chosen(listed[what], names):
        progress(f"computing {entry['name']}")
        if entry["missing"] is not None:
            found += again.missing(entry)
            continue
        path = folder / kind.record.format(entry["name"])
        records.append(compare.read(path, provenance.SCHEMA, "make the pack again"))
        sources += _files(records[-1], folder)
        other_traces, other_numbers = again.changed(records[-1])
        sources += other_traces
        found += other_numbers
    runs = {run["run_id"] for record in records for run in record["runs"]}
    numbers = sum(compare.count(record["rows"]) for record in records)
    return Checked(
        len(runs), len(records), numbers, tuple(dict.fromkeys([*sources, *found])), listed["posttrace"]
    )


def _chosen(entries: Sequence[dict[str, Any]], names: Iterable[str]) -> list[dict[str, Any]]:
    wanted = {name.strip() for name in names} - {""}
    there = [entry["name"] for entry in entries]
    if unknown := sorted(wanted - set(there)):
        raise InputError(f"the pack has no {', '.join(unknown)}; it has {', '.join(there)}")
    return [entry for entry in entries if not wanted or entry["name"] in wanted]


@dataclass(frozen=True)
class _Again:
    """Computes what a pack lists; traces are read once for all that were asked for alike."""

    folder: Path
    kind: Kind
    traces: tuple[str, ...]
    each: Each
    read: dict[str, Material] = field(default_factory=dict)

    def changed(self, old: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Differences of one figure or table: in its traces, and in its numbers."""
        name = old["name"]
        material = self._material(old["asked"])
        rows, reason = self._rows(name, material)
        if rows is None:
            return [], [f"{name}: there then, none now: {reason}"]
        about = provenance.About(*(old[part.name] for part in fields(provenance.About)))
        new = json.loads(json.dumps(provenance.record(about, rows, material, self.folder, {})))
        found = list(compare.numbers(name, old["rows"], new["rows"]))
        if old["rows"] is None and old["rows_sha256"] != new["rows_sha256"]:
            found.append(f"{name}: its {old['n_rows']:,} rows are not what they were")
        return [*compare.traces(old, new, material.sources), *_rescores(old, new)], found

    def missing(self, entry: Mapping[str, Any]) -> Iterator[str]:
        """What was not there is not there now, and for the same reason."""
        name, then = entry["name"], entry["missing"]
        rows, now = self._rows(name, self._material(entry["asked"]))
        if rows is None and now != then:
            yield f"{name}: none then: {then}; none now: {now}"
        elif rows is not None and len(rows):
            yield f"{name}: none then: {then}; there now"

    def _rows(self, name: str, material: Material) -> tuple[pd.DataFrame | None, str]:
        if name not in self.kind.rows:
            return None, "this version of posttrace has no such thing"
        try:
            return provenance.placed(self.kind.rows[name](material), material, self.folder), ""
        except Unsupported as error:
            return None, str(error)

    def _material(self, asked: Mapping[str, Any]) -> Material:
        key = json.dumps(asked, sort_keys=True)
        if key not in self.read:
            settings = AuditSettings(**asked["settings"])
            paths = self.traces or [self._recorded(path) for path in asked["paths"]]
            self.read[key] = Material.read(paths, settings, self.each)
        return self.read[key]

    def _recorded(self, path: str) -> str:
        """Where a path of a record lies, as seen from here."""
        if path.startswith(PREFIX):
            return path
        there = os.path.normpath(self.folder / path)
        if not Path(there).exists():
            raise InputError(f"{there} does not exist: name the traces of the pack after it")
        return there


def _rescores(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Rescore files that are not those of then, of runs that count then and now."""
    now = {run["run_id"]: run.get("rescores", {}) for run in new["runs"]}
    for run in old["runs"]:
        then, files = run.get("rescores"), now.get(run["run_id"])
        if then is None or files is None:
            continue
        for name in sorted({*then, *files}):
            if then.get(name) != files.get(name):
                heads = (
                    head[:16] if head else "none that counts" for head in (then.get(name), files.get(name))
                )
                yield f"run {run['run_id']}: {name} changed: {' then, '.join(heads)} now"


def _files(old: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for name, digest in old["files"].items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is gone"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name} is not the file that was written"
