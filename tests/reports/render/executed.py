"""An executed notebook made by hand, with everything that a renderer meets."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from posttrace.reports import evidence

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" viewBox="0 0 100 50">'
    '<rect width="90" height="40" fill="#0072B2"/></svg>'
)
TABLE = "| task | gain |\n|:-----|-----:|\n| spell | +25\\.0 |\n| all | – |"
LINKED = TABLE.replace("all", "[all](#commands)")


def _shows(source, data, about, *tags):
    output = new_output("display_data", data=data, metadata=about)
    return new_code_cell(source, execution_count=1, outputs=[output], metadata={"tags": list(tags)})


def executed(title="A title"):
    body = "```\npython sft.py\n```"
    fold = {"text/markdown": {"summary": "All commands", "body": body, "anchor": "commands"}}
    twin = {"title": title, "summary": "One run.", "posttrace": "0"}
    alt = {"image/svg+xml": {"alt": "a [bar] $x$"}}
    linked = {"text/markdown": {"linked": LINKED}}
    made = new_notebook(
        cells=[
            new_raw_cell("---\ntitle: hidden\n---"),
            new_markdown_cell(f"# {title}", metadata={"tags": ["title"]}),
            _shows("1", {"text/markdown": "One run."}, {}, "summary"),
            new_markdown_cell("## Verdicts"),
            _shows("2", {"text/markdown": TABLE}, linked),
            new_markdown_cell("Noise $means$ this @all.", metadata={"tags": ["box"]}),
            _shows("3", {"image/svg+xml": SVG, "text/plain": "a bar"}, alt),
            _shows("4", {"text/markdown": "**All commands**\n\nbody", "text/plain": "x"}, fold),
            _shows("5", {evidence.MIME: twin, "text/plain": "15 figures"}, {}, "evidence"),
        ],
        metadata={"title": title},
    )
    for i, cell in enumerate(made.cells):
        cell["id"] = f"cell-{i}"
    nbformat.validate(made)
    return made
