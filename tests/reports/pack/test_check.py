"""A pack is computed again: silent where nothing changed, a line for what did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from posttrace.reports.pack.check import check
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write import write_figures
from posttrace.reports.pack.write_tables import write_tables
from posttrace.traces.errors import InputError
from tests.analysis.written import rescored, write_rescore
from tests.reports.study import QUICK, STUDY, Sketch, write_run, write_study

SOME = ("results", "forest", "modes", "best_of_k")
SHEETS = ("audit", "cells", "runs", "steps")
UNFINISHED = STUDY[6]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that count, one that does not, and a pack of figures and tables."""
    folder = tmp_path_factory.mktemp("built")
    write_study(folder / "runs", (*STUDY[:3], UNFINISHED))
    material = Material.read([folder / "runs"], QUICK)
    write_figures(material, folder / "pack", names=SOME)
    write_tables(material, folder / "pack", "csv", SHEETS)
    return folder


@pytest.fixture
def tree(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "tree")
    return tmp_path / "tree"


def first_trace(tree: Path) -> tuple[Path, str]:
    """Of a run that counts, and its id."""
    run = STUDY[0]
    return (
        tree / "runs" / "study" / run.cell_id / f"seed-{run.seed}" / "attempt-1" / "trace.jsonl",
        run.run_id,
    )


def test_an_unchanged_pack_reproduces_wherever_it_lies(tree: Path) -> None:
    figures, tables = check(tree / "pack", "figures"), check(tree / "pack", "tables")
    assert figures.differences == tables.differences == ()
    assert figures.n_runs == 3
    assert (figures.n_shown, tables.n_shown) == (3, 4)  # one mode is no figure
    assert min(figures.n_numbers, tables.n_numbers) > 20
    shutil.move(tree / "runs", tree / "moved")
    assert check(tree / "pack", "figures", [str(tree / "moved")]).differences == ()


def test_an_altered_trace_is_named_once_and_what_follows_too(tree: Path) -> None:
    trace, run_id = first_trace(tree)
    shutil.rmtree(trace.parent)
    run = STUDY[0]
    write_run(trace.parent, Sketch(run.task, run.agent, run.seed, run.base + 1, run.plan))
    found = check(tree / "pack", "figures").differences
    altered = [line for line in found if line.startswith(f"run {run_id}: its trace was altered: head ")]
    assert len(altered) == 1
    assert any(line.startswith(f"forest[{run_id}].reported_gain_pp: ") for line in found)


def rescore(trace: Path, run_id: str, score: float) -> Path:
    head = json.loads(trace.read_text().splitlines()[-1])["hash"]
    return write_rescore(trace.parent, 1, head, rescored("baseline", score), run_id=run_id)


def test_a_rescore_file_that_is_new_altered_or_gone_is_named(tree: Path) -> None:
    trace, run_id = first_trace(tree)
    file = rescore(trace, run_id, 0.25)
    (new,) = check(tree / "pack", "figures", names=["forest"]).differences[:1]
    assert new.startswith(f"run {run_id}: rescore-1.jsonl changed: none that counts then, ")

    write_figures(Material.read([tree / "runs"], QUICK), tree / "pack", names=["forest"])
    assert check(tree / "pack", "figures", names=["forest"]).differences == ()
    file.write_text(file.read_text().replace("0.25", "0.75"))
    found = check(tree / "pack", "figures", names=["forest"]).differences
    assert any("rescore-1.jsonl: not left out then, left out: " in line for line in found)
    file.unlink()
    found = check(tree / "pack", "figures", names=["forest"]).differences
    assert found[0].startswith(f"run {run_id}: rescore-1.jsonl changed: ")
    assert found[0].endswith(" then, none that counts now")


def test_a_file_edited_by_hand_or_gone_is_named(tree: Path) -> None:
    svg = tree / "pack" / "forest.svg"
    svg.write_text(svg.read_text().replace("</svg>", "<!-- better --></svg>"))
    (tree / "pack" / "results.png").unlink()
    assert check(tree / "pack", "figures").differences == (
        "results.png is gone",
        "forest.svg is not the file that was written",
    )
    csv = tree / "pack" / "table_audit.csv"
    csv.write_text(csv.read_text().replace("spell", "Spell"))
    assert check(tree / "pack", "tables").differences == ("table_audit.csv is not the file that was written",)


def test_a_number_changed_in_the_record_is_named(tree: Path) -> None:
    path = tree / "pack" / "forest.json"
    record = json.loads(path.read_text())
    row = next(row for row in record["rows"] if row["lcb_pp"] is not None)
    row["lcb_pp"] += 1
    path.write_text(json.dumps(record))
    (line,) = check(tree / "pack", "figures").differences
    assert line.startswith(f"forest[{row['run_id']}].lcb_pp: ")


def test_a_trace_that_is_gone_and_a_new_run_are_named(tree: Path) -> None:
    trace, run_id = first_trace(tree)
    trace.unlink()
    write_run(tree / "runs" / "new", STUDY[4])
    found = check(tree / "pack", "figures", names=["forest"]).differences
    assert found[:2] == (
        f"run {run_id} does not count any more: no such trace",
        f"run {STUDY[4].run_id} is new",
    )
    shutil.rmtree(tree / "runs")
    with pytest.raises(InputError, match="runs does not exist: name the traces of the pack after it"):
        check(tree / "pack", "figures")


def test_which_traces_are_left_out_is_compared(tree: Path) -> None:
    """As many as before, but others: a run stopped counting while the interrupted one went."""
    trace, run_id = first_trace(tree)
    trace.write_bytes(trace.read_bytes().replace(b'"attempt":1', b'"attempt":2', 1))
    shutil.rmtree(tree / "runs" / "study" / UNFINISHED.cell_id)
    found = check(tree / "pack", "tables", names=["audit"]).differences
    assert found[0].startswith(f"run {run_id} does not count any more: invalid: ")
    assert found[1].startswith(
        f"trace study/{UNFINISHED.cell_id}/seed-1/attempt-1/trace.jsonl: interrupted: "
    )
    assert found[1].endswith(" then, not left out now")


def test_what_was_not_drawn_and_now_can_be_is_said(tree: Path) -> None:
    index = tree / "pack" / "index.json"
    listed = json.loads(index.read_text())
    for entry in listed["figures"]:
        if entry["name"] in ("modes", "results"):
            entry["missing"] = "needs traces"
    index.write_text(json.dumps(listed))
    assert check(tree / "pack", "figures").differences == (
        "results: none then: needs traces; there now",
        "modes: none then: needs traces; none now: one mode: there is nothing to compare",
    )


def test_a_folder_that_is_no_pack_and_a_name_it_lacks_are_refused(tree: Path) -> None:
    with pytest.raises(InputError, match=r"index.json: cannot be read .*; give the folder of a pack"):
        check(tree, "figures")
    with pytest.raises(InputError, match="the pack has no wins; it has results, forest, modes, best_of_k"):
        check(tree / "pack", "figures", names=["wins"])
