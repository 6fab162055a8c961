"""``posttrace power`` in tables, JSON and CSV, one line for bad input; following a run."""

import csv
import io
import json
import math
import os
import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from scipy.stats import norm

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.analysis.stats.plan.power import Detectable, critical_normal
from posttrace.cli import cli
from posttrace.cli.planning import follow
from posttrace.runner.claim import Claim, claim
from posttrace.traces.errors import InputError
from tests.support import posttrace


def power(*words: str) -> str:
    done = CliRunner().invoke(cli, ["power", *words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_a_design_in_json():
    said = json.loads(power("--items", "200", "--submissions", "10", "--baseline", ".3", "--json"))
    assert said["schema"] == "posttrace-power/1"
    [answer] = said["answers"]
    critical = critical_normal(10)
    assert answer["critical"] == pytest.approx(critical)
    assert answer["detectable"] == pytest.approx(Detectable().mcnemar(200, 0.42, norm.sf(critical)))
    assert answer["claim"] == "run"
    assert answer["power"] is None
    assert said["needed"] == []


def test_a_gain_says_what_it_needs():
    words = ["--items", "200", "--baseline", ".3", "--gain", ".1", "--runs", "5", "--run-sd", ".03"]
    said = json.loads(power(*words, "--json"))
    assert {answer["claim"] for answer in said["answers"]} == {"run", "agent"}
    assert [(row["claim"], row["lever"]) for row in said["needed"]] == [
        (claim, lever) for claim in ("run", "agent") for lever in ("items", "replicates", "runs")
    ]
    shown = power(*words)
    assert "power at 10 points" in shown
    assert "more runs are for a claim about the agent" in shown


def test_without_items_a_table_over_items_and_submissions():
    shown = power("--baseline", ".3")
    assert all(f"k = {k}" in shown for k in (1, 5, 10, 30))
    assert "13.5" in shown  # n = 200, k = 1
    rows = list(csv.DictReader(io.StringIO(power("--baseline", ".3", "--csv"))))
    assert len(rows) == 7 * 4
    [one] = [row for row in rows if (row["items"], row["submissions"]) == ("200", "1")]
    assert float(one["detectable"]) == pytest.approx(0.1348, abs=1e-4)
    assert "k = 5" not in power("--baseline", ".3", "--submissions", "10")
    assert "mean of 4 runs" in power("--baseline", ".3", "--runs", "4", "--run-sd", ".02")


def test_undefined_is_a_dash_with_its_reason_and_null_in_json():
    words = ["--items", "20", "--submissions", "30", "--baseline", ".6"]
    assert "no attainable gain is detectable" in power(*words)
    [answer] = json.loads(power(*words, "--json"))["answers"]
    assert answer["detectable"] is None
    assert answer["reason"] == "no attainable gain is detectable"


def test_continuous_scores():
    said = json.loads(power("--items", "100", "--item-sd", ".3", "--json"))
    expected = (norm.isf(0.05) + norm.ppf(0.8)) * 0.3 / math.sqrt(100)
    assert said["answers"][0]["detectable"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--items 5 --baseline .3", "items is 5; give 10 or more"),
        ("--items 50 --submissions 0 --baseline .3", "submissions is 0"),
        ("--items 50 --baseline 2", "give 0.02 for 2 percentage points"),
        ("--items 50 --baseline .3 --gain 2", "give 0.02 for 2 percentage points"),
        ("--items 50 --baseline .8 --gain .3", "at most 0.2 can be gained"),
        ("--items 50", "--baseline"),
        ("--items 50 --baseline .3 --runs 2", "range but no interval"),
        ("--items 50 --baseline .3 --runs 4", "--run-sd"),
        ("--items 50 --baseline .3 --power 80", "such as 0.8"),
        ("--items 50 --baseline .3 --alpha 5", "alpha is 5"),
        ("--items 50 --baseline .3 --json --csv", "choose one"),
    ],
)
def test_bad_input(words, said):
    error = CliRunner().invoke(cli, ["power", *words.split()]).exception
    assert isinstance(error, InputError)
    assert said in str(error)
    assert "\n" not in str(error)


def test_bad_input_is_one_line_and_exit_2(tmp_path):
    done = posttrace("power", "--items", "5", "--baseline", ".3", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "posttrace: items is 5; give 10 or more\n"


def test_following_a_finished_run(capsys):
    golden = Path(__file__).parent / "golden/posttrace-1"
    assert follow(str(golden), AuditSettings()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("0123456789ab-s7-a1: sft on spell; weight of a submission 1/4 each")
    assert lines[-1] == "run finished: completed; no evidence so far"
    assert follow(str(golden), AuditSettings(), as_json=True) == 0
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["began", "step", "step", "step", "ended"]


def test_watching_may_stop_before_the_run_begins(tmp_path, monkeypatch, capsys):
    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("posttrace.cli.planning.time.sleep", interrupt)
    assert follow(str(tmp_path / "trace.jsonl"), AuditSettings()) == 0
    said = capsys.readouterr().err
    assert f"waiting for {tmp_path}" in said
    assert "stopped watching" in said


def test_watching_ends_with_one_line_when_the_runner_was_killed(tmp_path, capsys):
    run = claim(tmp_path, 1)
    assert run is not None
    golden = Path(__file__).parent / "golden/posttrace-1/trace.jsonl"
    run.trace.write_bytes(b"".join(golden.read_bytes().splitlines(keepends=True)[:-1]))  # no run.finished
    gone = msgspec.structs.replace(Claim.mine(), pid=2**22 - 1, started=0.0)
    run.claim.write_bytes(msgspec.json.encode(gone))
    for path in (run.trace, run.claim):
        os.utime(path, (0, 0))
    assert follow(str(run.root), AuditSettings()) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].startswith("submission ")  # all there was to see, first
    assert said.err.startswith(f"{run.trace}: the run was killed, nobody writes here any more;")
    assert len(said.err.splitlines()) == 1


PAGE = (Path(__file__).parents[1] / "docs/planning.md").read_text()
COMMANDS = re.findall(r"```bash\nposttrace (.*?)\n```\n\n```text\n(.*?)```", PAGE, re.S)
[PYTHON] = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize(("words", "printed"), COMMANDS)
def test_the_page_on_planning_prints_what_is_printed(words, printed):
    shown = "\n".join(line.rstrip() for line in power(*words.split()[1:]).rstrip().splitlines())
    assert shown == printed.rstrip()


def test_the_python_of_the_page(capsys):
    exec(PYTHON[0], {})
    assert capsys.readouterr().out == PYTHON[1]
