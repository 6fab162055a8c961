"""Every file of a report from its executed notebook, whatever the format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from posttrace.reports import evidence
from posttrace.reports.notebook import nbformat
from posttrace.reports.options import BY_QUARTO, Format, Renderer
from posttrace.reports.render import html, markdown, pdf, qmd, quarto

if TYPE_CHECKING:
    from nbformat import NotebookNode


def check_tools(formats: Sequence[Format], renderer: Renderer) -> Renderer:
    """Renderer to use: auto is decided. Raises ``InputError`` when what it needs is not installed."""
    if renderer == "auto":
        renderer = "quarto" if quarto.find() else "builtin"
    if renderer == "quarto" and set(formats) & set(BY_QUARTO):
        quarto.require()
    elif "pdf" in formats:
        pdf.tools()
    return renderer


def documents(
    executed: NotebookNode, plain: NotebookNode, page: Path, formats: Sequence[Format], renderer: Renderer
) -> dict[str, bytes]:
    """Name -> content: the formats, and always the executed notebook and the JSON twin.

    ``plain`` is the notebook before it was executed, which a ``.qmd`` is made of.
    """
    stem, files = page.stem, {}
    for name in formats:
        suffix = page.suffix if page.suffix.lower() in (".html", ".htm") and name == "html" else f".{name}"
        if renderer == "quarto" and name in get_args(quarto.Target):
            files[stem + suffix] = quarto.render(executed, "html" if name == "html" else "pdf")
        elif name == "html":
            files[stem + suffix] = html.render(executed).encode()
        elif name == "pdf":
            files[stem + suffix] = pdf.render(executed)
        elif name == "md":
            files |= markdown.render(executed, stem)
        elif name == "qmd":
            files[stem + suffix] = qmd.render(plain).encode()
    twin = json.dumps(evidence.of(executed), indent=1, ensure_ascii=False, allow_nan=False)
    files[f"{stem}.ipynb"] = (nbformat().writes(executed) + "\n").encode()
    files[f"{stem}.json"] = f"{twin}\n".encode()
    return files
