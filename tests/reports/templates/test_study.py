"""The template is ordinary Markdown and code, and says what it was made from."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from omegaconf import OmegaConf

from posttrace.analysis.audit.settings import POLICIES, AuditSettings
from posttrace.reports.templates import prose
from posttrace.reports.templates.cells import Parameters
from posttrace.reports.templates.study import build

PARAMETERS = Parameters(
    ["runs", 'it\'s "here"'], "A & B", dataclasses.asdict(AuditSettings()), "posttrace report runs"
)


def cells(kind: str) -> list[NotebookNode]:
    return [cell for cell in build(PARAMETERS).cells if cell.cell_type == kind]


def test_notebook_is_valid_and_the_same_each_time() -> None:
    nbformat.validate(build(PARAMETERS))
    assert nbformat.writes(build(PARAMETERS)) == nbformat.writes(build(PARAMETERS))


def test_parameters_stand_in_one_tagged_cell() -> None:
    (cell,) = [cell for cell in cells("code") if "parameters" in cell.metadata.get("tags", [])]
    names = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body}
    assert names == dataclasses.asdict(PARAMETERS)


def test_front_matter_is_one_raw_cell_at_the_top() -> None:
    (raw,) = cells("raw")
    assert build(PARAMETERS).cells[0].source == raw.source
    front = OmegaConf.create(raw.source.strip("-\n"))
    assert front["title"] == "A & B"
    assert front["execute"]["enabled"] is False


def test_prose_has_no_quarto_syntax() -> None:
    for cell in cells("markdown"):
        assert not any(sign in cell.source for sign in (":::", "{#", "{{<", "@fig-", "@tbl-")), cell.source


def test_a_reviewers_questions_come_in_order() -> None:
    headings = [
        line for cell in cells("markdown") for line in cell.source.splitlines() if line.startswith("## ")
    ]
    assert headings == [
        "## Verdicts",
        "## Score trajectories",
        "## Gains and their bounds",
        "## Routes",
        "## One run in full",
        "## Cell by cell",
        "## Exclusions and denominators",
        "## Integrity",
        "## Rebuild this report",
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_captions_name_their_levels_and_what_a_missing_score_does(policy: Any) -> None:
    settings = dataclasses.asdict(AuditSettings(alpha=0.1, exclude_policy=policy))
    cells = prose.cells_caption(settings).replace("\N{NO-BREAK SPACE}", " ")
    assert "two-sided 90 %" in cells
    assert prose.NO_SCORE[policy] in cells
    verdicts = " ".join(prose.verdict_caption(settings).split())
    assert "*Regression*: every submission lies below the baseline, tested at level 0.1;" in verdicts
    assert "Neither is adjusted over runs" in verdicts
