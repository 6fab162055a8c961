"""``posttrace routes`` and ``failures`` as a user types them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support import posttrace

GOLDEN = next(Path(__file__).parent.joinpath("golden").glob("*/trace.jsonl"))
SFT = """
from trl import SFTConfig, SFTTrainer
from datasets import load_dataset

trainer = SFTTrainer("Qwen/Qwen2.5-0.5B", train_dataset=load_dataset("json", data_files="d.jsonl"))
trainer.train()
"""


@pytest.fixture
def golden(tmp_path):
    (tmp_path / "run").mkdir()
    return Path(shutil.copy(GOLDEN, tmp_path / "run/trace.jsonl"))


def run_id(golden: Path) -> str:
    """Of the golden trace."""
    return str(json.loads(golden.read_text().splitlines()[0])["run_id"])


def test_code_without_a_trace(tmp_path):
    (tmp_path / "train.py").write_text(SFT)
    found = json.loads(posttrace("routes", "--source", "train.py", "--json", cwd=tmp_path).stdout)
    assert (found["label"], found["coarse"], found["tier"]) == ("sft", "SFT", "C")
    assert 0.5 < found["confidence"] <= 1
    assert {"path", "line", "rule", "says"} <= set(found["evidence"][0])
    assert [fact["line"] for fact in found["evidence"] if fact["rule"] == "trainer"] == [5]
    assert "sft" in posttrace("routes", "--source", "train.py", cwd=tmp_path).stdout


def test_a_run_is_explained(golden, tmp_path):
    done = posttrace("routes", "run", "--explain", run_id(golden), cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Routes of {run_id(golden)}")
    found = json.loads(posttrace("routes", "run", "--explain", run_id(golden), "--json", cwd=tmp_path).stdout)
    assert found["schema"] == "posttrace-explanation/1"
    done = posttrace("routes", "run", "--explain", "nobody", cwd=tmp_path)
    assert done.returncode == 2
    assert f"--explain nobody: no run has this id; there are {run_id(golden)}" in done.stderr


def test_of_no_code_no_route_is_claimed(tmp_path):
    (tmp_path / "empty").mkdir()
    done = posttrace("routes", "--source", "empty", cwd=tmp_path)
    assert done.returncode == 2
    assert "empty: no program that could be run" in done.stderr


def test_labels_of_a_person(golden, tmp_path):
    (tmp_path / "labels.csv").write_text(f"run_id,label\n{run_id(golden)},sft\n")
    found = json.loads(posttrace("routes", "run", "--labels", "labels.csv", "--json", cwd=tmp_path).stdout)
    assert [item["label"] for item in found["items"]] == ["sft"]
    assert posttrace("routes", "run", "--labels", "labels.csv", cwd=tmp_path).returncode == 0
    (tmp_path / "labels.csv").write_text("run,route\n1,sft\n")
    assert posttrace("routes", "run", "--labels", "labels.csv", cwd=tmp_path).returncode == 2


def test_why_runs_failed(golden, tmp_path):
    assert posttrace("failures", "run", cwd=tmp_path).returncode == 0
    found = json.loads(posttrace("failures", "run", "--json", cwd=tmp_path).stdout)
    assert found["schema"] == "posttrace-failures/1"
    assert posttrace("failures", "run", "--csv", cwd=tmp_path).stdout.startswith("run_id,")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["routes", "run", "--json", "--csv"], "choose one"),
        (["routes", "run", "--source", "--explain", "x"], "choose one"),
        (["failures", "run", "--json", "--csv"], "choose one"),
        (["routes", "--source", "nowhere.py"], "nowhere.py"),
    ],
)
def test_wrong_words(golden, tmp_path, words, says):
    done = posttrace(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["routes", "failures"])
def test_of_a_broken_record_nothing_is_claimed(command, golden, tmp_path):
    golden.write_text(golden.read_text().replace('"t_s":', '"t_s": ', 1))
    done = posttrace(command, "run", cwd=tmp_path)
    assert done.returncode == 1
    assert "Nothing failed" not in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "invalid" in line]
    assert line.startswith("invalid: run/trace.jsonl:")
    assert line.count("trace.jsonl") == 1
    done = posttrace("routes", "run", "--explain", "nobody", cwd=tmp_path)
    assert "none that can be read" in done.stderr
