"""From traces on disk to records: one streaming pass over each run and its rescore files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from posttrace.analysis.runs.attempts import settle
from posttrace.analysis.runs.build import KINDS, RunBuilder, SharedTexts
from posttrace.analysis.runs.records import Exclusion, RunRecord
from posttrace.analysis.runs.tables import TraceSet
from posttrace.traces import TraceError, TraceReader, find_rescores, find_traces


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    verify: bool = True,
    progress: Callable[[int, int], object] | None = None,
) -> TraceSet:
    """Read every run below ``paths`` (a trace, a run directory, or any folder above some).

    A trace that cannot be trusted (a broken chain, no ``run.started``, a line that is no event) is not an
    error of the set: it stands under ``excluded`` as ``invalid`` with the reason. Without ``verify`` the hash
    chain is taken on trust, several times faster: for traces that were verified before. ``progress`` is
    called with (traces read, traces found) after each. Memory: the item values; ids are shared.

    Raises ``InputError`` for a path that is missing or holds no trace.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    traces = find_traces(given)
    shared = SharedTexts()
    records, invalid = [], []
    for n, trace in enumerate(traces, start=1):
        try:
            records.append(load_record(trace, shared, verify=verify))
        except TraceError as error:
            invalid.append(Exclusion(str(trace), "invalid", str(error)))
        if progress:
            progress(n, len(traces))
    return TraceSet(settle(records), tuple(invalid))


def load_record(trace: Path, shared: SharedTexts | None = None, *, verify: bool = True) -> RunRecord:
    """Read one trace and its rescore files; its state is provisional until all attempts are known.

    Raises ``TraceError`` when the chain is broken, a line is no event of ``posttrace/1``, or events disagree
    on what a score belongs to; the text begins with the path, and the line where there is one.
    """
    reader = TraceReader(trace, KINDS, verify=verify)
    run: RunBuilder | None = None
    for event in reader:
        if run is None:
            run = RunBuilder.begin(trace, event, SharedTexts() if shared is None else shared)
        else:
            run.add(event)
    if run is None:
        raise TraceError(f"{trace}: no run.started; this is not the beginning of a run")
    for path in find_rescores(trace):
        run.add_rescore(path, head=reader.head)
    return run.build(head=reader.head, torn=reader.torn)
