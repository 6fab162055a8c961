"""PDF by pandoc and Typst: words and pages are there, the bytes are the same again, absence is said."""

import re
import sys

import pytest

from posttrace.reports.notebook import ReportError
from posttrace.reports.render import pdf
from posttrace.traces.errors import InputError
from tests.reports.render.executed import executed


@pytest.fixture
def tools():
    return pytest.importorskip("pypandoc"), pytest.importorskip("typst")


def test_pdf_of_one_page_the_same_each_time(tools):
    made = pdf.render(executed())
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1
    assert pdf.render(executed()) == made


def test_what_a_page_folds_stands_open_and_signs_stay_text(tools, tmp_path):
    text = pdf.source(executed(), tmp_path)
    assert '#picture("figure-1.svg", "a [bar] $x$")' in text
    assert "All commands" in text
    assert "python sft.py" in text  # below the fold
    assert "#link(<commands>)[all]" in text
    assert re.search(r"==== All commands\s*<commands>", text)
    assert "$means$" not in text.replace("\\$", "")  # no formula
    assert "@all" not in text.replace("\\@", "")  # no citation
    assert "columns: 2" in text


def test_figures_share_the_scale_at_which_the_widest_fits():
    wide, narrow = (f'<svg height="9pt" width="{points}pt"/>' for points in (1009.134, 200))
    # A4 is 210 mm wide, its margins 16 mm each: 178 mm are 504.567 points
    assert pdf._scale([narrow, wide]) == pytest.approx(0.5, abs=1e-5)
    assert pdf._scale([narrow]) == pdf._scale([]) == 1


def test_a_missing_program_is_one_line_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InputError, match=r"pip install 'posttrace\[pdf\]'"):
        pdf.render(executed())


def test_a_document_that_cannot_be_set_is_one_line(tools, monkeypatch):
    monkeypatch.setattr(pdf, "source", lambda *_: "#nonsense(")
    with pytest.raises(ReportError, match="Typst could not set the report: ") as caught:
        pdf.render(executed())
    assert "\n" not in str(caught.value)
