import pandas as pd
import pytest

from posttrace.analysis.published.tables import Table, named_tables, names, open_tables
from posttrace.traces.errors import InputError


def test_every_shipped_table_opens():
    shipped = names()
    assert sorted(shipped) == ["agent2", "ftdojo", "gome", "mlebench", "rdagent"]
    for group, stems in shipped.items():
        tables = open_tables(f"published:{group}")
        assert [table.name for table in tables] == stems
        assert all("source" in table.cells for table in tables)


def test_one_table_by_its_own_name():
    (table,) = open_tables("published:agent2_results")
    assert len(table.cells) == 98
    # 81.24 has two digits after the point, 40.0 has one
    assert table.decimals("best").iloc[[0, 4]].tolist() == [2, 1]


def test_cells_are_as_printed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("score,n\n 77.70 ,100\n11-13,\n")
    (table,) = open_tables(path)
    assert table.cells["score"].tolist() == ["77.70", "11-13"]
    assert table.decimals("score").tolist() == [2, 0]
    assert table.numbers("score").tolist()[0] == 77.7
    assert pd.isna(table.numbers("score")[1])
    assert pd.isna(table.cells["n"][1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "an empty file"),
        ("a,b\n", "without rows"),
        ('a,b\n"1,2\n', "cannot be read as a CSV table"),
        (None, "no such file"),
    ],
)
def test_files_that_are_no_tables(tmp_path, text, says):
    path = tmp_path / "t.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=says):
        open_tables(path)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="cannot be read"):
        open_tables(path)


def test_a_name_that_is_not_shipped():
    with pytest.raises(InputError, match="shipped are published:agent2, published:ftdojo"):
        open_tables("published:agent3")


def test_tables_and_traces_are_given_apart():
    with pytest.raises(InputError, match="runs: no table"):
        named_tables(["published:agent2", "runs"])


def test_frames():
    assert Table.of(pd.DataFrame({"a": [1.5, None]})).cells["a"].tolist()[0] == "1.5"
    with pytest.raises(InputError, match="column a is there twice"):
        Table.of(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InputError, match="without rows"):
        Table.of(pd.DataFrame({"a": []}))
