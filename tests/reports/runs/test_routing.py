"""Routes beside verdicts, by share, and with their evidence; and a report without any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit
from posttrace.analysis.runs.load import load
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports import alt
from posttrace.reports.runs import frames, routing, tables
from posttrace.reports.runs.routing import Routing
from tests.reports.routed import STORELESS, by_hand


@pytest.fixture
def beside(traces: TraceSet, checked: Audit) -> pd.DataFrame:
    """The verdicts with routes made by hand."""
    return frames.with_integrity(frames.verdicts(by_hand(traces).within(checked)), traces)


def test_each_run_has_the_route_of_its_best_submission(beside: pd.DataFrame, verdicts: pd.DataFrame) -> None:
    assert list(beside["run_id"]) == list(verdicts["run_id"])
    # house grpo: its second submission (66 of 200); house sft: its first; crash: none was scored;
    # spell sft: the fourth of seed 0 and the third of seed 1
    expected = ["unknown", "sft", "none", "no_train", "sft>grpo", "sft>grpo"]
    assert list(beside["route"].fillna("none")) == expected
    assert beside["attempted"].iloc[1] == ("sft",)


def test_shares_add_up_to_the_submissions_received(traces: TraceSet, routed: pd.DataFrame) -> None:
    shares = routing.shares(routed).set_index(["task", "agent_label", "route"])
    # 10 submissions of two runs; the first two of each are sft
    assert shares.loc[("spell", "sft", "sft"), "submissions"] == 4
    assert shares.loc[("spell", "sft", "sft>grpo"), "share_pct"] == pytest.approx(60)
    assert set(shares["share_pct"].groupby(level=[0, 1]).sum().round(9)) == {100}
    assert shares["submissions"].sum() == sum(len(run.submissions) for run in traces.final)


def test_evidence_is_a_place_at_a_commit(routed: pd.DataFrame) -> None:
    cells = routing.evidence_table(routed).cells
    first = cells[(cells["task"] == "spell") & (cells["run"] == "sft · seed 0")].iloc[0]
    assert (first["route"], first["tier"]) == ("sft", "A")
    assert first["main evidence"] == "code/sft.py:61@aaaaaaaa"
    assert first["which says"] == "likelihood of given tokens"
    unknown = cells[cells["run"] == "crash · seed 0"].iloc[0]
    assert (unknown["route"], unknown["main evidence"]) == ("unknown (grpo or reinforce)", "–")


def test_runs_whose_code_is_missing_are_named(traces: TraceSet, beside: pd.DataFrame) -> None:
    assert by_hand(traces).notes(beside)[-1] == f"Route of house · grpo · seed 0: {STORELESS}."


def test_what_was_trained_and_not_submitted_is_said(traces: TraceSet, beside: pd.DataFrame) -> None:
    # by hand: the lottery trained sft and submitted the base; what grpo submitted is not known
    found = [note for note in by_hand(traces).notes(beside) if note.startswith("Trained")]
    assert found == ["Trained, but not on the way to the best submission: sft (spell · lottery · seed 0)."]


def test_routes_that_cannot_be_derived_leave_a_report_with_a_reason(
    study: Path, tmp_path: Path, checked: Audit, verdicts: pd.DataFrame
) -> None:
    shutil.copytree(study, tmp_path / "runs")
    traces = load([tmp_path / "runs"])
    path = Path(traces.final[0].path)
    path.write_bytes(path.read_bytes()[:-500])  # changed after it was loaded
    lost = Routing.of(traces)
    assert lost.failure is not None
    assert "changed since it was loaded" in lost.failure
    assert lost.to_json()["failure"] == lost.failure
    (note,) = lost.notes(verdicts)
    assert note.startswith("Route –: routes could not be derived: ")
    assert lost.within(checked) is checked
    table = tables.verdict_table(verdicts, lost.notes(verdicts))
    assert set(table.cells["route"]) == {"–"}
    assert note in table.notes


def test_alt_text_counts_submissions(routed: pd.DataFrame) -> None:
    said = alt.routes(routing.shares(routed))
    assert "spell, sft: 4 sft, 6 sft>grpo" in said
    assert "spell, lottery: 5 no_train" in said
