"""``posttrace audit`` as a user types it: traces, tables, a run that goes on, and what is no input."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from posttrace.analysis.audit.verdict import CODES
from tests.support import posttrace

GOLDEN = next(Path(__file__).parent.joinpath("golden").glob("*/trace.jsonl"))
HEADER = "task,baseline,best,n_test,submissions\n"


@pytest.fixture
def golden(tmp_path):
    (tmp_path / "run").mkdir()
    return Path(shutil.copy(GOLDEN, tmp_path / "run/trace.jsonl"))


def table(tmp_path: Path, *rows: str, header: str = HEADER) -> str:
    """A CSV file of rows."""
    (tmp_path / "table.csv").write_text(header + "".join(f"{row}\n" for row in rows))
    return "table.csv"


def test_a_table_of_ones_own(tmp_path):
    name = table(tmp_path, "ALFWorld,5.97,93.28,134,7", "HumanEval,75.61,81.71,82,195")
    done = posttrace("audit", name, cwd=tmp_path)
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if line.strip().startswith(("ALFWorld", "HumanEval"))]
    assert lines[0].rstrip().endswith("gain exceeds noise (single run)")
    assert lines[1].rstrip().endswith("undetermined: underpowered, no attainable gain is detectable")


def test_the_same_as_json_and_csv(tmp_path):
    name = table(tmp_path, "ALFWorld,5.97,93.28,134,7")
    found = json.loads(posttrace("audit", name, "--json", cwd=tmp_path).stdout)
    assert found["schema"] == "posttrace-audit/1"
    (row,) = found["runs"]
    assert (row["verdict"], row["k"], row["corrected_gain"]) == ("exceeds", 7, None)
    (tmp_path / "out.csv").write_text(posttrace("audit", name, "--csv", cwd=tmp_path).stdout)
    assert pd.read_csv(tmp_path / "out.csv")["verdict"].tolist() == ["exceeds"]


def test_the_help_names_every_verdict(tmp_path):
    said = posttrace("audit", "--help", cwd=tmp_path).stdout
    assert [code for code in CODES if code not in said] == []


def test_a_verdict_may_fail_a_pipeline(tmp_path):
    name = table(tmp_path, "HumanEval,75.61,81.71,82,195")
    assert posttrace("audit", name, "--fail-on", "underpowered", cwd=tmp_path).returncode == 1
    assert posttrace("audit", name, "--fail-on", "exceeds", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("rows", "header", "says"),
    [
        ([], HEADER, "table.csv: a table without rows"),
        (["a,1"], "task,best\n", "no column baseline, n_test; there are task, best"),
        (["t,0.5,0.6,100,3"], HEADER, "every score is at most 1; add a column scale_max"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, rows, header, says):
    done = posttrace("audit", table(tmp_path, *rows, header=header), cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_rows_that_cannot_be_tested_are_invalid_with_their_reason(tmp_path):
    rows = ["a,nan,nan,100,3", "b,50,120,100,3", "c,50,60,1,3", "d,50,60,100,0"]
    found = json.loads(posttrace("audit", table(tmp_path, *rows), "--json", cwd=tmp_path).stdout)
    assert [row["label"].split(";")[0] for row in found["runs"]] == [
        "invalid: no baseline",
        "invalid: a score lies off its scale (0 to 100)",
        "invalid: 1 item",
        "invalid: submissions is 0",
    ]


def test_traces_and_tables_are_given_apart(golden, tmp_path):
    done = posttrace("audit", "run", "published:agent2", cwd=tmp_path)
    assert done.returncode == 2
    assert "run: no table" in done.stderr


def test_all_that_runs_say_together(golden, tmp_path):
    found = json.loads(posttrace("audit", "run", "--study", "--json", cwd=tmp_path).stdout)
    assert found["study"]["schema"] == "posttrace-study/1"
    assert len(found["study"]["runs"]) == len(found["runs"])
    assert "Rates" in posttrace("audit", "run", "--study", cwd=tmp_path).stdout


def test_a_run_is_followed_to_its_end(golden, tmp_path):
    done = posttrace("audit", "run", "--follow", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("run finished: completed")
    lines = posttrace("audit", "run", "--follow", "--json", cwd=tmp_path).stdout.splitlines()
    assert [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "words",
    [
        ["run", "run"],
        ["published:agent2"],
        *(["run", *words] for words in (["--csv"], ["--study"], ["--fail-on", "exceeds"])),
    ],
)
def test_one_run_is_followed(golden, tmp_path, words):
    done = posttrace("audit", "--follow", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "--follow watches one run" in done.stderr
