"""Settings of a report: every file composes, flags have the last word, typos and wrong types are one line."""

from __future__ import annotations

import pytest

from posttrace.reports import style
from posttrace.reports.config import chosen, names
from posttrace.reports.options import STYLES, ReportOptions, formats_of
from posttrace.traces.errors import ConfigError, InputError


@pytest.mark.parametrize("name", names())
def test_every_file_composes(name):
    assert chosen([f"report={name}"], {}).settings.alpha == 0.05


def test_default_is_the_librarys_default():
    found = chosen([], {})
    from posttrace.analysis.audit.settings import AuditSettings

    assert (found.title, found.settings, found.options) == (None, AuditSettings(), ReportOptions())


def test_words_change_it_and_flags_have_the_last_word():
    words = ["report=quick", "alpha=0.1", "where.task=[spell,house]", "format=[pdf,md]", "title=A title"]
    found = chosen(words, {"alpha": 0.2, "seed": None})
    assert (found.settings.alpha, found.settings.resamples, found.settings.seed) == (0.2, 1000, 0)
    assert found.options == ReportOptions(formats=("pdf", "md"), where={"task": ("spell", "house")})
    assert found.title == "A title"


def test_a_list_may_be_typed_without_its_brackets():
    found = chosen(["where.task=spell,house", "format=md"], {})
    assert found.options == ReportOptions(formats=("md",), where={"task": ("spell", "house")})


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("alpah=0.1", "alpah=0.1: no such key; did you mean alpha"),
        ("alpha=high", "^alpha=high: give a number$"),
        ("seed=1.5", "^seed=1.5: give a whole number$"),
        ("alpha=null", "^alpha=null: give a value, not null$"),
        ("alpha=0.1,0.2", "^alpha=0.1,0.2: give one value"),
        ("title=a=b", "^title=a=b: cannot be read; put the value in quotes: \"title='...'\"$"),
        ("format.x=1", "^format.x=1: no such key; did you mean format"),
        ("~alpha=0.1", "^~alpha=0.1: no such key; did you mean alpha"),
        ("where.task=", r"^where.task=: write where.COLUMN=\[VALUE\]"),
        ("report=nix", "report=nix: no such settings; there are default, paper, quick"),
        ("where=task", r"where=task: write where.COLUMN=\[VALUE\]"),
    ],
)
def test_mistakes_are_one_line(word, says):
    with pytest.raises(ConfigError, match=says) as caught:
        chosen([word], {})
    assert "\n" not in str(caught.value)


def test_the_wrong_word_is_named_alone():
    with pytest.raises(ConfigError, match=r"^alpha=high: give a number$"):
        chosen(["style=icml", "alpha=high"], {})


def test_a_value_may_be_quoted():
    assert chosen(["title='a=b (c)'"], {}).title == "a=b (c)"


def test_a_value_without_sense_is_an_input_error():
    with pytest.raises(InputError, match="alpha is 2"):
        chosen(["alpha=2"], {})
    with pytest.raises(InputError, match="style letter: choose from wide, neurips"):
        chosen(["style=letter"], {})


def test_styles_are_those_of_the_figures():
    assert set(STYLES) == set(style.PAGES)


@pytest.mark.parametrize(
    ("name", "formats", "expected"),
    [
        ("a.html", (), ["html"]),
        ("a.PDF", (), ["pdf"]),
        ("a.md", ("html", "md"), ["html", "md"]),
        ("a", ("qmd",), ["qmd"]),
    ],
)
def test_formats_are_what_name_and_option_say(tmp_path, name, formats, expected):
    assert list(formats_of(tmp_path / name, ReportOptions(formats=formats))) == expected


def test_a_name_that_contradicts_the_format(tmp_path):
    with pytest.raises(InputError, match="says html and --format pdf; make them agree"):
        formats_of(tmp_path / "a.html", ReportOptions(formats=("pdf",)))
