"""What a pack is made from: traces or reported tables, and all that follows from them when it is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posttrace.analysis.runs.each import Each, in_turn
from posttrace.reports.display import plural
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.runs import frames
from posttrace.traces import find_rescores

if TYPE_CHECKING:
    import pandas as pd

    from posttrace.analysis.across.study import Study
    from posttrace.analysis.audit.audit import Audit
    from posttrace.analysis.audit.settings import AuditSettings
    from posttrace.analysis.failures.failures import Failures
    from posttrace.analysis.published.tables import Table
    from posttrace.analysis.runs.records import RunRecord
    from posttrace.analysis.runs.tables import TraceSet
    from posttrace.reports.runs.routing import Routing

NO_TRACES = "needs traces: a reported table has no such record"


@dataclass(frozen=True)
class Material:
    """Either ``found`` (from traces) or ``tables`` (reported). Every part is made once, when first asked for.

    A part that these data cannot give raises ``Unsupported`` with the reason. ``each``: how work on many runs
    is done (``reports.memory``); ``tell`` hears what is being done.
    """

    paths: tuple[str, ...]
    settings: AuditSettings
    found: TraceSet | None = None
    tables: tuple[Table, ...] = ()
    each: Each = in_turn
    tell: Callable[[str], object] = lambda text: None

    @classmethod
    def read(
        cls,
        paths: Sequence[str | Path],
        settings: AuditSettings | None = None,
        each: Each = in_turn,
        tell: Callable[[str], object] = lambda text: None,
    ) -> Material:
        """From traces and folders of them, or from CSV files and ``published:NAME``.

        Raises ``InputError`` for a path that is missing or holds nothing, and for tables among traces.
        """
        from posttrace.analysis.audit.settings import AuditSettings
        from posttrace.analysis.published.tables import is_table, named_tables
        from posttrace.analysis.runs.load import load

        words = tuple(str(path) for path in paths)
        chosen = settings or AuditSettings()
        if any(map(is_table, words)):
            return cls(words, chosen, tables=_by_file(named_tables(words)), each=each)
        found = load(words, progress=lambda n, of: tell(f"reading traces ({n} of {of})"))
        return cls(words, chosen, found=found, each=each, tell=tell)

    @property
    def traces(self) -> TraceSet:
        """The runs."""
        if self.found is None:
            raise Unsupported(NO_TRACES)
        return self.found

    @cached_property
    def audit(self) -> Audit:
        """The verdicts, without routes."""
        from posttrace.analysis.audit.audit import audit
        from posttrace.analysis.audit.reported import audit_table
        from posttrace.analysis.published.results import REQUIRED

        if self.found is not None:
            self.tell(f"judging gains of {plural(len(self.found.final), 'run')}")
            return audit(self.found, self.settings, each=self.each)
        if not any(set(REQUIRED) <= set(table.cells) for table in self.tables):
            raise Unsupported(f"no table reports results (columns {', '.join(REQUIRED)})")
        return audit_table(self.tables, self.settings)

    @cached_property
    def study(self) -> Study:
        """What the runs say together."""
        from posttrace.analysis.across.study import study

        audit = self.audit
        self.tell(f"comparing {plural(len(audit.runs), 'run')}")
        return study(audit, traces=self.found)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The frame of ``frames.verdicts``; of reported tables a base model that varies is in the labels."""
        table = frames.verdicts(self.audit)
        if self.found is not None or table.groupby("task")["base_model"].nunique().max() < 2:
            return table
        # rows of a table have no seeds; a label that tells base models apart needs no cell id
        named = replace(self.audit, runs=tuple(_with_base(run) for run in self.audit.runs))
        return frames.verdicts(named).assign(agent=table["agent"])

    @cached_property
    def routing(self) -> Routing:
        """The routes of the runs that count."""
        from posttrace.reports.runs.routing import Routing

        self.tell(f"deriving routes of {plural(len(self.traces.final), 'run')}")
        routing = Routing.of(self.traces, self.each)
        if routing.failure is not None:
            raise Unsupported(f"routes could not be derived: {routing.failure}")
        return routing

    @cached_property
    def failures(self) -> Failures:
        """Why runs and iterations failed, of the runs that count."""
        from posttrace.analysis.failures.failures import failures

        self.tell(f"explaining failures of {plural(len(self.traces.final), 'run')}")
        return failures(replace(self.traces, records=self.traces.final))

    @cached_property
    def submissions(self) -> pd.DataFrame:
        """The frame of ``frames.trajectories``."""
        return frames.trajectories(self.traces, self.verdicts)

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        """Run id -> path and head hash of its trace, and SHA-256 of its rescore files that count; empty for a
        reported table.
        """
        final = () if self.found is None else self.found.final
        return {
            run.run_id: {"path": run.path, "head_hash": run.head_hash, "rescores": _rescores(run)}
            for run in final
        }

    @cached_property
    def excluded(self) -> list[dict[str, str]]:
        """Traces, and rescore files of those that count, that do not: path, state and reason."""
        if self.found is None:
            return []
        files = [one for run in self.found.final for one in run.unusable.items()]
        return [
            *({"path": one.path, "state": one.state, "reason": one.reason} for one in self.found.excluded),
            *({"path": path, "state": "left_out", "reason": reason} for path, reason in files),
        ]


def _rescores(run: RunRecord) -> dict[str, str]:
    files = [path for path in find_rescores(Path(run.path)) if str(path) not in run.unusable]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _by_file(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """Named by their files alone, which stay when a folder is moved, where that tells them apart."""
    names = {Path(table.name).name for table in tables}
    if len(names) < len(tables):
        return tables
    return tuple(replace(table, name=Path(table.name).name) for table in tables)


def _with_base(run: Any) -> Any:
    return replace(run, agent=f"{run.agent} · {run.base_model}") if run.base_model else run
