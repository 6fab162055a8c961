import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

from posttrace.reports.pack.formats import SUFFIXES, rendered
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


def test_markdown_is_a_pipe_table_that_nothing_ends() -> None:
    lines = rendered(frame(), "markdown", "Note.").decode().splitlines()
    assert len(lines) == 6
    assert r"\| 50 %" in lines[3]
    assert lines[-1] == "Note."


def test_texts_of_numbers_stand_right_with_a_true_minus_and_zero_has_no_sign() -> None:
    texts = pd.DataFrame(
        {"gain": ["-1.50", "-0.00", None], "p": ["<.001", "0.1", "1.0"], "x": ["-a", "b", "c"]}
    )
    head, align, *rows = rendered(texts, "markdown").decode().splitlines()
    assert [part.strip("-|") for part in align.split("|")[1:-1]] == [":", ":", ":"]
    assert align.split("|")[1].endswith("-:")
    assert align.split("|")[2].endswith("-:")
    assert align.split("|")[3].startswith(":-")
    assert "−1.50" in rows[0]
    assert rows[1].split("|")[1].strip() == "0.00"
    assert head.count("|") == 4


@pytest.mark.parametrize("form", SUFFIXES)
def test_same_frame_same_bytes(form: str) -> None:
    assert rendered(frame(), form) == rendered(frame(), form)
