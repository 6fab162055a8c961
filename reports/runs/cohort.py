"""Which of the runs that were found a report is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from posttrace.reports.display import plain
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from posttrace.analysis.runs.tables import TraceSet


def chosen(traces: TraceSet, where: Mapping[str, Sequence[str]]) -> TraceSet:
    """The runs whose row in ``traces.runs`` has one of the values of each column, compared as text.

    States stay as they are, and so do traces that could not be read: nobody knows what they are of. Raises
    ``InputError`` for a column that runs do not have, and for a value that no run has.
    """
    keep = pd.Series(True, index=traces.runs.index)
    for name, values in where.items():
        if name not in traces.runs:
            there = ", ".join(map(str, traces.runs))
            raise InputError(f"where {name}: runs have no such column; there are {there}")
        column = traces.runs[name].astype("string")
        for value in values:
            if not (column == value).any():
                there = ", ".join(sorted({plain(x) for x in column.dropna()})[:12])
                raise InputError(f"where {name}={value}: no run has it; there is {there or 'nothing'}")
        keep &= column.isin(list(values)).fillna(False).astype(bool)
    if where and len(keep) and not keep.any():
        raise InputError("where: no run has all of these values together")
    records = tuple(run for run, kept in zip(traces.records, keep, strict=True) if kept)
    return replace(traces, records=records)


def alone(traces: TraceSet) -> TraceSet:
    """The one run of ``traces`` as if it counted, whatever its state: it is looked at by itself.

    Raises ``InputError`` when there is none that can be read, or more than one.
    """
    if not traces.records and traces.invalid:
        left = traces.invalid[0]
        raise InputError(f"{left.path} cannot be trusted: {left.reason}")
    if len(traces.records) != 1:
        raise InputError(f"a run report is about one run; here are {len(traces.records)}")
    return replace(traces, records=(replace(traces.records[0], state="final"),))
