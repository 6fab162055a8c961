import json
from itertools import product

import pandas as pd
import pytest

from posttrace.analysis.siblings.grades import Grades, complexity, read_reports
from posttrace.traces.errors import InputError


def frame(**rows: str) -> pd.DataFrame:
    """``a="110"``: competition a, won with seeds 0 and 1."""
    cells = [(c, s, won == "1") for c, text in rows.items() for s, won in enumerate(text)]
    return pd.DataFrame(cells, columns=["competition", "seed", "any_medal"])


def report(path, *graded: tuple[str, str]):
    """A grading report as MLE-bench writes it, with the fields that are read and one that is not."""
    entries = [
        {"competition_id": c, "score": 0.5, "any_medal": medal != "none"}
        | {f"{name}_medal": medal == name for name in ("gold", "silver", "bronze")}
        for c, medal in graded
    ]
    path.write_text(json.dumps({"total_runs": len(entries), "competition_reports": entries}))
    return path


def test_grades_of_a_frame():
    grades = Grades.of(frame(b="110", a="001"))
    assert grades.competitions == ("a", "b")
    assert grades.outcomes.tolist() == [[False, False, True], [True, True, False]]
    assert grades.rates.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert grades.seed_rates.tolist() == [0.5, 0.5, 0.5]


def test_rows_in_any_order_are_the_same_grades():
    rows = frame(b="110", a="001", c="111")
    shuffled = Grades.of(rows.sample(frac=1, random_state=0))
    assert shuffled.competitions == Grades.of(rows).competitions
    assert (shuffled.outcomes == Grades.of(rows).outcomes).all()


def test_a_missing_grading_is_refused_or_padded():
    rows = frame(a="11", b="1")
    with pytest.raises(InputError, match=r"1 gradings are missing, the first of b with seed 1"):
        Grades.of(rows)
    assert Grades.of(rows, absent="no medal").outcomes.tolist() == [[True, True], [True, False]]
    padded = Grades.of(rows, competitions=["a", "b", "never"], absent="no medal")
    assert padded.outcomes.tolist() == [[True, True], [True, False], [False, False]]


def test_mistakes_are_named():
    with pytest.raises(InputError, match="no column any_medal"):
        Grades.of(frame(a="1").rename(columns={"any_medal": "medal"}))
    with pytest.raises(InputError, match="a is graded twice with seed 0"):
        Grades.of(pd.concat([frame(a="1"), frame(a="0")]))
    with pytest.raises(InputError, match="neither true nor false"):
        Grades.of(frame(a="1").assign(any_medal=[None]))
    with pytest.raises(InputError, match="not graded: z"):
        Grades.of(frame(a="1")).take(["z"])


def test_reports_one_file_a_seed(tmp_path):
    first = report(tmp_path / "1.json", ("a", "gold"), ("b", "none"))
    second = report(tmp_path / "2.json", ("a", "bronze"), ("b", "silver"))
    table = read_reports([first, second])
    assert Grades.of(table).outcomes.tolist() == [[True, True], [False, True]]
    assert Grades.of(table, "gold_medal").outcomes.tolist() == [[True, False], [False, False]]


def test_reports_that_hold_parts_of_seeds(tmp_path):
    # one file with a twice, one with b, one with b: seeds (a1 b1) and (a2 b2)
    files = [
        report(tmp_path / "1.json", ("a", "gold"), ("a", "none")),
        report(tmp_path / "2.json", ("b", "none")),
        report(tmp_path / "3.json", ("b", "bronze")),
    ]
    grades = Grades.of(read_reports(files, seeds="order"))
    assert grades.outcomes.tolist() == [[True, False], [False, True]]


def test_files_that_are_no_reports(tmp_path):
    pointer = tmp_path / "pointer.json"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    with pytest.raises(InputError, match="git lfs pull"):
        read_reports([pointer])
    with pytest.raises(InputError, match="cannot be read"):
        read_reports([tmp_path / "none.json"])
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(InputError, match="no list competition_reports"):
        read_reports([other])
    other.write_text('{"competition_reports": [{"competition_id": "a"}]}')
    with pytest.raises(InputError, match="without gold_medal"):
        read_reports([other])


def test_the_complexity_split_of_mlebench():
    splits = complexity()
    counts = pd.Series(splits).value_counts().to_dict()
    assert counts == {"low": 22, "medium": 38, "high": 15}
    assert splits["spooky-author-identification"] == "low"
    grades = Grades.of(
        pd.DataFrame(product(splits, [0], [True]), columns=["competition", "seed", "any_medal"])
    )
    assert {name: len(part.competitions) for name, part in grades.split().items()} == counts


def test_a_split_of_ones_own():
    parts = Grades.of(frame(a="1", b="0", c="1")).split({"a": "x", "b": "y", "c": "x", "d": "z"})
    assert {name: part.competitions for name, part in parts.items()} == {"x": ("a", "c"), "y": ("b",)}
    with pytest.raises(InputError, match="c: no group is known"):
        Grades.of(frame(c="1")).split({"a": "x"})
