"""Markdown has every word and figure of the notebook, and none of its code."""

from posttrace.reports.render import markdown
from tests.reports.render.executed import SVG, TABLE, executed


def test_words_figures_and_folds_in_order():
    files = markdown.render(executed(), "page")
    assert files["page_files/figure-1.svg"] == SVG.encode()
    text = files["page.md"].decode()
    assert text.split("\n\n") == [
        "# A title",
        "One run.",
        "## Verdicts",
        TABLE,
        "> Noise $means$ this @all.",
        "![a \\[bar\\] \\$x\\$](<page_files/figure-1.svg>)",
        "**All commands**",
        "```\npython sft.py\n```\n",
    ]
