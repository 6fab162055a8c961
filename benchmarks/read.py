"""Reading: runs + submissions tables from one large trace, against polars and pandas doing the same job.

The trace is what a long agent run leaves: 340,000 events, about 1 GB, most of it agent steps. The same job
is without a look at the hash chain, which polars and pandas cannot check; what checking every line costs is a
row of its own. polars runs twice: as written without thought, and told which columns to read. Each reader
runs in a fresh process, which reports its own time (imports excluded) and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._traces import write_trace
from benchmarks.row import Row

EVENTS = 340_000

OURS = """
import posttrace as pt
traces = pt.load(path, verify=VERIFY)
rows = len(traces.runs) + len(traces.submissions)
scores = traces.submissions.score.sum()
"""
POLARS = """
import polars as pl
wanted = ["run.started", "run.finished", "submission.received", "submission.graded"]
texts = dict.fromkeys(["type", "run_id", "path", "status", "revision"], pl.String)
schema = {**texts, "t_s": pl.Float64, "submission_id": pl.Int64, "score": pl.Float64}
table = pl.scan_ndjson(path, schema=schema).filter(pl.col("type").is_in(wanted)).collect()
graded = table.filter(pl.col("type") == "submission.graded")
rows = 1 + len(graded)
scores = graded["score"].sum() / 100
"""
POLARS_BARE = POLARS.replace("path, schema=schema", "path, infer_schema_length=None")
"""As somebody writes it who has not looked up the columns."""
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
    "ours": "import posttrace.analysis.runs.load",
    "verified": "import posttrace.analysis.runs.load",
    "polars": "import polars",
    "bare": "import polars",
    "pandas": "import pandas",
}


def run(quick: bool) -> list[Row]:
    """Quick: a tenth of the events."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        write_trace(path, EVENTS // 10 if quick else EVENTS)
        size = path.stat().st_size / 1e9
        trusted, verified = (OURS.replace("VERIFY", str(verify)) for verify in (False, True))
        jobs = {
            "ours": trusted,
            "verified": verified,
            "polars": POLARS,
            "bare": POLARS_BARE,
            "pandas": PANDAS,
        }
        found = {name: measure(name, job, path) for name, job in jobs.items()}
    ours, verified_run, polars, bare, pandas = (found[name] for name in jobs)
    answers = {(rows, round(scores, 6)) for _, _, rows, scores in found.values()}
    if len(answers) != 1:
        raise AssertionError(f"the readers disagree: {answers}")
    name, checked = f"tables from a {size:.2f} GB trace", "the same, hash chain verified"
    by_polars, by_bare, by_pandas = (other[0] / ours[0] for other in (polars, bare, pandas))
    named = "polars, columns named"
    return [
        Row(name, ours[0], f"s (polars {polars[0]:.2f} s)", by_polars, named, ">= 3x", by_polars >= 3),
        Row(
            name, ours[0], f"s (polars {bare[0]:.2f} s)", by_bare, "polars scan_ndjson", ">= 3x", by_bare >= 3
        ),
        Row(name, ours[0], f"s (pandas {pandas[0]:.1f} s)", by_pandas, "pandas", ">= 10x", by_pandas >= 10),
        Row(checked, verified_run[0], "s", polars[0] / verified_run[0], named),
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
