"""Markdown has every word and figure of the notebook, and none of its code."""

from posttrace.reports.render import markdown
from tests.reports.render.executed import LINKED, SVG, TABLE, executed


def test_words_figures_and_folds_in_order():
    files = markdown.render(executed(), "page")
    assert files["page_files/figure-1.svg"] == SVG.encode()
    text = files["page.md"].decode()
    assert text.split("\n\n") == [
        "# A title",
        "One run.",
        "## Verdicts",
        LINKED,
        "> Noise $means$ this @all.",
        "![a \\[bar\\] \\$x\\$](<page_files/figure-1.svg>)",
        '<a id="commands"></a>',
        "**All commands**",
        "```\npython sft.py\n```\n",
    ]


def test_a_link_to_what_the_page_alone_has_is_left_out():
    notebook = executed()
    (about,) = (cell for cell in notebook.cells if cell.source == "2")
    about.outputs[0].metadata["text/markdown"]["linked"] = TABLE.replace("all", "[all](#run-1)")
    text = markdown.render(notebook, "page")["page.md"].decode()
    assert TABLE in text
    assert "#run-1" not in text
