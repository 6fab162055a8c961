"""A set of runs and its tidy tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from posttrace.analysis.runs import telemetry
from posttrace.analysis.runs.frames import RESOURCES, REVISIONS, RUNS, STEPS, SUBMISSIONS, USAGE, frame
from posttrace.analysis.runs.items import items_table
from posttrace.analysis.runs.records import Exclusion, RunRecord
from posttrace.analysis.runs.reread import reread
from posttrace.analysis.runs.rows import run_row, submission_row
from posttrace.traces.events import AgentStep, AnyEvent, CodeRevision, Event, ResourceSample


@dataclass(frozen=True)
class TraceSet:
    """Runs that could be read, those that could not, and their tables.

    Each table has the same columns and dtypes (``analysis/frames.py``) also when it has no row; unknown is
    ``<NA>`` or NaN, never 0. ``revisions``, ``steps``, ``usage`` and ``resources`` read the traces again when
    they are first asked for.
    """

    records: tuple[RunRecord, ...]
    """Every readable run, with its state."""
    invalid: tuple[Exclusion, ...] = ()
    """Traces that cannot be trusted."""

    @cached_property
    def final(self) -> tuple[RunRecord, ...]:
        """The runs that analyses use: the first final attempt of each (cell, seed)."""
        return tuple(run for run in self.records if run.state == "final")

    @cached_property
    def excluded(self) -> tuple[Exclusion, ...]:
        """Everything else, with its state and reason."""
        others = [run for run in self.records if run.state != "final"]
        return (*(Exclusion(r.path, r.state, r.state_reason or r.state) for r in others), *self.invalid)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a readable run (``RUNS``); scores on 0..1."""
        return frame((run_row(run) for run in self.records), RUNS)

    @cached_property
    def submissions(self) -> pd.DataFrame:
        """One row a submission of a readable run (``SUBMISSIONS``)."""
        return frame((submission_row(r, s) for r in self.records for s in r.submissions), SUBMISSIONS)

    @cached_property
    def items(self) -> pd.DataFrame:
        """One row for each item of each evaluation (``ITEMS``)."""
        return items_table(self.records)

    @cached_property
    def revisions(self) -> pd.DataFrame:
        """One row a code revision (``REVISIONS``)."""
        rows = (telemetry.revision_row(run, event) for run, event in self._events(CodeRevision))
        return frame(rows, REVISIONS)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row an agent step (``STEPS``)."""
        return frame((telemetry.step_row(run, event) for run, event in self._events(AgentStep)), STEPS)

    @cached_property
    def usage(self) -> pd.DataFrame:
        """Tokens and cost for each run and model (``USAGE``), summed over the steps that report them."""
        return frame(telemetry.usage_rows(self.steps), USAGE)

    @cached_property
    def resources(self) -> pd.DataFrame:
        """One row a resource sample (``RESOURCES``)."""
        rows = (telemetry.resource_row(run, event) for run, event in self._events(ResourceSample))
        return frame(rows, RESOURCES)

    def select(self, **columns: object) -> TraceSet:
        """The runs whose row in ``runs`` has these values: ``select(task="spell", agent="sft")``.

        States stay as they are: a run does not become final because its rival is out of sight.
        """
        keep = pd.Series(True, index=self.runs.index)
        for name, value in columns.items():
            keep &= (self.runs[name] == value).fillna(False).astype(bool)
        chosen = [run for run, kept in zip(self.records, keep, strict=True) if kept]
        return replace(self, records=tuple(chosen))

    def _events(self, kind: type[Event]) -> Iterator[tuple[str, AnyEvent]]:
        for run in self.records:
            for event in reread(run, (kind,)):
                yield run.run_id, event
