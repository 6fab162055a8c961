import hashlib
import json
import re
from pathlib import Path

import pytest

from posttrace.reports.files import write
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write import write_figures
from posttrace.reports.pack.write_tables import table, write_tables
from posttrace.reports.style import PAGES
from posttrace.traces.errors import InputError
from tests.reports.study import QUICK

SOME = ("results", "forest", "modes", "best_of_k")


@pytest.fixture(scope="module")
def pack(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    write_figures(material, folder, page=PAGES["icml"], names=SOME)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_three_files_and_a_record_for_each_figure(pack: Path) -> None:
    drawn = ("results", "forest", "best_of_k")
    expected = {f"{name}.{suffix}" for name in drawn for suffix in ("pdf", "svg", "png", "json")}
    assert set(contents(pack)) == {*expected, "index.json", "README.md"}
    for name in drawn:
        files = json.loads((pack / f"{name}.json").read_text())["files"]
        assert set(files) == {f"{name}.pdf", f"{name}.svg", f"{name}.png"}
        hashes = {file: hashlib.sha256((pack / file).read_bytes()).hexdigest() for file in files}
        assert hashes == files


def test_what_is_not_drawn_has_its_reason(pack: Path) -> None:
    figures = {entry["name"]: entry for entry in json.loads((pack / "index.json").read_text())["figures"]}
    assert figures["modes"]["missing"] == "one mode: there is nothing to compare"
    assert figures["modes"]["files"] == []
    assert figures["results"]["missing"] is None
    readme = (pack / "README.md").read_text()
    assert "- Gain by mode and task: one mode" in readme
    assert "](results.svg)" in readme


def test_rebuilt_pack_has_the_same_bytes(pack: Path, material: Material) -> None:
    before = contents(pack)
    write_figures(material, pack, page=PAGES["icml"], names=SOME)
    assert contents(pack) == before


def test_one_figure_rebuilt_leaves_the_index_of_the_others(pack: Path, material: Material) -> None:
    before = contents(pack)
    made = write_figures(material, pack, page=PAGES["icml"], names=["forest"])
    assert [one.name for one in made] == ["forest"]
    assert contents(pack) == before


def test_a_figure_that_data_no_longer_support_goes(tmp_path: Path, material: Material) -> None:
    (tmp_path / "modes.pdf").write_bytes(b"old")
    (tmp_path / "index.json").write_text("[")  # no index
    write_figures(material, tmp_path, names=["modes"])
    assert not (tmp_path / "modes.pdf").exists()


def test_a_folder_that_takes_no_files_is_refused_before_the_work(tmp_path: Path, nothing: Material) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(InputError, match="is a file"):
        write_figures(nothing, path)
    with pytest.raises(InputError, match="cannot write there"):
        write_figures(nothing, path / "below")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "folder", b"")
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_tables_of_traces_audit_and_study(tmp_path: Path, material: Material) -> None:
    made = write_tables(material, tmp_path, "csv", ("results", "runs", "steps", "cells", "association"))
    missing = {one.name: one.reason for one in made if one.reason}
    assert set(missing) <= {"association"}
    assert (tmp_path / "table_steps.csv").read_text().startswith("run_id,seq,")  # columns also without a row
    runs = json.loads((tmp_path / "table_runs.about.json").read_text())
    assert runs["n_rows"] == len(material.traces.records)
    assert runs["command"].endswith("--format csv --table runs --resamples 500")
    index = json.loads((tmp_path / "tables.json").read_text())["tables"]
    assert [entry["name"] for entry in index] == [one.name for one in made]


def test_formats_of_the_same_rows_stay_together(
    tmp_path: Path, material: Material, reported: Material
) -> None:
    def write(given: Material, form: str) -> set[str]:
        write_tables(given, tmp_path, form, ("cells",))
        record = json.loads((tmp_path / "table_cells.about.json").read_text())
        assert {path.name for path in tmp_path.glob("table_cells.*")} == {
            "table_cells.about.json",
            *record["files"],
        }
        return set(record["files"])

    assert write(material, "csv") == {"table_cells.csv"}
    assert write(material, "latex") == {"table_cells.csv", "table_cells.tex"}
    assert write(material, "latex") == {"table_cells.csv", "table_cells.tex"}
    # other rows: the CSV of the earlier ones goes
    assert write(reported, "latex") == {"table_cells.tex"}


def test_printed_results_have_agents_down_and_tasks_across(material: Material) -> None:
    lines = table(material, "results", "latex").decode().splitlines()
    assert lines[lines.index(r"\toprule") + 1] == r"agent & house & spell \\"
    (caption,) = [line for line in lines if line.startswith(r"\caption")]
    assert "percentage points (corrected)." in caption
    assert "Brackets: bounds of a single run, range." in caption
    sft = next(line for line in lines if line.startswith("sft"))
    # two runs on spell exceed noise, the one on house is a regression
    assert sft.count(r"$\blacktriangle$$\blacktriangle$") == 1
    assert sft.count(r"$\blacktriangledown$") == 1


def test_long_tables_are_printed_only_when_named(tmp_path: Path, reported: Material) -> None:
    made = {one.name: one.reason for one in write_tables(reported, tmp_path, "latex")}
    assert "items" not in made
    assert made["results"] is None
    assert made["failed_runs"] == "needs traces: a reported table has no such record"
    assert "routes are not known" not in made.values()


def test_a_table_without_rows_is_not_printed(tmp_path: Path, material: Material) -> None:
    (made,) = write_tables(material, tmp_path, "markdown", ("steps",))
    assert made.reason == "no row"
    with pytest.raises(Unsupported, match="no row"):
        table(material, "steps", "latex")


def test_unknown_tables_are_named(material: Material) -> None:
    with pytest.raises(InputError, match="no table pie; tables are results, "):
        table(material, "pie", "csv")


def test_every_printed_row_says_whose_it_is(material: Material) -> None:
    other = table(material, "other_items", "markdown").decode()
    assert other.splitlines()[0].split("|")[2].strip() == "agent"
    assert not set(material.study.cells["cell_id"]) & set(other.replace("|", " ").split())
    total = table(material, "sensitivity", "markdown").decode()
    assert [line.split("|")[1].strip() for line in total.splitlines() if line.startswith("|")][
        -1
    ] == "all cells"


@pytest.mark.parametrize("name", ["cells", "audit", "best_of_k"])
def test_cells_of_one_agent_are_told_apart_in_print(name: str, reported: Material) -> None:
    """In the reported table one agent has two drivers and two modes on each of two tasks."""
    lines = table(reported, name, "markdown").decode().splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("|")][2:]
    named = {tuple(cell.strip() for cell in row) for row in rows}
    assert {("spell", f"sft · {rest}") for rest in ("small · free", "large · free", "small · fixed")} <= named


def test_estimates_that_are_all_undefined_keep_a_column_of_dashes(material: Material) -> None:
    mixed = material.study.tables["mixed"]
    assert len(mixed) > 0
    assert mixed["beta"].isna().all()  # two tasks: a variance between them needs five
    lines = table(material, "mixed", "markdown").decode().splitlines()
    assert "beta" in lines[0]
    assert "a variance between groups needs 5" in lines[-1]


def test_what_never_varies_is_said_unless_it_is_nothing(material: Material) -> None:
    note = table(material, "study_runs", "markdown").decode().splitlines()[-1]
    assert "driver" not in note


def test_the_readme_lists_figures_and_tables_whichever_came_first(
    tmp_path: Path, material: Material, reported: Material
) -> None:
    write_tables(material, tmp_path, "latex", ("results", "steps"))
    assert "# Figures" not in (tmp_path / "README.md").read_text()
    write_figures(material, tmp_path, names=["results"])
    readme = (tmp_path / "README.md").read_text()
    assert "# Figures" in readme
    assert "[table_results.tex](table_results.tex)" in readme
    assert "- steps: no row." in readme
    (preamble,) = re.findall(r"`\\usepackage\{(.*?)\}`", readme)
    write_tables(reported, tmp_path, "latex")
    heads = [path.read_text().split("\n")[0] for path in tmp_path.glob("*.tex")]
    needed = {name for head in heads for name in re.findall(r"\{(.*)\}", head)[0].split(",")}
    assert needed <= set(preamble.split(","))


def test_an_index_of_something_else_is_not_described(tmp_path: Path, material: Material) -> None:
    (tmp_path / "tables.json").write_text('{"tables": 3}')
    write_figures(material, tmp_path, names=["results"])
    assert "# Tables" not in (tmp_path / "README.md").read_text()


def test_tables_are_the_same_bytes_wherever_posttrace_is_called(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.parent)
    near = Material.read([study.name], QUICK)
    write_tables(near, tmp_path, "csv", ("runs", "failed_runs"))
    before = contents(tmp_path)
    monkeypatch.chdir("/")
    write_tables(Material.read([study], QUICK), tmp_path, "csv", ("runs", "failed_runs"))
    assert contents(tmp_path) == before
    assert str(study) not in before["table_failed_runs.csv"].decode()
