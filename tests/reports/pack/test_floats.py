"""Where a table stands in a paper: one column, two, folded, below itself, over pages."""

from __future__ import annotations

import re

import pandas as pd

from posttrace.reports.pack.columns import Column
from posttrace.reports.pack.floats import LAYOUTS, float_table


def cells() -> pd.DataFrame:
    return pd.DataFrame({"agent": ["sft", "[x] & y"], "gain, pp": ["−0.12", "–"]})


def columns(n: int, text: str, rows: int = 2) -> str:
    """A table of ``n`` columns of the same text, after one of names."""
    names = [f"a{i}" for i in range(rows)]
    return float_table(
        pd.DataFrame({"agent": names, **{f"c{i}": [text] * rows for i in range(n)}}),
        [False] * (n + 1),
        "",
        "t",
    )


def test_a_table_is_a_float_of_booktabs_with_its_packages_caption_and_label() -> None:
    assert float_table(cells(), [False, True], "Gains: ▲ 5 %.", "gains").splitlines() == [
        r"% needs \usepackage{amssymb,booktabs}",
        r"\begin{table}[tp]",
        r"\centering",
        r"\caption{Gains: $\blacktriangle$ 5 \%.}",
        r"\label{tab:gains}",
        r"\smallskip",
        r"\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\begin{tabular}{@{}lr@{}}",
        r"\toprule",
        r"agent & gain, pp \\",
        r"\midrule",
        r"sft & $-$0.12 \\",
        r"{}[x] \& y & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_a_wider_table_gets_smaller_then_two_columns_and_is_never_tiny() -> None:
    """A digit is half an em and a gap 0.9 em: a column of ten digits takes 5.9 em more. The head ``agent``
    has 2.2 em (0.44 + 0.5 + 0.44 + 0.5 + 0.36), rooms are 24, 27, 44 and 56 em."""
    found = [
        re.findall(r"begin\{(table\*?)\}.*?\\(\w+size)", columns(n, "0123456789"), re.S) for n in range(3, 9)
    ]
    assert found == [
        [("table", "footnotesize")],
        [("table", "scriptsize")],
        [("table*", "footnotesize")],
        [("table*", "footnotesize")],
        [("table*", "footnotesize")],
        [("table*", "scriptsize")],
    ]
    assert {layout.size for layout in LAYOUTS} == {r"\footnotesize", r"\scriptsize"}


def test_text_is_folded_where_its_line_ends_before_columns_go_below_others() -> None:
    lines = columns(5, "+90.7 [82.2,\N{NO-BREAK SPACE}93.8]".replace(" [", "\n["), rows=1).splitlines()
    first = lines.index(r"\midrule") + 1
    assert lines[first] == "a0" + " & +90.7" * 5 + r" \\"
    assert lines[first + 1] == " & [82.2,~93.8]" * 5 + r" \\"
    assert columns(30, "0123456789").count(r"\begin{tabular}") > 1


def test_columns_below_each_other_each_say_whose_a_row_is() -> None:
    text = columns(30, "0123456789")
    heads = [line for line in text.splitlines() if line.startswith("agent & ")]
    shown = [name for line in heads for name in line.removesuffix(r" \\").split(" & ")[1:]]
    assert len(heads) > 1
    assert shown == [f"c{i}" for i in range(30)]
    assert text.count(r"\label{") == 1


def test_a_long_table_is_several_floats_of_about_as_many_rows() -> None:
    text = columns(1, "x", rows=130)
    pages = text.split(r"\begin{table}")[1:]
    rows = [len(re.findall(r"^a\d+ & x", page, re.M)) for page in pages]
    assert sum(rows) == 130
    assert len(rows) == 3
    assert max(rows) - min(rows) <= 3
    assert [r"\addtocounter{table}{-1}" in page for page in pages] == [False, True, True]


def test_a_task_is_said_once_above_its_rows_and_again_on_the_next_page() -> None:
    table = pd.DataFrame({"task": ["house"] * 70 + ["spell"] * 2, "agent": ["a"] * 72, "gain": ["1"] * 72})
    text = float_table(table, [False, False, True], "", "t")
    assert re.findall(r"\\textit\{(\w+)\}", text) == ["house", "house", "spell"]
    assert "house &" not in text
    # not in the order of tasks: each row says its own
    mixed = table.iloc[[0, 70, 1, 71]]
    assert "textit" not in float_table(mixed, [False, False, True], "", "t")


def test_names_are_folded_between_their_parts() -> None:
    column = Column("agent", False, ["Claude Code · Opus 4.6 · Free"])
    assert column.folded(16).cells == [["Claude Code", "Opus 4.6 · Free"]]
    assert column.cells == [["Claude Code · Opus 4.6 · Free"]]


def test_a_table_of_text_that_cannot_be_folded_is_still_printed() -> None:
    """Widest first; a line of a text without spaces has no more letters than it may."""
    text = columns(12, "x" * 200)
    assert max(map(len, re.findall("x+", text))) <= 30
