"""The report on printed tables as a whole."""

from __future__ import annotations

import json

import pytest

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.reports.check import check
from posttrace.reports.report import report
from tests.reports.page import Page
from tests.reports.published.test_paper import BARE, CSV, PASS
from tests.reports.test_report import assert_self_contained


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    (folder / "results.csv").write_text(CSV)
    (folder / "passk.csv").write_text(PASS)
    tables = [folder / "results.csv", folder / "passk.csv"]
    return report(tables, folder / "page.html", settings=AuditSettings())


def test_page_is_self_contained_and_cites_its_tables(built):
    text = built.read_text()
    assert_self_contained(text)
    page = Page.of(text)
    assert page.unboxed == []
    assert len(page.images) == 3  # no table has gains by budget
    assert page.images[0]["alt"].startswith(
        "Reported gains over the baseline in percentage points. T, B, A · one"
    )
    assert "5 reported results: 1 gain exceeds noise" in page.text
    assert "results.csv, 3 rows (1-2, 4); printed in Table 1." in page.text
    assert "passk.csv, 1 row (1); printed in Table 9." in page.text


def test_twin_names_the_row_behind_each_number_and_reproduces(built):
    twin = json.loads(built.with_suffix(".json").read_text())
    assert (twin["asked"]["kind"], twin["runs"], twin["routes"]) == ("published", [], None)
    assert twin["displays"]["gains"]["run_ids"] == ["results.csv:1", "results.csv:2", "results.csv:4"]
    assert check(built.with_suffix(".json")).differences == ()
    (built.parent / "results.csv").write_text(CSV.replace("52.0", "53.0"))
    found = check(built.with_suffix(".json")).differences
    assert any("reported_gain_pp" in line for line in found)


def test_a_table_without_agents_modes_or_budgets(tmp_path):
    (tmp_path / "bare.csv").write_text(BARE)
    page = Page.of(report(tmp_path / "bare.csv", tmp_path / "page.html").read_text())
    assert "1 reported result: 1 undetermined" in page.text
    assert page.text.count("Source: ") == 2  # of the one figure, and of what so many items can show
    assert "No table has gains by time budget." in page.text
