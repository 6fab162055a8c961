import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

from posttrace.reports.pack.formats import LATEX, SUFFIXES, latex, rendered
from posttrace.reports.style import VERDICT_MARKS
from posttrace.traces.errors import InputError


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "agent_label": ["sft", "a_b & <c> | 50 %"],
            "gain": [-0.123456789, np.nan],
            "n": pd.array([3, None], dtype="Int64"),
            "clean": [True, False],
            "run_ids": [["x", "y"], []],
        }
    )


def test_csv_has_all_digits_and_nothing_for_undefined() -> None:
    read = pd.read_csv(io.BytesIO(rendered(frame(), "csv")))
    assert read["gain"][0] == -0.123456789
    assert read["n"].isna().tolist() == [False, True]
    assert read["run_ids"][0] == "x y"


def test_json_has_lists_and_nulls() -> None:
    first, second = json.loads(rendered(frame(), "json"))
    assert first["run_ids"] == ["x", "y"]
    assert second["gain"] is second["n"] is None


def test_parquet_keeps_types() -> None:
    read = pd.read_parquet(io.BytesIO(rendered(frame(), "parquet")))
    assert read["gain"][0] == -0.123456789
    assert list(read["run_ids"][0]) == ["x", "y"]
    assert str(read["n"].dtype) == "Int64"


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'posttrace\[parquet\]'"):
        rendered(frame(), "parquet")


def test_latex_is_booktabs_and_inert() -> None:
    text = rendered(frame(), "latex", "A note: 5 %").decode()
    assert text.splitlines() == [
        "% needs the packages booktabs and amssymb",
        "% A note: 5 %",
        r"\begin{tabular}{lrrll}",
        r"\toprule",
        r"agent label & gain & n & clean & run ids \\",
        r"\midrule",
        r"sft & $-$0.1235 & 3 & yes & x y \\",
        r"a\_b \& $<$c$>$ | 50 \% & -- & -- & no &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_latex_knows_every_mark_of_a_verdict() -> None:
    assert {mark.symbol for mark in VERDICT_MARKS.values()} <= set(LATEX)
    assert latex("▲\n\\x{") == r"$\blacktriangle$ \textbackslash{}x\{"


def test_markdown_is_a_pipe_table_that_nothing_ends() -> None:
    lines = rendered(frame(), "markdown", "Note.").decode().splitlines()
    assert len(lines) == 6
    assert r"\| 50 %" in lines[3]
    assert lines[-1] == "Note."


@pytest.mark.parametrize("form", SUFFIXES)
def test_same_frame_same_bytes(form: str) -> None:
    assert rendered(frame(), form) == rendered(frame(), form)
