"""Bad input gets one line on stderr and exit 2; a finding exits 1; nothing is lost."""

import json
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from posttrace.analysis.audit.settings import POLICIES, AuditSettings
from posttrace.cli import cli
from posttrace.cli.options import AUDIT
from posttrace.reports.config import chosen
from tests.support import posttrace

GOLDEN = next(Path(__file__).parent.joinpath("golden").glob("*/trace.jsonl"))


@pytest.fixture
def golden(tmp_path):
    (tmp_path / "run").mkdir()
    return Path(shutil.copy(GOLDEN, tmp_path / "run/trace.jsonl"))


@pytest.mark.parametrize("command", ["audit", "report", "validate", "status", "repair", "rescore"])
def test_a_missing_path(command, tmp_path):
    done = posttrace(command, "no/such/path", cwd=tmp_path)
    assert done.returncode == 2
    assert "no/such/path" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["audit", "report", "validate", "status"])
def test_folders_without_traces(command, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_text("nothing recorded")
    for name in ("empty", "other"):
        done = posttrace(command, name, cwd=tmp_path)
        assert done.returncode == 2
        assert name in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_an_unknown_option_of_any_command_is_one_line(command, tmp_path):
    done = posttrace(command, "--no-such-option", cwd=tmp_path)
    said = f"posttrace {command}: no such option '--no-such-option'"
    assert done.returncode == 2
    assert done.stderr.startswith(f"python -m {said}")
    assert done.stderr.endswith(f"; see python -m posttrace {command} --help\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["figrues"], "posttrace: no such command 'figrues' (did you mean figures?); see"),
        (["audit", ".", "--alhpa", "1"], "no such option '--alhpa' (did you mean --alpha?)"),
        (["audit"], "posttrace audit: missing argument 'PATH...'; see"),
        (["audit", ".", "--alpha"], "posttrace audit: option '--alpha' requires an argument; see"),
        (["audit", ".", "--alpha", "much"], "invalid value for '--alpha': 'much' is not a valid float; see"),
        (["repair", "one", "two"], "posttrace repair: got unexpected extra argument (two); see"),
        (["audit", ".", "--alpha", "2"], "posttrace: alpha is 2.0; give a one-sided level between 0 and 0.5"),
        (["audit", ".", "--fail-on", "unlucky"], "posttrace: --fail-on unlucky: verdicts are invalid, "),
        (["audit", ".", "--json", "--csv"], "posttrace: --json and --csv: choose one"),
        (
            ["run", "-m", "agent=sft,copy", "--dryrun"],
            "posttrace run: no such option '--dryrun' (did",
        ),
        (["rescore", ".", "--submission", "first"], "--submission first: give best, baseline or a number"),
    ],
)
def test_what_is_wrong_with_words_is_one_line(words, says, tmp_path):
    done = posttrace(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_first_line_of_every_command_is_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    listed = CliRunner().invoke(cli, ["--help"]).output
    assert "..." not in listed.replace("[ARGS]...", "")
    assert all(f"\n  {command} " in listed for command in cli.commands)


def test_settings_are_the_same_wherever_they_are_given():
    settings = {f"--{field.name.replace('_', '-')}": field.default for field in fields(AuditSettings)}
    assert {name: default for name, (default, _, _) in AUDIT.items()} == settings
    assert tuple(AUDIT["--exclude-policy"][1].choices) == POLICIES
    composed = chosen([], {}).settings  # what conf/report says
    assert composed == AuditSettings()


def test_a_tampered_trace_is_found_at_its_line(golden, tmp_path):
    clean = posttrace("validate", golden, cwd=tmp_path)
    assert clean.returncode == 0, clean.stdout
    lines = golden.read_bytes().splitlines(keepends=True)
    lines[3] = re.sub(rb'"t_s":', b'"t_s": ', lines[3], count=1)
    golden.write_bytes(b"".join(lines))
    done = posttrace("validate", golden, cwd=tmp_path)
    assert done.returncode == 1
    assert f"{golden}:4:" in done.stdout
    found = json.loads(posttrace("validate", golden, "--json", cwd=tmp_path).stdout)
    assert {"path", "line", "code", "severity", "message"} == set(found[0])
    audited = posttrace("audit", golden, "--json", cwd=tmp_path)
    assert audited.returncode == 1
    assert [e["state"] for e in json.loads(audited.stdout)["excluded"]] == ["invalid"]


def test_a_torn_trace_is_a_warning_and_repair_keeps_what_it_cuts(golden, tmp_path):
    whole = golden.read_bytes()
    golden.write_bytes(whole[:-20])
    assert posttrace("validate", golden, cwd=tmp_path).returncode == 0
    assert posttrace("repair", golden.parent, cwd=tmp_path).returncode == 0
    last_line_start = whole[:-1].rindex(b"\n") + 1
    assert golden.read_bytes() == whole[:last_line_start]
    (kept,) = golden.parent.glob("trace.jsonl.torn-*")
    assert whole[last_line_start:-20] in kept.read_bytes()


def test_an_unwritable_output_is_said_before_the_work(golden, tmp_path):
    done = posttrace("report", golden, "-o", "/proc/nowhere/report.html", cwd=tmp_path)
    assert done.returncode == 2
    assert "/proc/nowhere" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
