"""Tables that read the traces again, against what was written; expected cells are derived by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posttrace as pt
from posttrace.traces import TraceError
from posttrace.traces.events import (
    AgentStep,
    CodeRevision,
    Event,
    FileChange,
    GpuSample,
    LogMetrics,
    ResourceSample,
    SkippedFile,
    ToolCall,
    ToolResult,
    Usage,
)
from tests.analysis.written import (
    known,
    started,
    write,
)


def test_rows_of_revisions(tmp_path: Path) -> None:
    files = [
        FileChange(path="a", status="added", added=3, removed=0, bytes=1),
        FileChange(path="b", status="added", added=4, removed=0, bytes=1),
        FileChange(path="c", status="modified", added=None, removed=None, bytes=1),
        FileChange(path="d", status="deleted", added=0, removed=5, bytes=None),
    ]
    skipped = [SkippedFile(path="venv", reason="environment", count=900)]
    write(
        tmp_path / "r",
        started(),
        CodeRevision(commit="1", parent=None, trigger="start", files=files, skipped=skipped, truncated=True),
        CodeRevision(commit="2", parent="1", trigger="end", files=[files[2]]),
    )
    first, second = (known(row) for _, row in pt.load(tmp_path).revisions.iterrows())
    counts = {"files_added": 2, "files_modified": 1, "files_deleted": 1, "lines_added": 7, "lines_removed": 5}
    assert (
        first.items()
        >= {"seq": 1, "commit": "1", "trigger": "start", "skipped": 1, "truncated": True}.items()
    )
    assert first.items() >= counts.items()
    assert second["parent"] == "1"
    assert not second.keys() & {"lines_added", "lines_removed"}  # a binary: unknown, not 0


def test_rows_of_steps_and_their_usage(tmp_path: Path) -> None:
    calls = [ToolCall(id=None, name="bash", arguments={}), ToolCall(id=None, name="edit", arguments={})]
    results = [
        ToolResult(id=None, content="", is_error=True),
        ToolResult(id=None, content="", is_error=False),
        ToolResult(id=None, content=""),
    ]
    used = Usage(input_tokens=10, output_tokens=2)
    write(
        tmp_path / "r",
        started(),
        AgentStep(source="agent", message="hello", model="m", usage=used, tool_calls=calls, results=results),
        AgentStep(source="agent", reasoning="", model="m", usage=used),
        AgentStep(source="agent", model="m"),
        AgentStep(source="user", message="go"),
    )
    traces = pt.load(tmp_path)
    rows = [known(row) for _, row in traces.steps.drop(columns=["ts", "t_s"]).iterrows()]
    tokens = {"input_tokens": 10, "output_tokens": 2}
    run, none = {"run_id": "c-s0-a1"}, {"tool_calls": 0, "results": 0}
    agent = {**run, "source": "agent", "model": "m"}
    did = {"tool_calls": 2, "tools": "bash,edit", "results": 3, "result_errors": 1}
    assert rows == [
        {**agent, **tokens, **did, "seq": 1, "message_chars": 5},
        {**agent, **tokens, **none, "seq": 2, "reasoning_chars": 0},
        {**agent, **none, "seq": 3},
        {**run, **none, "seq": 4, "source": "user", "message_chars": 2},
    ]
    assert [known(row) for _, row in traces.usage.iterrows()] == [
        {**run, "model": "m", "steps": 3, "steps_with_usage": 2, "input_tokens": 20, "output_tokens": 4},
        {**run, "steps": 1, "steps_with_usage": 0},  # nothing known is not 0 tokens
    ]


def test_rows_of_resources(tmp_path: Path) -> None:
    one, two = GpuSample(id="0", util_pct=10.0, mem_bytes=5), GpuSample(id="1", util_pct=30.0, mem_bytes=6)
    silent = GpuSample(id="1", util_pct=None, mem_bytes=None)
    write(
        tmp_path / "r",
        started(),
        *(
            ResourceSample(cpu_pct=150.0, rss_bytes=1, disk_bytes=None, gpus=gpus)
            for gpus in ([], [one, two], [one, silent])
        ),
    )
    table = pt.load(tmp_path).resources
    shared = {"run_id": "c-s0-a1", "cpu_pct": 150.0, "rss_bytes": 1}
    assert [known(row) for _, row in table.drop(columns=["ts", "t_s"]).iterrows()] == [
        {**shared, "seq": 1, "gpus": 0},
        {**shared, "seq": 2, "gpus": 2, "gpu_util_pct": 20.0, "gpu_mem_bytes": 11},
        {**shared, "seq": 3, "gpus": 2, "gpu_util_pct": 10.0},  # a sum over one of two would mislead
    ]


def test_a_trace_that_grew_since_it_was_loaded_is_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "r", started())
    traces = pt.load(tmp_path)
    with (tmp_path / "r/trace.jsonl").open("ab") as file:
        file.write(b"x\n")
    with pytest.raises(TraceError, match="changed since"):
        _ = traces.steps


KINDS: dict[str, Event] = {
    "revisions": CodeRevision(commit="c", parent=None, trigger="watch", files=[]),
    "steps": AgentStep(source="agent", message="m"),
    "resources": ResourceSample(cpu_pct=1.0, rss_bytes=1, disk_bytes=1),
    "none": LogMetrics(source="log", step=1, values={}),
}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from(sorted(KINDS)), max_size=12), max_size=3))
def test_every_event_is_one_row_in_order(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    for seed, kinds in enumerate(runs):
        write(folder / str(seed), started(seed=seed), *(KINDS[kind] for kind in kinds))
    traces = pt.load(folder) if runs else pt.TraceSet(())
    for name in ("revisions", "steps", "resources"):
        table = getattr(traces, name)
        written = [
            (f"c-s{seed}-a1", seq)
            for seed, kinds in enumerate(runs)
            for seq, kind in enumerate(kinds, start=1)  # run.started is line 0
            if kind == name
        ]
        assert list(zip(table["run_id"], table["seq"], strict=True)) == written
