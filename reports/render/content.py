"""What an executed notebook shows, in order, for renderers that write text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

SVG = "image/svg+xml"
LINK = re.compile(r"\]\(#([\w-]+)\)")
HIDDEN = frozenset({"evidence"})
"""Tags of cells whose output is data and nothing to read."""


@dataclass(frozen=True)
class Words:
    """Markdown. ``box``: it stands apart from the text."""

    markdown: str
    box: bool = False


@dataclass(frozen=True)
class Fold:
    """Markdown below a line that opens it."""

    summary: str
    body: str
    anchor: str | None = None
    """What a link leads here by."""


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG, numbered from 1, and what it shows in words."""

    number: int
    svg: str
    alt: str


Shown = Words | Fold | Drawing


def shown(notebook: NotebookNode) -> Iterator[Shown]:
    """Everything that a reader sees, from the title on; front matter and code are left out."""
    number, anchors = 0, _anchors(notebook)
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            yield Words(cell.source, box="box" in tags)
        if cell.cell_type != "code" or tags & HIDDEN:
            continue
        for output in cell.outputs:
            data, about = output.get("data", {}), output.get("metadata", {})
            if SVG in data:
                number += 1
                yield Drawing(number, data[SVG], about.get(SVG, {}).get("alt", ""))
            elif "text/markdown" in data:
                more = about.get("text/markdown", {})
                linked = more.get("linked", "")
                known = linked and anchors.issuperset(LINK.findall(linked))
                words = linked if known else data["text/markdown"]
                yield Fold(**more) if "summary" in more else Words(words)
            elif output.output_type == "stream":
                yield Words(f"```\n{output.text}\n```")


def _anchors(notebook: NotebookNode) -> frozenset[str]:
    """What links can lead to: the texts that a page folds. Other places have anchors on the page alone."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    found = (output.get("metadata", {}).get("text/markdown", {}).get("anchor") for output in outputs)
    return frozenset(filter(None, found))
