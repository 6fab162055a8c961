import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from posttrace.reports.pack import provenance
from posttrace.reports.pack.contents import FIGURES
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write import chosen, figure_record
from posttrace.reports.style import WIDE
from posttrace.traces.errors import InputError


@pytest.fixture(scope="module")
def forest(material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("pack")
    return figure_record(chosen(["forest"])[0], material, folder, WIDE)


def test_every_number_has_its_runs_and_every_run_its_head_hash(
    forest: dict[str, Any], material: Material
) -> None:
    hashes = {run.run_id: run.head_hash for run in material.traces.final}
    assert {run["run_id"]: run["head_hash"] for run in forest["runs"]} == hashes
    assert len(forest["rows"]) == forest["n_rows"] == len(hashes)
    assert all(row["n_runs"] == 1 and row["run_id"] in hashes for row in forest["rows"])
    gains = {run.run_id: run.reported_gain for run in material.audit.runs}
    for row in forest["rows"]:
        if row["reported_gain_pp"] is not None:
            assert row["reported_gain_pp"] == pytest.approx(100 * gains[row["run_id"]])


def test_what_was_left_out_is_there_with_its_reason(forest: dict[str, Any]) -> None:
    # the run without run.finished
    assert [left["state"] for left in forest["excluded"]] == ["interrupted"]
    assert all(left["reason"] for left in forest["excluded"])


def test_command_is_what_to_type_in_the_folder(material: Material, tmp_path: Path) -> None:
    said = provenance.command("figures", material, tmp_path, ["--only", "forest"])
    words = said.split()
    assert words[:2] == ["posttrace", "figures"]
    assert (tmp_path / words[2]).resolve() == Path(material.paths[0]).resolve()
    assert words[3:] == ["-o", ".", "--only", "forest", "--resamples", "500"]
    assert provenance.relative("published:agent2", tmp_path) == "published:agent2"


def test_the_same_record_has_no_differences(forest: dict[str, Any]) -> None:
    assert provenance.differences(forest, json.loads(json.dumps(forest))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["rows"][0].update(reported_gain_pp=1.5), "row 1, reported_gain_pp: "),
        (lambda r: r["rows"][1].update(verdict="exceeds?"), "row 2, verdict: "),
        (lambda r: r["runs"][0].update(head_hash="0"), "has another head hash"),
        (lambda r: r["runs"].pop(), "is gone"),
        (lambda r: r["excluded"].clear(), "1 traces were left out, now 0"),
        (lambda r: r.update(n_rows=3), "rows, now 3"),
    ],
)
def test_a_change_is_said(forest: dict[str, Any], change, said: str) -> None:
    now = json.loads(json.dumps(forest))
    change(now)
    (line,) = provenance.differences(forest, now)
    assert said in line


def test_rounding_is_no_change(forest: dict[str, Any]) -> None:
    now = json.loads(json.dumps(forest))
    row = next(row for row in now["rows"] if row["reported_gain_pp"])
    row["reported_gain_pp"] *= 1 + 1e-12
    assert provenance.differences(forest, now) == []


def test_long_tables_are_compared_by_hash(material: Material, tmp_path: Path) -> None:
    rows = pd.DataFrame({"run_id": "x", "value": range(provenance.MOST_ROWS + 1)})
    about = provenance.About("items", "table", "items", "", "")
    before = provenance.record(about, rows, material, tmp_path, {})
    assert before["rows"] is None
    now = provenance.record(about, rows.assign(value=rows["value"] + 1), material, tmp_path, {})
    assert provenance.differences(before, now) == ["rows changed"]
    assert provenance.differences(before, before) == []


def test_rows_without_runs_rest_on_all_of_them(material: Material) -> None:
    rows = pd.DataFrame({"rate": [0.5]})
    assert list(provenance.run_ids(rows, material)) == [list(material.sources)]


@pytest.mark.parametrize("text", ["no json", "[]", '{"schema": "other"}'])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InputError, match="no record of a figure"):
        provenance.read(path)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(InputError, match="no figure pie; figures are results, "):
        chosen(["pie"])
    assert chosen(()) == FIGURES
