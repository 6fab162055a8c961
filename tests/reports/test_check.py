"""A report is computed again: nothing said of an unchanged tree, each change named otherwise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from posttrace.reports.check import check
from posttrace.reports.report import report
from posttrace.traces.errors import InputError
from tests.reports.study import QUICK, STUDY, Sketch, write_run, write_study


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    write_study(folder / "runs", STUDY[:3])
    report(folder / "runs", folder / "report.html", settings=QUICK)
    return folder


@pytest.fixture
def tree(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "tree")
    return tmp_path / "tree"


def test_an_unchanged_tree_reproduces_wherever_it_lies(tree: Path) -> None:
    found = check(tree / "report.json")
    assert found.differences == ()
    assert (found.n_runs, found.n_numbers > 100) == (3, True)
    shutil.move(tree / "runs", tree / "moved")
    assert check(tree / "report.json", [tree / "moved"]).differences == ()


def test_a_number_that_was_changed_is_named(tree: Path) -> None:
    twin = json.loads((tree / "report.json").read_text())
    row = twin["displays"]["verdicts"]["rows"][0]
    row["reported_gain_pp"] += 0.1
    (tree / "report.json").write_text(json.dumps(twin))
    (difference,) = check(tree / "report.json").differences
    assert difference.startswith(f"verdicts[{row['run_id']}].reported_gain_pp: ")


@pytest.mark.parametrize("part", ["title", "newest_run"])
def test_a_word_that_was_changed_is_named(tree: Path, part: str) -> None:
    twin = json.loads((tree / "report.json").read_text())
    twin[part] = "another"
    (tree / "report.json").write_text(json.dumps(twin))
    (difference,) = check(tree / "report.json").differences
    assert difference.startswith(f'{part}: "another" then, ')


def test_denominators_and_routes_are_compared_too(tree: Path) -> None:
    twin = json.loads((tree / "report.json").read_text())
    twin["displays"]["verdicts"]["n_rows"] += 1
    twin["displays"]["forest"]["run_ids"] = ["another"]
    twin["routes"]["runs"][0]["route"] = "another"
    (tree / "report.json").write_text(json.dumps(twin))
    found = [line.partition(": ")[0] for line in check(tree / "report.json").differences]
    assert [name.partition("[")[0] for name in found] == ["routes.runs", "verdicts.n_rows", "forest.run_ids"]


def test_half_a_report_is_refused(tree: Path) -> None:
    twin = json.loads((tree / "report.json").read_text())
    del twin["asked"], twin["routes"]
    (tree / "report.json").write_text(json.dumps(twin))
    with pytest.raises(InputError, match="it lacks routes, asked; give the"):
        check(tree / "report.json")


def test_an_altered_trace_is_named_and_so_is_what_follows(tree: Path) -> None:
    trace = next((tree / "runs").rglob("trace.jsonl"))
    run_id = json.loads(trace.read_text().splitlines()[0])["run_id"]
    shutil.rmtree(trace.parent)
    sketch = next(sketch for sketch in STUDY if sketch.run_id == run_id)
    changed = Sketch(sketch.task, sketch.agent, sketch.seed, sketch.base + 1, sketch.plan)
    write_run(trace.parent, changed)
    found = check(tree / "report.json").differences
    assert found[0].startswith(f"run {run_id}: its trace was altered: head ")
    assert any(".baseline" in line for line in found)


def test_a_broken_chain_and_a_new_run_are_named(tree: Path) -> None:
    trace = next((tree / "runs").rglob("trace.jsonl"))
    run_id = json.loads(trace.read_text().splitlines()[0])["run_id"]
    trace.write_bytes(trace.read_bytes().replace(b'"attempt":1', b'"attempt":2', 1))
    write_run(tree / "runs" / "other", STUDY[4])
    found = check(tree / "report.json").differences
    assert found[0].startswith(f"run {run_id} does not count any more: invalid: ")
    assert found[1] == f"run {STUDY[4].run_id} is new"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nowhere.json", None, "cannot be read"),
        ("a.json", "{", "is no JSON"),
        ("b.json", "{}", "is no posttrace-report/1"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=says):
        check(tmp_path / name)
