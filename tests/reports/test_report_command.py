"""``posttrace report`` as it is typed: files by format, --check with its exit codes, and as demo calls it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from posttrace.cli.reporting import report
from posttrace.traces.errors import InputError
from tests.reports.study import STUDY, write_study


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_study(tmp_path / "runs", STUDY[:2])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(report, list(words), standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.output


def test_files_then_check_then_a_changed_number(tree: Path) -> None:
    code, said = run("runs", "report=quick", "--format", "md,qmd", "--where", "seed=0", "--title", "T")
    assert (code, "report: report.md" in said) == (0, True)
    made = sorted(path.name for path in tree.iterdir())
    assert made == ["report.ipynb", "report.json", "report.md", "report.qmd", "report_files", "runs"]
    twin = json.loads((tree / "report.json").read_text())
    assert len(twin["runs"]) == 1
    assert twin["command"] == (
        "posttrace report runs -o report.md --title T --format md,qmd --where seed=0 --resamples 1000"
    )
    code, said = run("runs", "--check")
    assert code == 0
    assert "numbers of 1 run reproduce" in said
    twin["displays"]["verdicts"]["rows"][0]["lcb_pp"] += 1
    (tree / "report.json").write_text(json.dumps(twin))
    code, said = run("--check", "report.json")
    assert code == 1
    assert ".lcb_pp: " in said
    assert "1 difference; the report does not reproduce" in said


def test_a_check_takes_no_settings_of_its_own(tree: Path) -> None:
    words = ["runs", "alpha=0.1", "--check", "report.json", "--seed", "2"]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == "--check takes this from the report: leave out --seed, alpha=0.1"


def test_another_command_can_call_it(tree: Path) -> None:
    @click.command()
    @click.pass_context
    def caller(ctx: click.Context) -> int:
        return int(ctx.invoke(report, words=("runs",), out=tree / "page.html", title="posttrace demo"))

    done = CliRunner().invoke(caller, standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0)
    assert "<h1>posttrace demo</h1>" in (tree / "page.html").read_text()
