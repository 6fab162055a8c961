"""``docs/lint.md``: every rule has an example, and each is what the linter really says."""

import re
from pathlib import Path

import pytest

from posttrace.analysis.lint.lint import RULES, lint
from posttrace.analysis.lint.vocabulary import NAMES, NUMBERS, role_of
from tests.support import posttrace

PAGE = (Path(__file__).parents[3] / "docs" / "lint.md").read_text()
EXAMPLE = re.compile(r"^### (.+?)\n.+?^```csv\n(.+?)^```\n\n```text\n(.+?)^```", re.M | re.S)


def said(findings):
    lines = [
        f"{each.severity}: row {each.row}, {each.column} = {each.value}; expected {each.expected};\n"
        f"    would fit: {'; '.join(each.explanations)}"
        for each in findings
    ]
    return "\n".join(lines)


def test_every_rule_has_an_example():
    assert [rule for rule, _, _ in EXAMPLE.findall(PAGE)] == [rule.name for rule in RULES]


@pytest.mark.parametrize(("rule", "table", "text"), EXAMPLE.findall(PAGE))
def test_an_example_says_what_the_linter_says(rule, table, text, tmp_path):
    (tmp_path / "table.csv").write_text(table)
    findings = lint(tmp_path / "table.csv")
    assert rule in {each.rule for each in findings}
    assert said(findings) == text.rstrip()


def test_every_name_of_the_vocabulary_is_listed_and_known():
    listed = re.findall(r"`(\w+)`", PAGE.split("## Which columns are read")[1].split("`model` is")[0])
    names = {name for aliases in (*NAMES.values(), *NUMBERS.values()) for name in aliases.split()}
    assert names <= set(listed)
    assert all(role_of(name) for name in names)


def test_the_output_for_the_published_report(tmp_path):
    shown = posttrace("lint", "published:agent2", cwd=tmp_path).stdout.rstrip().split("\n")
    [printed] = re.findall(r"<details>.+?```text\n(.+?)\n```", PAGE, re.S)
    assert [line.rstrip() for line in shown] == printed.split("\n")
