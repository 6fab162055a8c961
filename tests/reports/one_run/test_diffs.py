"""Diffs of the code: what they count, what they cut, and that nothing in them leaves its block."""

from __future__ import annotations

import pytest

from posttrace.reports.one_run.diffs import COMPARED_LINES, SHOWN_CHARACTERS, SHOWN_LINES, changes, counted
from posttrace.reports.render.html import markdown
from tests.reports.page import Page

OLD = {"same.py": b"a\n", "edit.py": b"a\nb\nc\n", "gone.py": b"x\n"}
NEW = {"same.py": b"a\n", "edit.py": b"a\nB\nc\nd\n", "new.py": b"1\n2\n"}
PATHS = ("edit.py", "gone.py", "new.py", "same.py", "never.py")


def test_files_that_differ_are_counted_line_by_line() -> None:
    found = {c.path: (c.status, c.added, c.removed) for c in changes(OLD, NEW, PATHS)}
    assert found == {
        "edit.py": ("modified", 2, 1),  # b becomes B, d is new
        "gone.py": ("deleted", 0, 1),
        "new.py": ("added", 2, 0),
    }


def test_a_diff_shows_lines_with_their_surroundings() -> None:
    (edit,) = changes(OLD, NEW, ["edit.py"])
    assert edit.lines == ("@@ -1,3 +1,4 @@", " a", "-b", "+B", " c", "+d")
    assert "**edit\\.py**" in edit.markdown().replace("edit.py", "edit\\.py")
    assert "modified, \\+2 −1" in edit.markdown()


def test_a_long_diff_is_cut_and_says_by_how_much() -> None:
    text = "".join(f"{i}\n" for i in range(200)).encode()
    (change,) = changes({}, {"a.py": text}, ["a.py"])
    assert (change.added, len(change.lines), change.left_out) == (200, SHOWN_LINES, 201 - SHOWN_LINES)
    assert change.markdown().endswith(f"… {201 - SHOWN_LINES} more lines")  # 200 and the line that says where


def test_a_long_line_is_cut_and_says_by_how_much() -> None:
    (change,) = changes({}, {"a.py": b"x" * 5000}, ["a.py"])
    sign = 1  # the + before the line
    left_out = 5000 + sign - SHOWN_CHARACTERS
    assert f"x … {left_out:,} more characters\n" in change.markdown()
    assert len(change.markdown()) < SHOWN_CHARACTERS + 100


def test_lines_that_nobody_counted_are_not_counted_as_none() -> None:
    files = {"a.py": b"1\n2\n", "long.py": b"x\n" * (COMPARED_LINES + 1)}
    assert counted(changes({}, files, files)) == "+2 −0, 1 too long to compare"
    assert counted(changes({}, files, ["long.py"])) == "1 too long to compare"


def test_a_file_too_long_to_compare_is_named() -> None:
    text = b"x\n" * (COMPARED_LINES + 1)
    (change,) = changes({"a.py": b""}, {"a.py": text}, ["a.py"])
    assert (change.added, change.lines) == (None, ())
    assert "too long to compare" in change.markdown()


@pytest.mark.parametrize(
    "line",
    [
        "```",
        "`````",
        "</code></pre><script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "$$a$$",
        "\x1b[31mred",
        "# heading",
        "~~~",
    ],
)
def test_code_stays_inside_its_block(line: str) -> None:
    old = f"before\n{line}\n".encode()
    (change,) = changes({"a.py": old}, {"a.py": old + b"after\n"}, ["a.py"])
    html = markdown(change.markdown() + "\n\nend")
    page = Page.of(html)
    assert set(page.tags) <= {"p", "strong", "div", "pre", "code", "span"}
    assert page.tags.count("pre") == 1
    assert page.references == []
    assert line.replace("\x1b", " ") in page.text
    assert "\x1b" not in html
    assert html.rstrip().endswith("<p>end</p>")


def test_what_is_no_text_is_still_a_diff() -> None:
    (change,) = changes({"a": b"\xff\n"}, {"a": b"\xfe\xfe\n"}, ["a"])
    assert (change.added, change.removed) == (1, 1)
