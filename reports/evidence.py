"""The machine-readable twin of a report: every number on the page, with the runs behind it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports.shown import Picture, Table
from posttrace.traces.errors import PosttraceError

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.analysis.runs.tables import TraceSet
    from posttrace.reports.runs.routing import Routing

MIME: Final = "application/vnd.posttrace.report+json"
SCHEMA: Final = "posttrace-report/1"


@dataclass(frozen=True)
class Evidence:
    """Everything a report shows. In a notebook its output is the data itself, so that it travels with it."""

    traces: TraceSet | None
    """None: the report is about printed tables."""
    audit: Audit
    routes: Routing | None
    title: str
    summary: str
    command: str
    asked: Mapping[str, Any]
    """Kind and parameters, from which the report can be computed again."""
    displays: Sequence[Table | Picture]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            MIME: self.to_json(),
            "text/plain": f"{len(self.displays)} figures and tables, with their rows",
        }

    def to_json(self) -> dict[str, Any]:
        """``{schema, title, summary, command, asked, posttrace, newest_run, runs, excluded, audit, routes,
        displays}``; ``asked``: ``{kind, paths, title, settings, where, style}``."""
        runs = [
            {"run_id": run.run_id, "path": run.path, "started_at": run.started.ts, "head_hash": run.head_hash}
            for run in sorted(self._final(), key=lambda run: run.run_id)
        ]
        starts = [run["started_at"] for run in runs if run["started_at"] is not None]
        return {
            "schema": SCHEMA,
            "title": self.title,
            "summary": self.summary,
            "command": self.command,
            "asked": dict(self.asked),
            "posttrace": version("posttrace"),
            "newest_run": max(starts, default=None),
            "runs": runs,
            "excluded": [
                {"path": trace.path, "state": trace.state, "reason": trace.reason}
                for trace in (() if self.traces is None else self.traces.excluded)
            ],
            "audit": self.audit.to_json(),
            "routes": None if self.routes is None else self.routes.to_json(),
            "displays": {display.name: self._display(display) for display in self.displays},
        }

    def _final(self) -> tuple[RunRecord, ...]:
        return () if self.traces is None else self.traces.final

    def _display(self, display: Table | Picture) -> dict[str, Any]:
        ids = (
            display.rows["run_id"].unique() if "run_id" in display.rows else [r.run_id for r in self._final()]
        )
        return {
            "kind": "figure" if isinstance(display, Picture) else "table",
            "n_rows": len(display.rows),
            "run_ids": sorted(str(run_id) for run_id in ids),
            "rows": records(display.rows),
        }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON objects; undefined is null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows


def of(notebook: NotebookNode) -> dict[str, Any]:
    """The evidence inside an executed report.

    Raises:
        PosttraceError: The notebook shows none.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            found = output.get("data", {}).get(MIME)
            if found is not None:
                return dict(found)
    raise PosttraceError("the notebook holds no evidence of a report: execute all of its cells")


def without_data(notebook: NotebookNode) -> NotebookNode:
    """The same notebook without the evidence itself, which is data and nothing to read; cells are shared."""
    made = copy.copy(notebook)
    made.cells = [copy.copy(cell) for cell in notebook.cells]
    for cell in filter(_is_data, made.cells):
        cell.outputs = []
    return made


def _is_data(cell: NotebookNode) -> bool:
    return "evidence" in cell.metadata.get("tags", ())
