"""Quarto is another program: found or named, new enough, asked for the right thing, its failure said."""

import json
import sys

import pytest

from posttrace.reports.notebook import ReportError
from posttrace.reports.render import quarto
from posttrace.reports.render.documents import check_tools
from posttrace.traces.errors import InputError
from tests.reports.render.executed import executed

FAKE = """\
#!{python}
import json, pathlib, sys
if sys.argv[1:] == ["--version"]:
    print({version!r})
    sys.exit(0)
cells = json.loads(pathlib.Path(sys.argv[2]).read_text())["cells"]
pathlib.Path({seen!r}).write_text(json.dumps([sys.argv[1:], cells]))
if {fails}:
    print("ERROR: first\\nno such format", file=sys.stderr)
    sys.exit(3)
pathlib.Path(sys.argv[sys.argv.index("--output") + 1]).write_bytes(b"made by quarto")
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def make(version="1.6.40", fails=False):
        program = tmp_path / "bin" / "quarto"
        program.parent.mkdir(exist_ok=True)
        seen = tmp_path / "seen.json"
        program.write_text(FAKE.format(python=sys.executable, version=version, seen=str(seen), fails=fails))
        program.chmod(0o755)
        monkeypatch.setenv("QUARTO_PATH", str(program))
        return seen

    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return make


@pytest.mark.parametrize(("to", "word"), [("html", "html"), ("pdf", "typst")])
def test_arguments_and_what_is_handed_over(fake, to, word):
    seen = fake()
    assert quarto.render(executed(), to) == b"made by quarto"
    arguments, cells = json.loads(seen.read_text())
    assert arguments == ["render", "report.ipynb", "--to", word, "--output", f"report.{to}"]
    assert "--execute" not in arguments
    assert cells[-1]["outputs"] == []  # the evidence is data
    assert not any(cell["source"] == "# A title" for cell in cells)  # the front matter has it
    assert cells[3]["outputs"]  # a table that was computed once


def test_a_failure_is_quartos_own_last_line(fake):
    fake(fails=True)
    with pytest.raises(ReportError, match=r"^Quarto could not render the report: no such format$"):
        quarto.render(executed(), "html")


def test_an_old_version_is_refused(fake):
    fake(version="1.3.450")
    with pytest.raises(InputError, match=r"Quarto 1\.3\.450 is too old, 1\.4 is needed; install"):
        quarto.render(executed(), "html")


def test_missing_and_misnamed(fake, tmp_path, monkeypatch):
    monkeypatch.delenv("QUARTO_PATH", raising=False)
    with pytest.raises(InputError, match="Quarto is not installed; install it from quarto"):
        quarto.require()
    assert check_tools(["html"], "auto") == "builtin"
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"QUARTO_PATH is .*nowhere, where no program quarto is"):
        quarto.require()


def test_a_folder_that_holds_it_is_enough(fake, tmp_path, monkeypatch):
    fake()
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path))
    assert quarto.find() == str(tmp_path / "bin" / "quarto")
    assert check_tools(["html"], "auto") == "quarto"


@pytest.mark.quarto
def test_the_real_one_shows_the_same(tmp_path):
    try:
        quarto.require()
    except InputError as error:
        pytest.skip(str(error))
    text = quarto.render(executed(), "html").decode()
    assert all(words in text for words in ("A title", "Verdicts", "+25.0", "data:image/svg"))
    assert "15 figures" not in text
