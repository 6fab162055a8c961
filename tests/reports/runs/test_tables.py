"""The printed tables: what a reader sees, against what was written into the traces."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit, audit
from posttrace.analysis.audit.wording import RESTS_ON, Code
from posttrace.analysis.runs.load import load
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.runs import frames, provenance, tables
from posttrace.reports.shown import Prose, Table
from tests.reports.study import QUICK


def row(table: Table, **where: str) -> dict[str, str]:
    cells = table.cells
    for column, value in where.items():
        cells = cells[cells[column] == value]
    (found,) = cells.to_dict("records")
    return {str(key): value for key, value in found.items()}


def test_verdict_table(verdicts: pd.DataFrame) -> None:
    found = row(tables.verdict_table(verdicts), task="spell", agent="sft", seed="0")
    assert found["verdict"] == "▲ gain exceeds noise (single run)"
    assert (found["items"], found["k"]) == ("200", "4")
    assert (found["baseline %"], found["best %"], found["gain, pp"]) == ("20.0", "45.0", "+25.0")
    lower = verdicts.set_index("run_label").loc["sft · seed 0"].query("task == 'spell'")["lcb_pp"].iloc[0]
    assert found["corrected [LCB]"].endswith(f"[{lower:+.1f}]")


def test_a_dash_comes_with_its_reason(verdicts: pd.DataFrame) -> None:
    table = tables.verdict_table(verdicts)
    assert row(table, agent="crash")["gain, pp"] == "–"
    assert "– = not defined: no scored submission, in spell · crash · seed 0." in table.notes


def test_the_scope_is_printed(verdicts: pd.DataFrame) -> None:
    (note,) = [note for note in tables.verdict_table(verdicts).notes if note.startswith("Scope")]
    assert note.startswith(
        "Scope: adaptive, this test set (all 5 runs that could be tested)."
    )  # crash has no score
    mixed = verdicts.assign(scope=["non-adaptive", *verdicts["scope"][1:]])
    notes = [note for note in tables.verdict_table(mixed).notes if note.startswith("Scope")]
    assert any(note.startswith("Scope: non-adaptive (house · grpo · seed 0).") for note in notes)


def test_summary_counts_verdicts(verdicts: pd.DataFrame) -> None:
    """Counts come from the codes; the words are those of one run or of several."""
    codes = ["exceeds", "exceeds", "regression", "no_gain_larger_than_delta", "within_noise", "invalid"]
    said = tables.summary(verdicts.assign(verdict=codes), 3, delta_eq=0.02).text
    assert said == (
        "6 runs: 2 gains exceed noise, 1 within noise, 1 no gain larger than 2 pp, 1 regression, 1 invalid; "
        "3 more traces left out."
    )
    assert tables.summary(verdicts[:0], 0, delta_eq=0.02).text == "0 runs: nothing to audit."


def test_summary_says_what_is_invalid_about_a_run(verdicts: pd.DataFrame) -> None:
    why = ["nothing scored but the base (2 copies)", "no scored submission", "mixed judges", "9 items"]
    reasons = [*why, "nothing scored but the base (1 copy)", "gain +1.0 pp"]
    table = verdicts.assign(verdict=[*["invalid"] * 5, "within_noise"], reason=reasons)
    assert tables.summary(table, 0, delta_eq=0.02).text == (
        "6 runs: 1 within noise, 2 with nothing scored but the base, "
        "1 without a scored submission, 2 invalid."
    )


def test_summary_knows_every_code() -> None:
    assert set(tables.SUMMARY) >= set(get_args(Code))


def test_a_baseline_that_pools_copies_is_said(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    # the lottery submitted the base once: its own scoring and that one
    said = "mean of 2 scorings, including 1 copy of the base that the agent submitted"
    (note,) = [note for note in tables.verdict_table(verdicts).notes if "of the base" in note]
    assert note == f"Baseline: {said} (spell · lottery · seed 0)."
    table = tables.denominators(traces, verdicts)
    assert row(table, agent="lottery")["baseline scorings"] == "2"
    assert row(table, agent="crash")["baseline scorings"] == "1"
    assert row(provenance.flags(traces, verdicts), observation=f"baseline: {said}")["by"] == "audit"


def test_items_that_a_verdict_rests_on_are_said(verdicts: pd.DataFrame) -> None:
    sealed = verdicts.assign(flags=pd.Series([(RESTS_ON["sealed"],)] * 4 + [()] * 2))
    (note,) = [note for note in tables.verdict_table(sealed).notes if "sealed items" in note]
    assert note.startswith("Verdict, p, bounds, MDE and corrected gain rest on the sealed items alone")
    assert note.count("seed 0") == 4


def test_cells_show_no_more_of_an_interval_than_their_runs_support(
    checked: Audit, verdicts: pd.DataFrame
) -> None:
    table = tables.cell_table(checked, verdicts)
    two = row(table, task="spell", agent="sft")
    assert (two["runs"], two["exceed noise"]) == ("2", "2 of 2")
    assert two["between runs, pp"].endswith("(range)")
    assert row(table, agent="grpo")["between runs, pp"] == "– (single run)"
    assert row(table, agent="crash")["without a score"] == "1"
    assert list(table.cells["task"]) == sorted(table.cells["task"])


def test_runs_add_up(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    counts = tables.run_counts(traces, verdicts).rows.set_index("runs")["count"]
    assert counts.to_dict() == {"traces found": 7, "left out: interrupted": 1, "audited": 6}


def test_exclusions_name_path_state_and_reason(traces: TraceSet) -> None:
    (left_out,) = tables.exclusions(traces).rows.to_dict("records")
    assert left_out["state"] == "interrupted"
    assert left_out["path"].endswith("seed-1/attempt-1/trace.jsonl")
    assert left_out["reason"]


def test_rescorings_that_were_left_out_are_named(traces: TraceSet) -> None:
    first, *others = traces.records
    cut = replace(first, unusable={"rescore-1.jsonl": "belongs to another trace"})
    rows = tables.exclusions(replace(traces, records=(cut, *others))).rows
    assert ["rescore-1.jsonl", "rescore left out", "belongs to another trace"] in rows.to_numpy().tolist()


def test_submissions_add_up_to_those_received(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    table = tables.denominators(traces, verdicts)
    lottery = row(table, agent="lottery")  # four shuffles and the base
    assert (lottery["received"], lottery["graded"], lottery["base copy"], lottery["k"]) == (
        "5",
        "4",
        "1",
        "4",
    )
    first = row(table, task="spell", agent="sft", seed="0")  # [55, 70, error, 90, duplicate, 88]
    assert (first["received"], first["graded"], first["error"], first["duplicate"]) == ("6", "4", "1", "1")
    parts = table.rows.loc[:, "graded":"timeout"].sum(axis=1)
    assert list(parts) == list(table.rows["received"]) == [3, 2, 2, 5, 6, 4]


def test_a_copy_of_a_trace_elsewhere_is_not_counted_again(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study, tmp_path / "copy")
    both = load([study, tmp_path / "copy"])
    verdicts = frames.verdicts(audit(both, QUICK))
    received = tables.denominators(both, verdicts).rows["received"]
    assert list(received) == [3, 2, 2, 5, 6, 4]
    counts = tables.run_counts(both, verdicts).rows.set_index("runs")["count"]
    assert (counts["traces found"], counts["left out: superseded"], counts["audited"]) == (14, 6, 6)


def test_nothing_to_show_is_said(checked: Audit, traces: TraceSet) -> None:
    empty = frames.with_integrity(frames.verdicts(replace(checked, runs=(), cells=())), traces)
    bare = replace(traces, records=(), invalid=())
    for table in (
        tables.verdict_table(empty),
        tables.cell_table(replace(checked, runs=(), cells=()), empty),
        tables.exclusions(bare),
        tables.denominators(bare, empty),
        provenance.sandboxes(bare),
        provenance.flags(bare, empty),
        provenance.heads(bare, empty),
    ):
        assert table.markdown().startswith("*None.*")


def test_sandbox_honesty(traces: TraceSet) -> None:
    table = provenance.sandboxes(traces)
    assert table.rows.to_dict("records") == [{"sandbox": "unprotected (local)", "runs": 6}]
    assert table.notes[0].startswith("6 of 6 runs unprotected")


def test_the_verdict_table_says_once_that_runs_were_not_protected(verdicts: pd.DataFrame) -> None:
    notes = [note for note in tables.verdict_table(verdicts).notes if "unprotected" in note]
    assert len(notes) == 1
    assert notes[0].startswith("Integrity: unprotected (local) (all 6 runs): nothing kept the agent")
    none = verdicts.assign(flags=pd.Series([()] * 6))
    assert not any("unprotected" in note for note in tables.verdict_table(none).notes)


def test_integrity_of_a_run_is_the_flags_that_matter(verdicts: pd.DataFrame) -> None:
    table = tables.verdict_table(verdicts)
    assert row(table, agent="grpo")["integrity"] == "endpoint abuse ×2, test overlap ×2"
    assert row(table, agent="lottery")["integrity"] == "base copy ×2"
    assert row(table, agent="crash")["integrity"] == "none"


@pytest.mark.parametrize(
    ("isolates", "expected"),
    [
        ([], "unprotected (bwrap)"),
        (["test_data", "records"], "bwrap: isolates records, test data"),
        (["records", "novelty"], "bwrap: isolates records, novelty"),
    ],
)
def test_protection_says_what_is_enforced(isolates: list[str], expected: str) -> None:
    assert provenance.protection("bwrap", isolates) == expected


def test_flags_of_recorder_and_audit(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    noticed = [("unprotected (local)", "torn trace"), *[("torn trace",)] * 5]
    table = provenance.flags(traces, verdicts.assign(flags=pd.Series(noticed)))
    torn = row(table, observation="torn trace")
    assert (torn["by"], torn["runs"], int(torn["count"])) == ("audit", "all 6 runs", 6)
    said = "endpoint abuse: requests with a wrong token, an unknown address or a wrong method"
    abuse = row(table, observation=said)
    assert (abuse["by"], abuse["runs"], int(abuse["count"])) == ("recorder", "house · grpo · seed 0", 2)


def test_heads_are_those_of_the_files(traces: TraceSet, verdicts: pd.DataFrame) -> None:
    heads = provenance.heads(traces, verdicts).rows.set_index("run id")["head hash"]
    for run in traces.final:
        last = Path(run.path).read_bytes().splitlines()[-1]
        assert heads[run.run_id].encode() in last


def test_a_group_is_a_line_above_its_rows() -> None:
    cells = pd.DataFrame({"task": ["a*", "a*", "b"], "run": ["1", "2", "3"], "score": ["4", "", "6"]})
    lines = Table("t", cells, cells, group="task").markdown().splitlines()
    inner = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert inner[0] == ["run", "score"]
    assert inner[2:] == [["**a\\***", ""], ["1", "4"], ["2", ""], ["**b**", ""], ["3", "6"]]


def test_cells_of_a_table_are_inert() -> None:
    cells = pd.DataFrame({"a|b": ["<b>x</b> | y\nz"]})
    shown = Table("t", cells, cells).markdown()
    assert "\\<b\\>x\\</b\\> \\| y z" in shown


def test_prose_is_inert() -> None:
    assert Prose("*3* runs")._repr_markdown_() == "\\*3\\* runs"


def test_the_scope_of_a_single_tested_run_names_it(verdicts: pd.DataFrame) -> None:
    two = verdicts[verdicts["agent"].isin(["crash", "lottery"])]
    (note,) = [note for note in tables.verdict_table(two).notes if note.startswith("Scope")]
    assert note.startswith("Scope: adaptive, this test set (spell · lottery · seed 0). The agent saw scores")
