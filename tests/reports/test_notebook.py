"""A notebook is executed once, in this interpreter, or refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from posttrace.reports.notebook import ReportError, check_executed, execute
from posttrace.traces.errors import InputError


def notebook(*sources: str) -> NotebookNode:
    made: NotebookNode = new_notebook(cells=[new_code_cell(source) for source in sources])
    return made


def test_cells_run_in_this_interpreter_and_in_the_folder(tmp_path: Path) -> None:
    given = notebook("import os, sys", "print(sys.executable)\nprint(os.getcwd())")
    executed = execute(given, tmp_path)
    assert executed.cells[1].outputs[0].text.splitlines() == [sys.executable, str(tmp_path)]
    assert given.cells[1].outputs == []  # a copy was executed
    assert "execution" not in executed.cells[0].metadata  # no trace of the clock


def test_a_failing_cell_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(
        ReportError, match=r"^a cell of the report failed: ZeroDivisionError: division by zero$"
    ):
        execute(notebook("1 / 0"), tmp_path)


def test_a_users_mistake_keeps_its_own_words(tmp_path: Path) -> None:
    source = (
        "from posttrace.traces.errors import TraceError\nraise TraceError('no trace here: give another path')"
    )
    with pytest.raises(InputError, match=r"^no trace here: give another path$"):
        execute(notebook(source), tmp_path)


def test_a_cell_that_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="took longer than 1 s"):
        execute(notebook("import time; time.sleep(60)"), tmp_path, timeout_s=1)


def test_ctrl_c_is_no_error_of_the_report(tmp_path: Path) -> None:
    interrupt = "import os, signal, time\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        execute(notebook("import os\nopen('pid', 'w').write(str(os.getpid()))", interrupt), tmp_path)
    with pytest.raises(ProcessLookupError):  # the kernel has ended
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_warnings_reach_the_caller_and_not_the_page(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the report's code said: beware"):
        executed = execute(notebook("import sys\nprint('beware', file=sys.stderr)\nprint('fine')"), tmp_path)
    assert [output.text for output in executed.cells[0].outputs] == ["fine\n"]


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([], "no code cell"),
        ([new_markdown_cell("# words")], "no code cell"),
        ([new_code_cell("1")], "code cell 1 of the notebook was not executed"),
        (
            [
                new_code_cell("1", execution_count=1),
                new_code_cell(
                    "2", execution_count=2, outputs=[nbformat.v4.new_output("error", ename="E", evalue="no")]
                ),
            ],
            "code cell 2 failed: E: no",
        ),
    ],
)
def test_a_notebook_with_holes_is_refused(cells: list[NotebookNode], complaint: str) -> None:
    with pytest.raises(ReportError, match=complaint):
        check_executed(new_notebook(cells=cells))
