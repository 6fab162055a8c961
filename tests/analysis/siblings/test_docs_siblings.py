"""The blocks of ``docs/siblings.md`` run one after the other, and print what stands below them."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "siblings.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", re.M | re.S)


@pytest.fixture(scope="module")
def printed() -> list[tuple[str, str]]:
    """(what a block printed, what the page shows), in order, all in one namespace."""
    namespace: dict[str, object] = {}
    pairs = []
    for code, shown in BLOCK.findall(PAGE.read_text()):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(PAGE), "exec"), namespace)
        pairs.append((out.getvalue(), shown))
    return pairs


def test_every_block_prints_what_the_page_shows(printed):
    for got, shown in printed:
        assert got == shown


def test_every_python_block_has_an_output(printed):
    assert len(printed) == PAGE.read_text().count("```python") >= 8


def test_the_numbers_in_the_sentences(printed):
    text = " ".join(PAGE.read_text().split())
    out = "".join(got for got, _ in printed)
    for sentence, line in (
        ("between 0.9 and 5.5 points", "0.86"),
        ("between 1.3 and 6.1 standard errors", "standard error 1.8 to 8.8"),
        ("In one of 25 ways only", "25 ways"),
        ("one-sided p = .046, two-sided .09", "0.0461 0.0923"),
    ):
        assert sentence in text
        assert line in out
