from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.text import Text

from posttrace.reports.pack import gains, provenance
from posttrace.reports.pack.contents import FIGURES
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write import chosen, write_figures
from posttrace.reports.style import WIDE
from posttrace.traces.errors import InputError
from tests.reports.study import QUICK, STUDY, write_run


@pytest.fixture(scope="module")
def forest(material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return forest_of(material, tmp_path_factory.mktemp("pack"))


def forest_of(material: Material, folder: Path) -> dict[str, Any]:
    about = provenance.About("forest", "figure", "Forest", "What it shows.", "posttrace figures")
    return provenance.record(about, gains.forest(material), material, folder, {})


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


def test_rows_of_long_tables_are_a_hash(material: Material, tmp_path: Path) -> None:
    rows = pd.DataFrame({"run_id": "x", "value": range(provenance.MOST_ROWS + 1)})
    about = provenance.About("items", "table", "items", "", "")
    record = provenance.record(about, rows, material, tmp_path, {})
    assert record["rows"] is None
    other = provenance.record(about, rows.assign(value=rows["value"] + 1), material, tmp_path, {})
    assert record["rows_sha256"] != other["rows_sha256"]


def test_paths_in_a_reason_are_as_seen_from_the_pack(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    trace = write_run(runs / "a", STUDY[0])
    trace.write_bytes(trace.read_bytes().replace(b'"attempt":1', b'"attempt":2', 1))
    write_run(runs / "b", STUDY[1])
    (left,) = forest_of(Material.read([runs], QUICK), tmp_path / "pack")["excluded"]
    assert left["path"] == "../runs/a/trace.jsonl"
    assert left["reason"].startswith("../runs/a/trace.jsonl:")


def test_rows_without_runs_rest_on_all_of_them(material: Material) -> None:
    rows = pd.DataFrame({"rate": [0.5]})
    assert list(provenance.run_ids(rows, material)) == [list(material.sources)]


@pytest.mark.parametrize("name", ["results", "forest", "modes", "slopes_driver", "wins"])
def test_a_figure_can_be_drawn_again_from_its_record(name: str, reported: Material, tmp_path: Path) -> None:
    (made,) = write_figures(reported, tmp_path, names=[name])
    assert made.reason is None
    table = provenance.rows(tmp_path / f"{name}.json")
    entry = next(entry for entry in FIGURES if entry.name == name)
    first, again = (entry.draw(rows, reported.settings, WIDE) for rows in (entry.rows(reported), table))
    assert [text.get_text() for text in again.findobj(Text)] == [
        text.get_text() for text in first.findobj(Text)
    ]


def test_rows_are_of_a_record_alone(reported: Material, tmp_path: Path) -> None:
    write_figures(reported, tmp_path, names=["results"])
    for path in (tmp_path / "index.json", tmp_path / "results.svg", tmp_path / "none.json"):
        with pytest.raises(InputError, match="give the JSON beside a figure"):
            provenance.rows(path)


def test_an_unknown_figure_is_named() -> None:
    with pytest.raises(InputError, match="no figure pie; figures are results, "):
        chosen(["pie"])
    assert chosen(()) == FIGURES
