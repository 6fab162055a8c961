"""Reading: runs + submissions tables from one large trace, against polars and pandas doing the same job.

The trace is what a long agent run leaves: 340,000 events, about 1 GB, most of it agent steps. The same job
is without a look at the hash chain, which polars and pandas cannot check; what checking every line costs is a
row of its own. Each reader runs in a fresh process, which reports its own time (imports excluded) and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.row import Row
from posttrace.traces.chain import GENESIS, seal, stated_hash
from posttrace.traces.events import (
    AgentInfo,
    AgentStep,
    BaseModelInfo,
    BudgetInfo,
    Evaluator,
    Event,
    Items,
    LogMetrics,
    Recorder,
    ResourceSample,
    RunFinished,
    RunStarted,
    SandboxInfo,
    Software,
    SubmissionGraded,
    SubmissionReceived,
    TaskInfo,
    Usage,
)

EVENTS = 340_000
SUBMISSION_EVERY = 10_000
IDS = [f"item-{n:05d}" for n in range(1319)]

OURS = """
import posttrace as pt
traces = pt.load(path, verify=VERIFY)
rows = len(traces.runs) + len(traces.submissions)
scores = traces.submissions.score.sum()
"""
POLARS = """
import polars as pl
wanted = ["run.started", "run.finished", "submission.received", "submission.graded"]
lines = pl.scan_ndjson(path, infer_schema_length=None)
fields = ["type", "t_s", "run_id", "submission_id", "path", "status", "score", "revision"]
table = lines.filter(pl.col("type").is_in(wanted)).select(fields).collect()
graded = table.filter(pl.col("type") == "submission.graded")
rows = 1 + len(graded)
scores = graded["score"].sum() / 100
"""
PANDAS = """
import pandas as pd
wanted = ["run.started", "run.finished", "submission.received", "submission.graded"]
parts = [part[part["type"].isin(wanted)] for part in pd.read_json(path, lines=True, chunksize=20_000)]
table = pd.concat(parts)
graded = table[table["type"] == "submission.graded"]
rows = 1 + len(graded)
scores = graded["score"].sum() / 100
"""
MEASURED = """
import json, resource, sys, time
{imports}
path = sys.argv[1]
start = time.perf_counter()
{job}
taken = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([taken, peak, rows, scores]))
"""
IMPORTS = {
    "ours": "import posttrace.analysis.load",
    "verified": "import posttrace.analysis.load",
    "polars": "import polars",
    "pandas": "import pandas",
}


def run(quick: bool) -> list[Row]:
    """Quick: a tenth of the events."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        write_trace(path, EVENTS // 10 if quick else EVENTS)
        size = path.stat().st_size / 1e9
        trusted, verified = (OURS.replace("VERIFY", str(verify)) for verify in (False, True))
        jobs = {"ours": trusted, "verified": verified, "polars": POLARS, "pandas": PANDAS}
        found = {name: measure(name, job, path) for name, job in jobs.items()}
    ours, verified_run, polars, pandas = (found[name] for name in jobs)
    answers = {(rows, round(scores, 6)) for _, _, rows, scores in found.values()}
    if len(answers) != 1:
        raise AssertionError(f"the readers disagree: {answers}")
    name, checked = f"tables from a {size:.2f} GB trace", "the same, hash chain verified"
    by_polars, by_pandas = polars[0] / ours[0], pandas[0] / ours[0]
    return [
        Row(name, ours[0], f"s (polars {polars[0]:.2f} s)", by_polars, "polars", ">= 3x", by_polars >= 3),
        Row(name, ours[0], f"s (pandas {pandas[0]:.1f} s)", by_pandas, "pandas", ">= 10x", by_pandas >= 10),
        Row(checked, verified_run[0], "s", polars[0] / verified_run[0], "polars"),
        Row(
            "peak memory, verified",
            verified_run[1] / 1e6,
            "MB RSS",
            goal="< 300 MB",
            met=verified_run[1] < 3e8,
        ),
    ]


def measure(name: str, job: str, path: Path) -> tuple[float, float, int, float]:
    """Seconds, peak bytes, rows, sum of scores; the better of two runs: the file is cached for all."""
    code = MEASURED.format(imports=IMPORTS[name], job=job)
    runs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout))
    taken, peak, rows, scores = min(runs)
    return taken, peak, rows, scores


def write_trace(path: Path, events: int) -> None:
    """A trace through the real structs and the real chain."""
    encoder, previous = msgspec.json.Encoder(), GENESIS
    with path.open("wb") as file:
        for seq, event in enumerate(long_run(events)):
            event.seq, event.ts, event.t_s = seq, "2026-01-01T00:00:00.000000Z", seq / 10
            line = seal(previous, encoder.encode(event))
            previous = stated_hash(line).decode()
            file.write(line)


def long_run(events: int):  # type: ignore[no-untyped-def]  # a generator of many kinds
    """Started, then steps, metrics, samples and submissions in turn, then finished."""
    yield started()
    usage = Usage(input_tokens=1000, cached_tokens=10, output_tokens=200)
    text = "the agent reads a file, edits it and runs the training again; " * 75
    submission = 0
    for n in range(1, events - 1):
        if n % SUBMISSION_EVERY == 0:
            submission += 1
            yield SubmissionReceived(submission_id=submission, path=f"output/{submission}")
            yield graded(submission)
        elif n % 10 == 0:
            yield ResourceSample(cpu_pct=100.0, rss_bytes=10**9, disk_bytes=10**9)
        elif n % 3 == 0:
            yield LogMetrics(source="output/log.jsonl", step=n, values={"loss": 1.0 / n, "lr": 1e-4})
        else:
            yield AgentStep(source="agent", message=text, model="m", usage=usage)
    yield RunFinished(
        status="completed", reason=None, exit_code=0, wall_s=1.0, submissions=submission, best=None
    )


def graded(submission: int) -> Event:
    """A graded submission with per-item outcomes."""
    values: list[float | None] = [100.0 * ((n * submission) % 3 == 0) for n in range(len(IDS))]
    return SubmissionGraded(
        submission_id=submission,
        status="graded",
        split="feedback",
        score=float(submission),
        items=Items(ids=IDS, values=values),
        evaluator=Evaluator(id="exact", version="1"),
    )


def started() -> Event:
    """The first line."""
    return RunStarted(
        run_id="bench-s0-a1",
        cell_id="bench",
        seed=0,
        config={},
        task=TaskInfo(id="t", level=None, metric="accuracy", n_items=len(IDS), scale_max=100.0),
        agent=AgentInfo(id="a"),
        base_model=BaseModelInfo(id="b", sha256=None, bytes=None),
        budget=BudgetInfo(),
        sandbox=SandboxInfo(kind="local", isolates=[]),
        software=Software(python=None, posttrace=None),
        recorder=Recorder(kind="native"),
    )
