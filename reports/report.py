"""``report``: from traces to a page, the notebook it came from, and the same numbers for machines."""

from __future__ import annotations

import dataclasses
import os
import shlex
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports.files import check_folder, write_all
from posttrace.reports.notebook import execute
from posttrace.reports.options import Kind, ReportOptions, formats_of
from posttrace.reports.render import html
from posttrace.reports.render.documents import check_tools, documents
from posttrace.reports.templates.cells import Parameters
from posttrace.traces import find_traces, read_events
from posttrace.traces.errors import InputError
from posttrace.traces.events import RunStarted

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from posttrace.analysis.audit.settings import AuditSettings
    from posttrace.analysis.runs.tables import TraceSet

TITLES: Final[dict[Kind, str]] = {
    "study": "Do the gains exceed noise?",
    "run": "One run in full",
    "published": "Do the published gains exceed noise?",
}
"""Of a report that was given no title; one on a run that says what it is names that."""
Progress = Callable[[str], object]


def report(
    traces: TraceSet | str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    title: str | None = None,
    settings: AuditSettings | None = None,
    options: ReportOptions | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write ``out`` in the format of its name, and beside it ``<stem>.ipynb`` and ``<stem>.json``.

    The folder of one run, or its trace, gives a report on that run; ``published:NAME`` and CSV tables one on
    reported results; anything else one on all runs found. Each file appears whole or not at all. The traces
    are read again by the notebook, so that whoever has it can rerun it. The same traces give the same bytes.
    ``progress`` hears what is being done.

    Raises:
        InputError: ``out`` cannot be written, there is no trace to read, or a tool is missing: before the
            long work.
        ReportError: The notebook or a renderer failed.
    """
    page, options = Path(out), options or ReportOptions()
    kind, sources = kind_of(traces), sources_of(traces)
    formats = formats_of(page, options)
    renderer = check_tools(formats, options.renderer)
    check_folder(page)
    plain = notebook(kind, sources, page, (title, settings, options))
    executed = execute(plain, page.resolve().parent, progress=progress, meanwhile=_prepare)
    if progress:
        progress(f"writing {', '.join(formats)}")
    write_all(page.parent, documents(executed, plain, page, formats, renderer))
    return page


def _prepare() -> None:
    """This process waits for the kernel anyway."""
    threading.Thread(target=html.prepare, daemon=True).start()


def notebook(
    kind: Kind,
    sources: Sequence[str],
    page: Path,
    chosen: tuple[str | None, AuditSettings | None, ReportOptions],
) -> NotebookNode:
    """The notebook behind ``page``, not executed; ``chosen``: title, settings and options."""
    from posttrace.analysis.audit.settings import AuditSettings

    title, settings, options = chosen
    settings = settings or AuditSettings()
    folder = page.resolve().parent
    paths = [_seen_from(folder, path) for path in sources]
    parameters = Parameters(
        paths=paths,
        title=title or (_of_run(sources) if kind == "run" else TITLES[kind]),
        settings=dataclasses.asdict(settings),
        command=_command(paths, page.name, title, settings, options),
        where={name: list(values) for name, values in options.where.items()},
        style=options.style,
    )
    return _template(kind)(parameters)


def _of_run(sources: Sequence[str]) -> str:
    """Task, agent and seed of the only run there is."""
    (trace,) = find_traces(sources)
    for start in read_events(trace, (RunStarted,), verify=False):
        if isinstance(start, RunStarted):
            seed = "" if start.seed is None else f", seed {start.seed}"
            return f"{start.task.id} · {start.agent.id}{seed}"
    return TITLES["run"]


def _template(kind: Kind) -> Callable[[Parameters], NotebookNode]:
    """Imported for its own kind: what the others import takes longer than the rest of a short report."""
    build: Callable[[Parameters], NotebookNode] = import_module(f"posttrace.reports.templates.{kind}").build
    return build


def kind_of(traces: TraceSet | str | Path | Sequence[str | Path]) -> Kind:
    """What a report on these is about; a set of loaded traces is a study, also of one run."""
    from posttrace.analysis.published.tables import is_table

    if not isinstance(traces, str | Path | Sequence):
        return "study"
    words = [str(word) for word in ([traces] if isinstance(traces, str | Path) else traces)]
    if any(is_table(word) for word in words):
        return "published"
    one = len(words) == 1 and (Path(words[0]).is_file() or (Path(words[0]) / "trace.jsonl").is_file())
    return "run" if one else "study"


def sources_of(traces: TraceSet | str | Path | Sequence[str | Path]) -> list[str]:
    """The words that name them. Raises ``InputError`` for a path that holds no trace, and for no path."""
    from posttrace.analysis.published.tables import is_table, named_tables

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
    if any(is_table(word) for word in paths):
        named_tables(paths)
    else:
        _check_names(find_traces(paths))  # complains of a path as it was given, as every other command does
    return paths


def _check_names(traces: Iterable[Path]) -> None:
    """Raise ``InputError`` for a name that no page and no JSON can hold."""
    for trace in traces:
        try:
            str(trace.resolve()).encode()
        except UnicodeEncodeError as error:
            shown = os.fsencode(trace).decode(errors="backslashreplace")
            raise InputError(f"{shown}: its name is not UTF-8; rename the folder or give a link") from error


def _seen_from(folder: Path, path: str) -> str:
    from posttrace.analysis.published.tables import PREFIX

    return path if path.startswith(PREFIX) else os.path.relpath(Path(path).resolve(), folder)


def _command(
    paths: Sequence[str], name: str, title: str | None, settings: AuditSettings, options: ReportOptions
) -> str:
    """What to type in the report's folder; settings that are not the defaults are options."""
    words = ["posttrace", "report", *paths, "-o", name]
    if title is not None:
        words += ["--title", title]
    if options.formats:
        words += ["--format", ",".join(options.formats)]
    if options.renderer != "builtin":
        words += ["--renderer", options.renderer]
    if options.style != "wide":
        words += ["--style", options.style]
    for column, values in options.where.items():
        words += ["--where", f"{column}={','.join(values)}"]
    for field in dataclasses.fields(settings):
        value: Any = getattr(settings, field.name)
        if value != field.default:
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    return shlex.join(words)
