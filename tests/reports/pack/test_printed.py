"""What of a table is printed: words, the rows that say something, and a caption that tells the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from posttrace.analysis.audit.settings import AuditSettings
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.formats import rendered
from posttrace.reports.pack.material import Material
from posttrace.reports.pack.printed import MOST_ROWS, Printed, printing
from posttrace.reports.pack.sheets import SHEETS, chosen
from posttrace.reports.pack.views import PRINTINGS
from posttrace.reports.pack.words import coded, head, in_words
from posttrace.reports.pack.write_tables import table


def contrasts(known: int, unknown: int) -> pd.DataFrame:
    """A factor of two levels on tasks with matched runs, and on tasks without."""
    rows = [
        {"factor": "agent", "one": "a", "other": "b", "task": "all tasks" if i == 0 else f"t{i:03}"}
        | {
            "n_one": 1,
            "n_other": 1,
            "difference": 0.01 * i,
            "low": None,
            "high": None,
            "p": 0.5,
            "p_holm": 1.0,
        }
        | {"reason": ""}
        for i in range(known)
    ]
    silent = {"difference": None, "reason": "no matched cells: the two never share base_model"}
    rows += [rows[0] | silent | {"task": f"u{i}"} for i in range(unknown)]
    return pd.DataFrame(rows).astype({"low": float, "high": float, "difference": float})


def test_rows_without_a_number_are_one_sentence(material: Material) -> None:
    shown = printing("contrasts")(contrasts(3, 40), material)
    assert len(shown.cells) == 3
    assert shown.caption.endswith(
        "Not shown, but in CSV and JSON: 40 rows without a number "
        "(no matched cells: the two never share base model: 40)."
    )
    many = contrasts(1, 8)
    many["reason"] = ["", *(f"no matched cells: of {i}" for i in range(4)), "b", "c", "d", "d"]
    assert printing("contrasts")(many, material).hidden == (
        "8 rows without a number (no matched cells: 4, d: 2, b: 1, others: 1)",
    )


def test_rows_without_a_number_stay_where_there_are_no_others(material: Material) -> None:
    shown = printing("contrasts")(contrasts(1, 5).iloc[1:], material)
    assert len(shown.cells) == 5
    assert "difference, pp" in shown.cells
    assert "Note: no matched cells: the two never share base model." in shown.caption


def test_of_a_table_that_is_too_long_the_main_rows_stay(material: Material) -> None:
    short = printing("contrasts")(contrasts(MOST_ROWS, 0), material)
    assert len(short.cells) == MOST_ROWS
    assert not short.hidden
    long = printing("contrasts")(contrasts(MOST_ROWS + 1, 0), material)
    assert list(long.cells["difference, pp"]) == ["0.00"]
    assert long.hidden == (f"{MOST_ROWS} contrasts of single tasks",)


def test_any_other_table_is_cut_and_says_so(material: Material) -> None:
    table = pd.DataFrame({"run_id": [f"r{i}" for i in range(MOST_ROWS + 7)]})
    (sheet,) = chosen(("runs",))
    shown = sheet.printed(table, material)
    assert list(shown.cells["run id"]) == [f"r{i}" for i in range(MOST_ROWS)]
    assert shown.caption.endswith(f"Not shown, but in CSV and JSON: 7 more rows than the first {MOST_ROWS}.")


def test_columns_of_a_table_for_programs_that_say_nothing_are_in_its_caption(material: Material) -> None:
    rows = pd.DataFrame(
        {
            "run_id": ["a", "b"],
            "empty": None,
            "task": "spell",
            "grading": "x" * 61,
            "ids": [[1]] * 2,
            "wall_s": 300.0,
        }
    )
    (sheet,) = chosen(("runs",))
    shown = sheet.printed(rows, material)
    assert list(shown.cells) == ["run id"]
    assert shown.says[1:] == ("In every row: task spell, ids [1], wall 300 s.",)
    assert shown.hidden == ("grading, the same in every row",)


def test_identifiers_are_words_in_print_and_stay_in_files(material: Material) -> None:
    frame = pd.DataFrame({"gain_kind": ["base_copy"], "verdict": ["no_gain_larger_than_delta"]})
    shown = in_words(frame, 0.035)
    assert shown.iloc[0].tolist() == ["base copy", "no gain larger than 3.5 pp"]
    assert b"no_gain_larger_than_delta" in rendered(frame, "csv")
    cells = table(material, "study_runs", "csv").decode()
    assert "corrected_gain" not in cells.splitlines()[0]
    assert "mean_gain" in table(material, "cells", "csv").decode().splitlines()[0]


def test_names_that_somebody_gave_stay_as_they_are() -> None:
    frame = pd.DataFrame({"agent": ["sft_continued"], "factor": ["base_model"]})
    assert in_words(frame, 0.02).iloc[0].tolist() == ["sft_continued", "base model"]
    words = coded(0.02)
    # files, modules and options in what a failure says
    said = "FileNotFoundError at code/my_file.py:38: --max_steps of trl.my_trainer(a_b=1)"
    assert words(said) == said
    assert words("the two never share driver, base_model") == "the two never share driver, base model"
    assert words(None) is None


def test_heads_have_units() -> None:
    assert [head(name) for name in ("duration_s", "mean_gain_pp", "p_holm", "cost_usd", "other")] == [
        "duration, s",
        "mean gain, pp",
        "p (Holm)",
        "cost, USD",
        "other",
    ]


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_no_head_or_caption_of_a_printed_table_has_an_identifier(
    form: str, material: Material, reported: Material
) -> None:
    """An underscore is escaped in both formats; names of agents, tasks and models here have none."""
    names = [sheet.name for sheet in SHEETS if not sheet.long]
    texts = [*_printed(material, names, form), *_printed(reported, names, form)]
    assert len(texts) > 25
    assert [word for text in texts for word in re.findall(r"\w+\\_\w+", text)] == []


def _printed(material: Material, names: list[str], form: str) -> Iterator[str]:
    for name in names:
        with suppress(Unsupported):
            yield table(material, name, form).decode()


def test_reasons_are_letters_that_the_caption_explains(material: Material) -> None:
    rows = contrasts(4, 0).assign(reason=["x", "", "y: z", "x"])
    shown = printing("contrasts")(rows, material)
    assert list(shown.cells["note"]) == ["a", "", "b", "a"]
    assert "Notes: a: x; b: y: z." in shown.caption


def test_results_that_happen_to_be_the_same_keep_their_column(material: Material) -> None:
    rows = contrasts(3, 0).assign(difference=0.0)
    shown = printing("contrasts")(rows, material)
    assert list(shown.cells["difference, pp"]) == ["0.00"] * 3
    assert "In every row: factor agent, one a, other b, runs of one 1" in shown.caption


def test_a_caption_has_the_level_of_its_intervals(material: Material) -> None:
    other = replace(material, settings=AuditSettings(alpha=0.1))
    assert "90\N{NO-BREAK SPACE}% t intervals" in printing("contrasts")(contrasts(2, 0), other).caption


def test_values_go_across_as_text_of_percent_or_points(material: Material) -> None:
    aggregates = pd.DataFrame(
        {
            "configuration": ["a"] * 3,
            "tasks": 2,
            "runs": 4,
            "left_out": 0,
            "statistic": ["mean", "iqm", "optimality_gap"],
            "value": [0.25, -0.1, 0.75],
            "low": [0.2, None, 0.7],
            "high": [0.3, None, 0.8],
            "reason": "",
        }
    )
    row = printing("aggregates")(aggregates, material).cells.iloc[0]
    assert row["mean, %"] == "25.0\n[20.0,\N{NO-BREAK SPACE}30.0]"
    assert row["IQM, %"] == "−10.0"
    assert row["optimality gap, %"] == "75.0\n[70.0,\N{NO-BREAK SPACE}80.0]"
    best = pd.DataFrame(
        {"task": "t", "cell_id": "c", "agent_label": "a", "runs": 2, "left_out": 0, "k": [1, 2]}
        | {"expected_best": [0.1, 0.2], "reason": ""}
    )
    cells = printing("best_of_k")(best, material).cells
    assert cells[["k = 1", "k = 2"]].to_numpy().tolist() == [["10.00", "20.00"]]
    steps = [-0.2, 0.0, 0.05, 0.1, 0.25, 0.5]
    profile = pd.DataFrame(
        {"configuration": "a", "tasks": 1, "threshold": steps, "share": 0.5, "low": np.nan, "high": np.nan}
    )
    cells = printing("profiles")(profile, material).cells
    assert list(cells)[2:] == ["> 0 %", "> 10 %", "> 25 %", "> 50 %"]


def test_every_caption_stands_alone() -> None:
    for view in PRINTINGS.values():
        assert view.title.endswith(".")
        assert "_" not in view.title
    assert Printed(pd.DataFrame(), ("One.", "Two."), ("3 rows",)).caption == (
        "One. Two. Not shown, but in CSV and JSON: 3 rows."
    )
