"""The worked examples run as they stand, and are committed without outputs."""

from pathlib import Path

import nbformat
import pytest

from posttrace.reports.notebook import execute

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "clear the outputs before committing"
    monkeypatch.setenv("POSTTRACE_TRACES", str(ROOT / "tests/golden/posttrace-1"))
    done = execute(notebook, path.parent)
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
