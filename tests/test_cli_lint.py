"""``posttrace lint``: findings exit 1, information alone 0, a table that cannot be read 2."""

import csv
import io
import json

import pytest

from tests.support import posttrace

GOOD = "task,n_test,baseline,best,improvement\nt,134,4.48,9.70,5.22\n"
BAD = GOOD.replace("5.22", "6.22")
MEAN = GOOD.replace("4.48", "4.85").replace("5.22", "4.85")


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.csv"):
        (tmp_path / name).write_text(text)
        return name

    return write


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (MEAN, 0), (BAD, 1)])
def test_exit_codes(table, tmp_path, text, code):
    done = posttrace("lint", table(text), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, "")


def test_json_names_the_rule_the_place_and_what_would_fit(table, tmp_path):
    done = posttrace("lint", table(BAD), "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == [
        {
            "rule": "gains",
            "severity": "inconsistent",
            "table": "table.csv",
            "row": 1,
            "rows": [1],
            "of": "t",
            "column": "improvement",
            "value": "6.22",
            "expected": "5.22 = 9.70 - 4.48",
            "tolerance": 0.01,
            "explanations": ["the baseline of another evaluation"],
        }
    ]


def test_csv_has_the_same_rows(table, tmp_path):
    done = posttrace("lint", table(BAD), "--csv", cwd=tmp_path)
    [row] = csv.DictReader(io.StringIO(done.stdout))
    assert (row["rule"], row["row"], row["value"]) == ("gains", "1", "6.22")


def test_no_findings_as_json_csv_and_words(table, tmp_path):
    name = table(GOOD)
    assert json.loads(posttrace("lint", name, "--json", cwd=tmp_path).stdout) == []
    assert posttrace("lint", name, "--csv", cwd=tmp_path).stdout.startswith("rule,severity,table,row,rows,of")
    assert posttrace("lint", name, cwd=tmp_path).stdout.split("\n")[:2] == [
        "0 findings",
        "read 4 numbers in 1 table",
    ]


def test_the_table_says_what_was_found_and_what_was_skipped(table, tmp_path):
    done = posttrace("lint", table(BAD + "u,134,4.48,8-10,\n"), cwd=tmp_path)
    assert "inconsistent: gains (1)" in done.stdout
    assert "5.22 = 9.70 - 4.48" in done.stdout
    assert "would fit: the baseline of another evaluation" in done.stdout
    assert "1 finding: 1 inconsistent" in done.stdout
    assert "skipped cells that are no plain numbers: 1 (8-10)" in done.stdout


def test_several_tables_are_one_report(table, tmp_path):
    wide = table("base_model,mode,t\nb,baseline,4.48\nb,m,18.66\n", "wide.csv")
    long = table("task,base_model,mode,best\nt,b,m,9.70\n", "long.csv")
    done = posttrace("lint", long, wide, "--json", cwd=tmp_path)
    [found] = json.loads(done.stdout)
    assert (found["rule"], found["table"], found["expected"]) == (
        "cross-table",
        "wide.csv",
        "the same as 9.70 (long.csv, row 1)",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no/such.csv"], "no such file"),
        (["published:unheard-of"], "shipped are published:agent2"),
        (["published:agent2_failure_taxonomy"], "no column that can be checked; name some of score"),
        (["published:gome", "--json", "--csv"], "--json and --csv: choose one"),
    ],
)
def test_input_errors_are_one_line(words, message, tmp_path):
    done = posttrace("lint", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
