"""``report``: from traces to a page, the notebook it came from, and the same numbers for machines."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports import evidence
from posttrace.reports.notebook import execute, nbformat
from posttrace.reports.templates.study import Parameters, build
from posttrace.traces import find_traces
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from posttrace.analysis.audit.settings import AuditSettings
    from posttrace.analysis.runs.tables import TraceSet

TITLE: Final = "Do the gains exceed noise?"


def report(
    traces: TraceSet | str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    title: str | None = None,
    settings: AuditSettings | None = None,
) -> Path:
    """Write ``out`` (one self-contained HTML page), and beside it ``<stem>.ipynb`` and ``<stem>.json``.

    Each file appears whole or not at all. The traces are read again by the notebook, so that whoever has it
    can rerun it. The same traces give the same bytes.

    Raises:
        InputError: ``out`` cannot be written, or there is no trace to read: before the long work.
        ReportError: The notebook failed.
    """
    from posttrace.analysis.audit.settings import AuditSettings

    page = Path(out)
    sources = _sources(traces)
    files = _outputs(page)
    folder = page.resolve().parent
    paths = [os.path.relpath(Path(path).resolve(), folder) for path in sources]
    chosen = AuditSettings() if settings is None else settings
    parameters = Parameters(
        paths=paths,
        title=title or TITLE,
        settings=dataclasses.asdict(chosen),
        command=_command(paths, page.name, title, chosen),
    )
    executed = execute(build(parameters), folder)
    _write_all(files, executed)
    return page


def _outputs(page: Path) -> dict[str, Path]:
    """Kind -> file, after trying that the folder takes files."""
    if page.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{page}: a report is an HTML page: give a name that ends in .html")
    if page.is_dir():
        raise InputError(f"{page} is a folder: give the name of a file that ends in .html")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=page.parent):
            pass
    except OSError as error:
        raise InputError(f"{page}: cannot write there ({error.strerror}): choose another folder") from error
    return {"html": page, "ipynb": page.with_suffix(".ipynb"), "json": page.with_suffix(".json")}


def _sources(traces: TraceSet | str | Path | Sequence[str | Path]) -> list[str]:
    if isinstance(traces, str | Path):
        given: Iterable[str | Path] = [traces]
    elif isinstance(traces, Sequence):
        given = traces
    else:
        found = {record.path for record in traces.records} | {trace.path for trace in traces.excluded}
        given = sorted(found)
    paths = [str(path) for path in given]
    if not paths:
        raise InputError("no traces: name at least one trace or a folder with traces")
    find_traces(paths)  # complains of a path as it was given, in the words of every other command
    return paths


def _command(paths: Sequence[str], name: str, title: str | None, settings: AuditSettings) -> str:
    """What to type in the report's folder; settings that are not the defaults are options."""
    words = ["posttrace", "report", *paths, "-o", name]
    if title is not None:
        words += ["--title", title]
    for field in dataclasses.fields(settings):
        value: Any = getattr(settings, field.name)
        if value != field.default:
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _write_all(files: dict[str, Path], executed: Any) -> None:
    from posttrace.reports.html import render

    twin = json.dumps(evidence.of(executed), indent=1, ensure_ascii=False, allow_nan=False)
    _write(files["html"], render(executed))
    _write(files["ipynb"], nbformat().writes(executed) + "\n")
    _write(files["json"], twin + "\n")


def _write(path: Path, text: str) -> None:
    """Replace ``path`` in one step: a reader sees the old file or the new one, also after a crash."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except OSError as error:
        Path(scratch).unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
