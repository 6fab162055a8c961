"""The worked examples run as they stand, are committed without outputs, and show what they say."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from posttrace.reports.notebook import execute

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
FIGURE = re.compile(r"^figure$", re.M)
SHOWN = {
    # prose of the notebook: what has to stand in one of its outputs
    "audit_a_published_table": {"67.7 %": "67.07 (55/82) or 68.29 (56/82)", "is not 3.5": "3 = 43.0 - 40.0"},
    "plan_a_study": {"Nine runs instead of five": ">9<", "1,298 items": ">1298<", "to ten costs": "18.3"},
    "quickstart": {"corrected_gain": "corrected_gain"},
    "your_own_figure": {"`p_least` = .25": "0.25", "a t interval over runs": "t interval"},
}


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def text(notebook: NotebookNode, kind: str) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


def outputs(notebook: NotebookNode) -> list[dict[str, str]]:
    """What code cells show: MIME type -> content."""
    return [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTTRACE_TRACES", str(ROOT / "tests/golden/posttrace-1"))
    folder = tmp_path / "notebooks"  # what a notebook writes lies beside its folder
    folder.mkdir()
    done = execute(read(Path(shutil.copy(path, folder))), folder, timeout_s=240)
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
    shown = outputs(done)
    assert sum("image/png" in data for data in shown) == len(FIGURE.findall(text(done, "code"))) > 0
    seen = "\n".join(content for data in shown for kind, content in data.items() if kind.startswith("text/"))
    for said, proof in SHOWN[path.stem].items():
        assert said in text(done, "markdown")
        assert proof in seen


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count], (
        "clear outputs before a commit"
    )
    assert all(cell.source.strip() for cell in code)


@pytest.mark.parametrize("path", [*NOTEBOOKS, ROOT / "notebooks/README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    page = path.read_text() if path.suffix == ".md" else text(read(path), "markdown")
    assert all((path.parent / link).exists() for link in LINK.findall(page))


def test_the_index_names_every_notebook() -> None:
    assert set(LINK.findall((ROOT / "notebooks/README.md").read_text())) == {path.name for path in NOTEBOOKS}
