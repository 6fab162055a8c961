"""Where the numbers of a figure or table come from: its rows, the runs behind them, and how to rebuild it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.published.tables import PREFIX
from posttrace.reports import compare
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
    """Plain JSON: rows, the runs behind them with head hashes, exclusions, what was ``asked``, and hashes of
    ``files``.

    Paths are as seen from ``folder``.
    """
    behind = sorted({run for row in run_ids(rows, material) for run in row})
    short = len(rows) <= MOST_ROWS
    return {
        "schema": SCHEMA,
        **dataclasses.asdict(about),
        "posttrace": version("posttrace"),
        "asked": asked(material, folder),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "n_rows": len(rows),
        "columns": [str(name) for name in rows.columns],
        "rows": records(rows) if short else None,
        "rows_sha256": digest(rows),
        "runs": [{"run_id": run, **_source(material, run, folder)} for run in behind],
        "excluded": [_left_out(left, material, folder) for left in material.excluded],
    }


def rows(path: str | Path) -> pd.DataFrame:
    """The finished table of a figure, from its record in a pack: to draw it another way.

    Undefined numbers are NaN. Raises ``InputError`` for a file that is no record, or has no rows.
    """
    import pandas as pd

    found = compare.read(Path(path), SCHEMA, "give the JSON beside a figure of a pack")
    if found.get("rows") is None:
        raise InputError(f"{path} has no rows: give the JSON beside a figure of a pack")
    table = pd.DataFrame(found["rows"], columns=found["columns"])
    unknown = [name for name in table if table[name].isna().all()]
    return table.assign(**{str(name): table[name].astype(float) for name in unknown})


def asked(material: Material, folder: Path) -> dict[str, Any]:
    """From what the numbers can be computed again: paths as seen from ``folder``, and settings."""
    return {
        "paths": [relative(path, folder) for path in material.paths],
        "settings": dataclasses.asdict(material.settings),
    }


def _left_out(left: Mapping[str, str], material: Material, folder: Path) -> dict[str, str]:
    """A trace that does not count; paths in the reason as seen from ``folder``, like its own."""
    reason = left["reason"]
    for path in sorted(material.paths, key=len, reverse=True):
        reason = reason.replace(path, relative(path, folder))
    return {**left, "path": relative(left["path"], folder), "reason": reason}


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


def placed(rows: pd.DataFrame, material: Material, folder: Path) -> pd.DataFrame:
    """The rows with their traces as seen from the pack's folder, wherever posttrace was called."""
    records = () if material.found is None else material.found.records
    seen = {run.path: relative(run.path, folder) for run in records}
    return rows.assign(**{name: rows[name].replace(seen) for name in ("path", "trace") if name in rows})


def _source(material: Material, run: str, folder: Path) -> dict[str, Any]:
    source = material.sources.get(run)
    return {} if source is None else {**source, "path": relative(source["path"], folder)}
