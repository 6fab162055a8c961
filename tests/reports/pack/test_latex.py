"""Text and tables that pdflatex compiles as they are: ASCII alone, inert, no wider than the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from posttrace.reports.pack.floats import PACKAGES, float_table
from posttrace.reports.pack.latex import ACCENTS, COMMANDS, latex
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write_tables import write_tables
from posttrace.reports.style import VERDICT_MARKS

HOSTILE = r"a_b & <c> | 50 % \x{1} $x$ #1 ~ ^ `q` 'q' --seed ''x'' – − 中"


def test_every_mark_of_a_verdict_is_a_symbol() -> None:
    assert {mark.symbol for mark in VERDICT_MARKS.values()} <= set(COMMANDS)
    assert latex("▲\n\\x{") == r"$\blacktriangle$ \textbackslash{}x\{"


def test_ligatures_are_kept_apart_and_accents_are_commands() -> None:
    assert latex("--seed") == "-{}-seed"
    assert latex("a–−b") == "a--$-$b"
    assert latex("é å ç ñ ő") == r"\'{e} \r{a} \c{c} \~{n} \H{o}"
    assert latex("中") == r"\texttt{U+4E2D}"
    # no character of its own is left to LaTeX
    assert re.sub(r"\\[#$%&_{}]|\\textbackslash\{\}", "", latex(r"#$%&_{}\\")) == ""


def test_no_character_is_left_that_the_default_encoding_of_pdflatex_lacks() -> None:
    """All that is assigned up to the end of the symbols, and a letter beyond the first plane."""
    assigned = (chr(i) for i in range(0x3000) if unicodedata.category(chr(i))[0] != "C")
    assert all(latex(char).isascii() for char in [*assigned, "中", "𝛼", *COMMANDS])


def test_tables_of_a_study_are_ascii(material: Material, tmp_path: Path) -> None:
    made = write_tables(material, tmp_path, "latex")
    files = [tmp_path / file for one in made for file in one.files if file.endswith(".tex")]
    assert len(files) > 10
    assert all(path.read_bytes().isascii() for path in files)


@pytest.fixture(scope="module")
def pdflatex() -> str:
    """Without it the tests skip, unless ``POSTTRACE_REQUIRE`` lists ``pdflatex``."""
    found = shutil.which("pdflatex")
    if found is None:
        complaint = "no pdflatex on PATH (Debian: texlive-latex-recommended, texlive-fonts-recommended)"
        if "pdflatex" in os.environ.get("POSTTRACE_REQUIRE", "").split(","):
            pytest.fail(complaint)
        pytest.skip(complaint)
    return found


PAPERS = {
    "neurips": (r"\documentclass[10pt]{article}", 5.5, 9.0),
    "icml": (r"\documentclass[10pt,twocolumn]{article}\columnsep 0.25in", 6.75, 9.0),
    "acl": (r"\documentclass[11pt,twocolumn]{article}\columnsep 0.24in", 6.3, 9.7),
}
"""Text width and height in inches of the author kits; NeurIPS has its own size of a footnote, 9 pt."""
FOOTNOTE = r"\makeatletter\renewcommand{\footnotesize}{\@setfontsize\footnotesize{9}{10}}\makeatother"


def compiled(pdflatex: str, folder: Path, paper: str, *tables: str) -> str:
    """The log of a paper with these tables and nothing else."""
    start, width, height = PAPERS[paper]
    sizes = rf"\usepackage{{times}}\textwidth {width}in\textheight {height}in"
    head = [start, sizes, FOOTNOTE if paper == "neurips" else "", rf"\usepackage{{{','.join(PACKAGES)}}}"]
    (folder / "all.tex").write_text("\n\n".join([*head, r"\begin{document}", *tables, r"\end{document}"]))
    words = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=120)
    log = (folder / "all.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    return log


def test_every_command_compiles(pdflatex: str, tmp_path: Path) -> None:
    accented = [unicodedata.normalize("NFC", f"o{mark}") for mark in ACCENTS]
    signs = pd.DataFrame({"sign": [*COMMANDS, *(c for c in accented if len(c) == 1), HOSTILE, "[", "*"]})
    table = float_table(signs, [False], HOSTILE, "signs")
    assert "Missing character" not in compiled(pdflatex, tmp_path, "neurips", table)


@pytest.mark.parametrize("paper", PAPERS)
def test_tables_compile_and_fit_a_paper(
    paper: str, pdflatex: str, material: Material, reported: Material, tmp_path: Path
) -> None:
    wide = pd.DataFrame([[f"agent {i}", *["0.25 " * 4] * 9] for i in range(90)], columns=list("abcdefghij"))
    for name, given in (("study", material), ("reported", reported)):
        write_tables(given, tmp_path / name, "latex")
    write_tables(material, tmp_path / "raw", "latex", ("runs", "submissions", "usage", "routes"))
    files = [path.read_text() for path in sorted(tmp_path.glob("*/table_*.tex"))]
    odd = pd.DataFrame({"task": [HOSTILE] * 3, "agent": ["中" * 60, HOSTILE * 9, "[x]"], "gain": ["1"] * 3})
    tables = [
        *files,
        float_table(wide, [False] * 10, "Wide and long.", "wide"),
        float_table(odd, [False, False, True], HOSTILE, "odd"),
    ]
    log = compiled(pdflatex, tmp_path, paper, *(f"{text}\n\\clearpage" for text in tables))
    assert "Overfull" not in log
    assert "Float too large" not in log
