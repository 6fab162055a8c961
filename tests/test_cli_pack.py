from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from posttrace.cli import cli

REPORTED = """\
task,agent,baseline,best,n_test,submissions
spell,sft,20.0,30.0,1000,1
spell,grpo,20.0,21.0,1000,1
spell,rft,20.0,15.0,1000,1
house,sft,60.0,70.0,1000,1
house,grpo,60.0,64.0,1000,1
house,rft,60.0,61.0,1000,1
"""


@pytest.fixture
def reported(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(REPORTED)
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def test_a_pack_of_a_reported_table(reported: Path, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    result = run("figures", reported, "-o", out, "--style", "acl", "--only", "results,ranks")
    assert result.return_value == 0
    assert result.output.splitlines()[-1] == f"pack: {out} (2 drawn, 0 not)"
    record = json.loads((out / "ranks.json").read_text())
    assert record["command"] == "posttrace figures ../results.csv -o . --style acl --only ranks"
    # sft is first on both tasks, rft last
    ranks = {row["configuration"]: row["mean_rank"] for row in record["rows"]}
    assert ranks == {"sft": 1, "grpo": 2, "rft": 3}


def test_a_pack_is_checked(reported: Path, tmp_path: Path) -> None:
    out = tmp_path / "pack"
    run("figures", reported, "-o", out, "--only", "results,ranks", "--alpha", "0.1")
    run("tables", reported, "-o", out, "--table", "audit")
    before = {path: path.read_bytes() for path in out.iterdir()}
    result = run("figures", out, "--check")
    assert result.return_value == 0
    # ranks: rank, tasks, difference, p, n of 3 agents; results: gain, 2 bounds, n without score of 6 cells
    assert result.stdout.splitlines()[-1] == f"{out}: 39 numbers of 6 runs reproduce (2 figures and tables)"
    assert run("tables", out, "--check").return_value == 0
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    reported.write_text(REPORTED.replace("spell,sft,20.0,30.0", "spell,sft,20.0,31.0"))
    result = run("figures", out, "--check", "--only", "results")
    assert result.return_value == 1
    said = result.stdout.splitlines()
    assert "results[spell sft].mean_gain_pp: 10 then, 11 now" in said
    assert said[-1].endswith("the pack does not reproduce")
    # the same results, given by hand
    assert run("tables", out, "--check", reported, "--table", "audit").return_value == 1


def test_a_check_takes_settings_from_the_pack_alone(tmp_path: Path) -> None:
    result = run("figures", tmp_path, "--check", "--alpha", "0.1", "-o", "x")
    assert str(result.exception) == "--check takes this from the pack: leave out --alpha, --out"


def test_without_a_folder_or_a_pack_it_says_what_to_give(reported: Path, tmp_path: Path) -> None:
    assert "give -o DIR; or --check" in str(run("figures", reported).exception)
    assert "give the folder of a pack" in str(run("figures", tmp_path, "--check").exception)
    assert "give the folder of a pack" in str(run("tables", tmp_path, "--check").exception)


def test_exit_one_when_a_named_figure_is_not_drawn(reported: Path, tmp_path: Path) -> None:
    result = run("figures", reported, "-o", tmp_path / "pack", "--only", "trajectories")
    assert result.return_value == 1
    assert "trajectories: none: needs traces" in result.output


def test_an_unknown_figure_is_said_before_the_work(tmp_path: Path) -> None:
    result = run("figures", tmp_path / "missing", "-o", tmp_path / "pack", "--only", "pie")
    assert "no figure pie" in str(result.exception)
    assert not (tmp_path / "pack").exists()


def test_one_table_goes_to_standard_output(reported: Path) -> None:
    result = run("tables", reported, "--table", "results", "--format", "json")
    rows = json.loads(result.output)
    assert [row["mean_gain_pp"] for row in rows if row["agent_label"] == "sft"] == pytest.approx([10, 10])


def test_tables_go_to_files(reported: Path, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    result = run("tables", reported, "-o", out, "--table", "audit", "--table", "cells", "--format", "parquet")
    assert result.return_value == 0
    assert len(pd.read_parquet(out / "table_audit.parquet")) == 6


def test_a_table_that_cannot_be_made_is_one_line(reported: Path) -> None:
    result = run("tables", reported, "--table", "steps")
    assert result.return_value == 1
    assert result.stderr == "steps: needs traces: a reported table has no such record\n"
    assert result.stdout == ""


def test_several_tables_need_a_folder(reported: Path) -> None:
    result = run("tables", reported, "--table", "audit", "--table", "cells")
    assert "give -o DIR" in str(result.exception)


def test_without_a_name_the_tables_are_listed(reported: Path) -> None:
    result = run("tables", reported)
    assert result.return_value == 0
    assert {"results", "sensitivity"} <= {
        line.split()[0] for line in result.output.splitlines() if line.strip()
    }


def test_styles_and_formats_are_those_of_the_library() -> None:
    from posttrace.cli.packing import FORMATS, STYLES
    from posttrace.reports.pack.formats import SUFFIXES
    from posttrace.reports.style import PAGES

    assert set(STYLES) == set(PAGES)
    assert set(FORMATS) == set(SUFFIXES)
