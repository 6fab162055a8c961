"""The report as a whole: three files, the right numbers, no reference to anywhere, the same bytes again."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from posttrace.analysis.runs.load import load
from posttrace.reports.notebook import check_executed
from posttrace.reports.report import report
from posttrace.traces import read_events
from posttrace.traces.writer import TraceWriter
from tests.reports.page import Page
from tests.reports.run import write_told_run
from tests.reports.study import QUICK, STUDY, Sketch, Time, write_run, write_study


@pytest.fixture(scope="module")
def built(study: Path) -> Path:
    return report([study], study.parent / "first" / "report.html", settings=QUICK)


@pytest.fixture(scope="module")
def page(built: Path) -> Page:
    return Page.of(built.read_text())


@pytest.fixture(scope="module")
def twin(built: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(built.with_suffix(".json").read_text())
    return loaded


def assert_self_contained(text: str) -> None:
    """Only anchors and embedded images; no script, and nothing that CSS would fetch."""
    page = Page.of(text)
    assert all(ref.startswith(("#", "data:image/")) for ref in page.references), page.references
    assert not {"script", "link", "iframe", "object", "embed", "base", "form", "svg"} & set(page.tags)
    style = "".join(re.findall(r"<style.*?</style>", text, flags=re.DOTALL))
    assert not re.search(r"url\(|@import|@font-face|https?:", style)
    assert not re.search(r"https?://", text)
    for image in page.images:
        svg = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode()
        drawn = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', svg)
        assert all((a or b).startswith("#") for a, b in drawn)


def test_three_files_and_nothing_else(built: Path) -> None:
    assert sorted(path.name for path in built.parent.iterdir()) == [
        "report.html",
        "report.ipynb",
        "report.json",
    ]


def test_page_is_self_contained(built: Path) -> None:
    assert_self_contained(built.read_text())


def test_page_lets_the_browser_load_nothing(page: Page) -> None:
    policy = page.metas["Content-Security-Policy"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_verdicts_come_first_with_the_numbers_of_the_traces(page: Page) -> None:
    header = ["agent", "seed", "route", "verdict", "items", "k", "baseline %", "best %", "gain, pp"]
    start = next(i for i, row in enumerate(page.rows) if row[:9] == header)
    rows = page.rows[start + 1 : start + 9]
    assert (rows[0], rows[3]) == (["house"], ["spell"])  # a line for each task, and its runs below
    # 40 of 200 items right at first; at best 90 and 85 of 200
    verdict = "▲gain exceeds noise (single run)"
    assert rows[6][:9] == ["sft", "0", "unknown", verdict, "200", "4", "20.0", "45.0", "+25.0"]
    assert rows[7][:9] == ["sft", "1", "unknown", verdict, "200", "4", "20.0", "42.5", "+22.5"]
    assert rows[2][3] == "▼regression"  # 60 of 200, then 40 and 35
    assert rows[4][3] == "✕invalid: no scored submission"
    assert rows[1][-1] == "endpoint abuse ×2, test overlap ×2"
    assert rows[6][-1] == "none"
    assert (
        page.text.index("Verdicts")
        < page.text.index("Score trajectories")
        < page.text.index("Gains and their")
    )


def test_one_sentence_from_the_verdict_counts(page: Page, twin: dict[str, Any]) -> None:
    counts = Counter(run["verdict"] for run in twin["audit"]["runs"])
    assert counts["exceeds"] == 2
    assert twin["summary"].startswith("6 runs: 2 gains exceed noise, ")
    assert twin["summary"].endswith("; 1 more trace left out.")
    assert twin["summary"] in page.text


def test_header_says_when_what_and_from_which_traces(page: Page, study: Path) -> None:
    assert "newest run 2026-01-05" in page.text  # the traces' own clock, not today
    for run in load([study]).final:
        last = json.loads(Path(run.path).read_bytes().splitlines()[-1])
        assert page.text.count(last["hash"]) == 2  # in the header, and in the last section


def test_figures_are_there_with_words_for_those_who_cannot_see(page: Page) -> None:
    first, second, third, fourth = page.images
    assert first["alt"].startswith("Score of 22 submissions of 6 runs in 5 panels")
    assert "4 without a score" in first["alt"]  # two errors, one rejected, one timeout
    assert "spell, sft · seed 0: reported +25.0" in second["alt"]
    assert "house, sft: 2 unknown" in third["alt"]  # the study has no code to read a route from
    assert fourth["alt"].startswith("Timeline of spell · sft · seed 0: submission 1 after 245 s: 27.5 %")


def test_contents_lead_to_headings(page: Page) -> None:
    anchors = [ref[1:] for ref in page.references if ref.startswith("#")]
    assert len(anchors) == 9 + 6  # and from the agent of each run to its trace at the top
    assert set(anchors) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_tables_and_figures_scroll_inside_their_box(page: Page, built: Path) -> None:
    assert page.unboxed == []
    assert "table" in page.tags
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", built.read_text())


def test_exclusions_and_denominators(page: Page) -> None:
    assert ["traces found", "7"] in page.rows
    assert ["left out: interrupted", "1"] in page.rows
    assert ["unprotected (local)", "6"] in page.rows
    timed_out = ["grpo", "0", "completed", "200", "1", "3", "2", "0", "0", "0", "0", "1", "2"]
    assert timed_out in page.rows


def test_code_is_folded_and_the_rest_of_quarto_is_not_shown(page: Page) -> None:
    assert "pt.load(paths)" in page.text
    assert "html-math-method" not in page.text
    # heads, evidence, 6 submissions, commands, code
    assert page.tags.count("details") == 2 + 6 + 2


def test_twin_holds_every_number_with_its_runs(twin: dict[str, Any]) -> None:
    assert twin["schema"] == "posttrace-report/1"
    assert twin["audit"]["schema"] == "posttrace-audit/1"
    assert [row["state"] for row in twin["excluded"]] == ["interrupted"]
    rows = twin["displays"]["trajectories"]["rows"]
    received = sum(len(sketch.plan) for sketch in STUDY if sketch.status)
    assert len(rows) == received + 6  # and a baseline for each run
    assert {row["score_pct"] for row in rows if row["kind"] == "failed"} == {None}
    ids = {run["run_id"] for run in twin["runs"]}
    assert len(ids) == 6
    for display in twin["displays"].values():
        assert set(display["run_ids"]) <= ids
        assert display["n_rows"] == len(display["rows"])


def test_command_rebuilds_from_the_reports_folder(twin: dict[str, Any], study: Path) -> None:
    assert twin["command"] == f"posttrace report ../{study.name} -o report.html --resamples 500"
    assert str(study) not in json.dumps(twin)  # no path of this machine


def test_notebook_is_the_executed_one(built: Path, twin: dict[str, Any]) -> None:
    notebook = nbformat.read(built.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(notebook)
    check_executed(notebook)
    assert str(built.parent) not in json.dumps(notebook)


def test_same_traces_same_bytes(built: Path, study: Path) -> None:
    again = report(study, study.parent / "again" / "report.html", settings=QUICK)
    for suffix in (".html", ".ipynb", ".json"):
        assert again.with_suffix(suffix).read_bytes() == built.with_suffix(suffix).read_bytes()


def test_text_of_a_trace_stays_text(tmp_path: Path) -> None:
    """An agent can write what it likes into a trace; the page shows it and does nothing with it."""
    evil = "<script>alert(1)</script> ![x](http://evil.example/x.png) [y](javascript:1) | `z` $a$ \"'><img>"
    unfinished = Sketch(evil, "sft", 0, 40, [55], status="")
    write_study(tmp_path / "runs", (replace(STUDY[0], agent=evil, flags=[evil]), unfinished))
    out = report(tmp_path / "runs", tmp_path / "report.html", settings=QUICK, title=f"A {evil}")
    text = out.read_text()
    page = Page.of(text)
    assert not {"script", "iframe"} & set(page.tags)
    assert len(page.images) == 4
    assert all(ref.startswith(("#", "data:image/")) for ref in page.references)
    assert page.text.count("<script>alert(1)</script>") >= 3  # title, table, flag


def test_a_run_in_full_is_on_the_page_and_in_the_twin(tmp_path: Path) -> None:
    out = report(write_told_run(tmp_path / "runs"), tmp_path / "report.html", settings=QUICK)
    text = out.read_text()
    assert_self_contained(text)
    page = Page.of(text)
    assert page.unboxed == []
    assert page.images[3]["alt"].startswith("Timeline of spell · hybrid · seed 0: submission 1 after 30 s")
    assert '<details class="folded"><summary>Submission 1 at 30.0 s · 30.0 %' in text
    assert "+print('warm up')" in page.text
    assert "python code/grpo.py --steps 3 from 42.0 s to 44.0 s, exit code 1: failed" in page.text
    twin = json.loads(out.with_suffix(".json").read_text())
    displays, (routed,) = twin["displays"], twin["routes"]["runs"]
    assert twin["audit"]["runs"][0]["route"] == routed["submitted"]["route"]
    assert [row["ending"] for row in displays["commands"]["rows"]] == ["ended", "failed", "ended"]
    assert displays["code_changes"]["rows"][0]["path"] == "code/sft.py"
    assert {row["lane"] for row in displays["timeline"]["rows"]} == {
        "submission",
        "command",
        "revision",
        "model",
    }


def test_nothing_audited_is_a_report_too(tmp_path: Path) -> None:
    write_study(tmp_path / "runs", (replace(STUDY[0], status=""),))
    traces = load([tmp_path / "runs"])  # loaded before: the notebook reads the same files again
    page = Page.of(report(traces, tmp_path / "report.html", settings=QUICK).read_text())
    assert "0 runs: nothing to audit; 1 more trace left out." in page.text


def test_runs_without_any_score_are_a_report_too(tmp_path: Path) -> None:
    trace = write_run(tmp_path / "runs" / "one", Sketch("spell", "sft", 0, 40, ["error"]))
    start, _baseline, *rest = read_events(trace)
    trace.unlink()
    with TraceWriter(trace, clock=Time().clock()) as writer:
        for event in (start, *rest):
            writer.write(event)
    text = report(tmp_path / "runs", tmp_path / "report.html", settings=QUICK).read_text()
    assert "No score was recorded, neither of a base nor of a submission." in text
