"""The report on one run: its sections, its numbers, and what it says of its own gaps."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posttrace.analysis.runs.load import load
from posttrace.reports.options import ReportOptions
from posttrace.reports.report import kind_of, report
from posttrace.reports.runs import cohort
from posttrace.traces.errors import InputError
from tests.reports.page import Page
from tests.reports.run import write_told_run
from tests.reports.study import QUICK, STUDY, Sketch, write_run, write_study


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    (trace,) = write_told_run(folder / "runs").rglob("trace.jsonl")
    options = ReportOptions(formats=("html", "md"))
    return report(trace.parent, folder / "page.html", settings=QUICK, options=options)


@pytest.fixture(scope="module")
def page(built: Path) -> Page:
    return Page.of(built.read_text())


@pytest.fixture(scope="module")
def shown(built: Path) -> dict[str, Any]:
    displays: dict[str, Any] = json.loads(built.with_suffix(".json").read_text())["displays"]
    return displays


def test_a_run_folder_or_its_trace_is_one_run(tmp_path: Path) -> None:
    trace = write_run(tmp_path / "run", STUDY[0])
    assert kind_of([str(trace)]) == kind_of([str(trace.parent)]) == "run"
    assert kind_of([str(tmp_path)]) == kind_of([str(trace), str(trace)]) == "study"


def test_one_sentence_and_the_header(page: Page) -> None:
    # 40 of 200 items right at first, 60 and 90 later
    assert (
        "spell · hybrid · seed 0: gain exceeds noise (single run). Best 45.0 % of 2 submissions that count "
        "(3 received), baseline 20.0 %, gain +25.0 pp, corrected for the pick +"
    ) in page.text
    facts = {row[0]: row[1] for row in page.rows if len(row) == 2}
    assert facts["task"].startswith("spell, level L1: accuracy, 200 items")
    assert facts["ended"] == "completed"
    assert facts["sandbox"] == "unprotected (local)"
    assert facts["integrity"] == "nothing was flagged"
    assert facts["record"].startswith("written by posttrace while the run went on, head hash ")


def test_every_submission_with_score_error_gain_and_code(page: Page, shown: dict[str, Any]) -> None:
    start = next(i for i, row in enumerate(page.rows) if row[:2] == ["number", "at, s"])
    first, second, third = page.rows[start + 1 : start + 4]
    # 60 of 200: 1.96 * sqrt(.3 * .7 / 199) = 6.4 pp
    assert first[:4] == ["1", "30.0", "scored", "30.0 ± 6.4"]
    assert second[2].startswith("rejected")
    assert second[3] == "–"
    assert third[0] == "3 (best)"
    assert third[4].startswith("+25.0 [")
    assert first[8] == "1 file, +3 −0"
    assert [row["score_pct"] for row in shown["submissions"]["rows"]] == [30.0, None, 45.0]


def test_a_number_leads_to_what_ran_and_changed_before(page: Page, built: Path) -> None:
    numbers = [f"submission-{n}" for n in (1, 2, 3)]
    assert [ref[1:] for ref in page.references if ref.startswith("#submission-")] == numbers
    assert set(numbers) <= set(page.ids)
    text = built.with_suffix(".md").read_text()
    assert all(f'<a id="{n}"></a>' in text and f"](#{n})" in text for n in numbers)
    (place,) = (built.parent / "runs").rglob("revisions.git")
    line = next(line for line in text.splitlines() if line.startswith("In full"))
    command = shlex.split(line[line.index("git") : line.rindex("`")])
    diff = subprocess.run(command, cwd=place.parent, capture_output=True, text=True, check=True).stdout
    assert "+print('warm up')" in diff


def test_what_failed_has_a_cause_and_its_lines(shown: dict[str, Any]) -> None:
    rows = shown["failures"]["rows"]
    assert [row["submission_id"] for row in rows if row["ends_in"] == "submission"] == [2]
    assert all(row["evidence"] for row in rows)


def test_stages_share_the_whole_time(shown: dict[str, Any]) -> None:
    # sft.py ran from 10 to 38 s and wrote a model at 30 s, the second grpo.py from 52 to 99 s and at 80 s;
    # code changed at 30 and at 80 s; the trace ends at 100 s
    spans = [(row["stage"], row["start_s"], row["end_s"]) for row in shown["stages"]["rows"]]
    assert spans == [
        ("code", 0, 10),
        ("train", 10, 38),
        ("code", 38, 52),
        ("train", 52, 99),
        ("idle", 99, 100),
    ]


def test_sections_in_the_order_of_a_readers_questions(built: Path) -> None:
    text = built.with_suffix(".md").read_text()
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "The run",
        "Scores",
        "Submissions",
        "Attempts that failed",
        "What ran when",
        "Tokens, cost and machine",
        "The process in numbers",
        "What this run can and cannot show",
        "Integrity",
        "Rebuild this report",
    ]
    assert (built.parent / "page_files" / "figure-3.svg").read_text().startswith("<?xml")


def test_it_says_what_it_cannot_show(page: Page) -> None:
    limits = {row[0]: row[1] for row in page.rows if len(row) == 2}
    assert limits["scope"].startswith("adaptive, this test set")
    assert "k = 2" in limits["selection"]
    assert "whether scoring again gives the same is not known" in limits["scoring"]  # one scoring
    assert "nothing kept the agent from the test data" in limits["isolation"]
    assert "tokens and cost of the agent" in limits["not recorded"]


def test_a_run_that_does_not_count_is_shown_with_its_standing(tmp_path: Path) -> None:
    write_run(tmp_path / "run", replace(STUDY[0], status=""))
    out = report(tmp_path / "run", tmp_path / "page.html", settings=QUICK)
    limits = {row[0]: row[1] for row in Page.of(out.read_text()).rows if len(row) == 2}
    assert limits["standing"].startswith("run interrupted; ")


def test_a_run_without_a_submission_is_a_report_too(tmp_path: Path) -> None:
    write_run(tmp_path / "run", replace(STUDY[3], plan=[]))
    page = Page.of(report(tmp_path / "run", tmp_path / "page.html", settings=QUICK).read_text())
    assert "spell · crash · seed 0: invalid: no scored submission." in page.text
    assert "The run received no submission." in page.text
    assert "Neither a submission nor code was recorded." in page.text
    assert ["files changed", "–", "code files, summed over the stretches between submissions"] in page.rows


def test_a_run_that_has_only_begun_is_a_report_too(tmp_path: Path) -> None:
    trace = write_run(tmp_path / "run", Sketch("spell", "sft", 0, 40, [], status=""))
    trace.write_bytes(trace.read_bytes().splitlines(keepends=True)[0])
    text = report(tmp_path / "run", tmp_path / "begun.html", settings=QUICK).read_text()
    assert "No score was recorded, neither of the base nor of a submission." in text
    assert "the record holds no scoring of the baseline" in text


def test_a_trace_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    trace = write_run(tmp_path / "run", STUDY[0])
    trace.write_bytes(trace.read_bytes().replace(b'"seed":0', b'"seed":7', 1))
    with pytest.raises(InputError, match=r"trace.jsonl cannot be trusted: "):
        cohort.alone(load([trace]))


def test_more_than_one_run_is_no_run_report(tmp_path: Path) -> None:
    write_study(tmp_path)
    with pytest.raises(InputError, match="a run report is about one run; here are 7"):
        cohort.alone(load([tmp_path]))
