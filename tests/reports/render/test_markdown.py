"""Markdown has every word and figure of the notebook, and none of its code."""

from posttrace.reports.render import markdown
from tests.reports.render.executed import LINKED, SVG, executed


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
