"""Tables that pdflatex compiles as they are: ASCII alone, inert, no wider than the text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from posttrace.reports.pack.latex import ACCENTS, COMMANDS, LETTERS, MOST_ROWS, latex, latex_table
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.write_tables import write_tables
from posttrace.reports.style import VERDICT_MARKS

HOSTILE = r"a_b & <c> | 50 % \x{1} $x$ #1 ~ ^ `q` 'q' --seed ''x'' – − 中"


def cells() -> pd.DataFrame:
    return pd.DataFrame({"agent_label": ["sft", "[x] & y"], "gain": ["−0.12", "–"]})


def test_a_table_is_booktabs_with_its_packages_and_a_note_for_the_caption() -> None:
    assert latex_table(cells(), [False, True], "A note: ▲ 5 %").splitlines() == [
        r"% needs \usepackage{booktabs,graphicx}",
        r"% A note: $\blacktriangle$ 5 \%",
        r"\sbox0{%",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"agent label & gain \\",
        r"\midrule",
        r"sft & $-$0.12 \\",
        r"{}[x] \& y & -- \\",
        r"\bottomrule",
        r"\end{tabular}}%",
        r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",
    ]


def test_long_text_is_folded_and_a_long_table_goes_over_pages() -> None:
    wide = pd.DataFrame({"says": ["w" * (LETTERS + 1)]})
    assert r"\begin{tabular}{>{\raggedright\arraybackslash}p{18em}}" in latex_table(wide, [False], "")
    assert "{array,booktabs,graphicx}" in latex_table(wide, [False], "")
    long = latex_table(pd.concat([cells()] * MOST_ROWS), [False, True], "")
    assert {r"\endhead", r"\begin{longtable}{lr}", r"\end{longtable}}"} <= set(long.splitlines())
    assert "{booktabs,longtable}" in long
    assert "tabular" not in long


def test_a_long_table_gets_smaller_and_is_turned_before_it_leaves_the_page() -> None:
    def look(letters: int) -> str:
        columns = {f"c{i}": ["x" * 33] * (MOST_ROWS + 1) for i in range(letters // 35)}
        return latex_table(pd.DataFrame(columns), [False] * len(columns), "")

    assert r"\footnotesize" in look(70)
    assert r"\scriptsize" in look(105)
    assert r"\tiny" in look(140)
    turned = look(210)
    assert r"\begin{landscape}" in turned
    assert "{booktabs,longtable,lscape}" in turned


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


def compiled(pdflatex: str, folder: Path, *tables: str) -> str:
    """The log of an article with these tables and the packages that they ask for."""
    packages = sorted({name for text in tables for name in re.findall(r"\{(.*)\}", text)[0].split(",")})
    head = [r"\documentclass{article}", rf"\usepackage{{{','.join(packages)}}}", r"\begin{document}"]
    source = "\n\n".join([*head, *tables, r"\end{document}"])
    (folder / "all.tex").write_text(source)
    words = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=120)
    log = (folder / "all.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    return log


def test_every_command_compiles(pdflatex: str, tmp_path: Path) -> None:
    accented = [unicodedata.normalize("NFC", f"o{mark}") for mark in ACCENTS]
    signs = pd.DataFrame({"sign": [*COMMANDS, *(c for c in accented if len(c) == 1), HOSTILE, "[", "*"]})
    log = compiled(pdflatex, tmp_path, latex_table(signs[:40], [False], ""), latex_table(signs, [False], ""))
    assert "Missing character" not in log


def test_tables_of_a_study_compile_and_fit_the_page(
    pdflatex: str, material: Material, tmp_path: Path
) -> None:
    write_tables(material, tmp_path, "latex")
    tables = [path.read_text() for path in sorted(tmp_path.glob("table_*.tex"))]
    log = compiled(pdflatex, tmp_path, *(f"{text}\n\\clearpage" for text in tables))
    too_wide = [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(too_wide, default=0.0) < 20  # about a letter beside a paragraph's indent
