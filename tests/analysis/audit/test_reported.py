"""Verdicts on published tables."""

import math

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import AuditSettings
from posttrace.analysis.audit.reported import audit_table
from posttrace.analysis.audit.wording import BOUNDED, BY_SCORES, K_UNKNOWN
from posttrace.analysis.stats.nullmax import NUISANCE_LEVEL, ExactMax

ALFWORLD = {"task": "ALFWorld", "baseline": "5.97", "best": "93.28", "n_test": "134"}


def table(*rows: dict[str, str]) -> pd.DataFrame:
    """A table of rows."""
    return pd.DataFrame(rows)


def test_one_row_by_hand():
    # 8 and 125 of 134: counts that the print gives away
    (row,) = audit_table(table(ALFWORLD | {"submissions": "7"})).runs
    assert (row.verdict, row.k, row.k_known, row.n_items) == ("exceeds", 7, True, 134)
    assert row.p_raw == ExactMax.of(7, 134).p_value(117 / 134, 8 / 134)
    assert row.p_holm == row.p_raw
    assert [row.baseline, row.reported_best] == pytest.approx([0.0597, 0.9328])
    assert math.isnan(row.corrected_gain)
    assert BY_SCORES in row.flags


def test_an_unknown_number_of_submissions():
    (row,) = audit_table(table(ALFWORLD)).runs
    assert (row.verdict, row.k, row.k_known) == ("undetermined", None, False)
    assert row.label.endswith("number of submissions unknown, significant at any k up to 1,000")
    assert K_UNKNOWN in row.flags


def test_the_largest_k_that_stays_significant():
    # by trying one after the other
    small = {"task": "t", "baseline": "50", "best": "64.5", "n_test": "200"}
    (row,) = audit_table(table(small)).runs
    largest = max(
        k
        for k in range(1, 60)
        if (tried := audit_table(table(small | {"submissions": str(k)})).runs[0]).p_raw <= 0.05
        and tried.lcb > 0
    )
    assert 1 < largest < 59
    assert row.label.endswith(f"significant up to k = {largest}")


def test_a_long_table_does_not_hide_a_plain_gain():
    # 100 rows: with the nuisance level whole for each, no p could be below .001, adjusted below .1
    null = {"task": "t", "baseline": "50", "best": "50", "n_test": "200", "submissions": "5"}
    rows = audit_table(
        table(ALFWORLD | {"submissions": "7"}, *[null | {"run": str(i)} for i in range(99)])
    ).runs
    assert rows[0].verdict == "exceeds"
    assert rows[0].p_holm < 0.01
    assert rows[0].p_raw >= NUISANCE_LEVEL
    assert all(row.p_holm >= row.p_raw for row in rows)
    assert {row.verdict for row in rows[1:]} == {"underpowered"}


def test_what_picking_alone_would_show_is_told():
    row = audit_table(
        table({"task": "t", "baseline": "10", "best": "14", "n_test": "200", "submissions": "10"})
    )
    # E[max of 10 binomial(200, .1) / 200] - .1 = .0337
    assert "the best of 10 such scores without any gain is +3.4 pp on average" in row.runs[0].reason


def test_a_row_that_cannot_be_tested_stands_beside_the_others():
    rows = audit_table(
        table(
            ALFWORLD,
            ALFWORLD | {"task": "x", "best": "x"},
            ALFWORLD | {"n_test": "9"},
            ALFWORLD | {"task": "y", "baseline": "4,8"},
        )
    ).runs
    assert [row.verdict for row in rows] == ["undetermined", "invalid", "invalid", "invalid"]
    assert [row.label for row in rows[1:]] == [
        "invalid: no scored submission",
        "invalid: 9 items; 10 are needed",
        "invalid: baseline '4,8' is no number",
    ]
    assert all(math.isnan(row.p_raw) for row in rows[1:])


def test_the_original_paper():
    audit = audit_table("published:agent2", AuditSettings())
    assert len(audit.runs) == 98
    found = {(row.task, row.agent, row.mode, row.base_model): row for row in audit.runs}
    grpo = found["ALFWorld", "Claude Code", "RL-oriented (v1: RL-only)", "Qwen2.5-7B-Instruct"]
    assert (grpo.verdict, grpo.k) == ("exceeds", 7)
    picked = found["HumanEval", "Claude Code", "SFT-only", "Qwen2.5-7B-Instruct"]
    assert (picked.verdict, picked.k) == ("underpowered", 195)
    assert BOUNDED in found["AlpacaEval2", "Claude Code", "Free", "Qwen2.5-7B-Instruct"].flags
    plain = audit.to_json()
    assert plain["schema"] == "posttrace-audit/1"
    assert plain["runs"][0]["k"] is None


def test_same_again():
    first, second = (audit_table(table(ALFWORLD)).to_json() for _ in range(2))
    assert first == second
