"""A report's notebook as a Quarto document that a person edits and renders alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from posttrace.reports.display import fence

if TYPE_CHECKING:
    from nbformat import NotebookNode

FRONT = """\
---
title: {title}
format:
  html:
    embed-resources: true
    html-math-method: mathml
    toc: true
  typst: default
jupyter: python3
execute:
  echo: false
---"""


def render(notebook: NotebookNode) -> str:
    """Text of a ``.qmd`` file: the cells without outputs, its title in the front matter alone."""
    parts = [FRONT.format(title=json.dumps(notebook.metadata["title"], ensure_ascii=False))]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and "title" not in tags:
            parts.append(f"::: {{.callout-note}}\n{cell.source}\n:::" if "box" in tags else cell.source)
        elif cell.cell_type == "code":
            ticks = fence(cell.source, 3)
            options = f"#| tags: [{', '.join(tags)}]\n" if tags else ""
            hidden = "#| output: false\n" if "evidence" in tags else ""
            parts.append(f"{ticks}{{python}}\n{options}{hidden}{cell.source}\n{ticks}")
    return "\n\n".join(parts) + "\n"
