"""An executed notebook as PDF: Markdown, by pandoc to Typst, by Typst to pages. Needs the extra ``pdf``."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports.display import escaped
from posttrace.reports.notebook import ReportError
from posttrace.reports.render.content import Drawing, Fold, shown
from posttrace.reports.render.markdown import written
from posttrace.reports.style import WIDE
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from nbformat import NotebookNode

READ: Final = "markdown-citations-implicit_figures-tex_math_dollars-raw_html-raw_tex+raw_attribute"
MISSING: Final = "PDF needs pandoc and Typst: pip install 'posttrace[pdf]', or use --renderer quarto"
TEXT_PT: Final = (210 - 2 * 16) / 25.4 * 72
"""Width of the text in ``page.typ``: A4 without its margins."""
STYLE: Final = Path(__file__).with_name("page.typ")


def render(notebook: NotebookNode) -> bytes:
    """One PDF file, A4; the same notebook gives the same bytes. What a page folds stands open.

    Raises:
        InputError: pandoc or Typst is not installed.
        ReportError: One of them failed.
    """
    typst = tools()[1]
    with tempfile.TemporaryDirectory(prefix="posttrace-pdf-") as scratch:
        folder = Path(scratch)
        path = folder / "report.typ"
        path.write_text(source(notebook, folder), encoding="utf-8")
        try:
            made: bytes = typst.compile(str(path), root=scratch, ignore_system_fonts=True)
        except typst.TypstError as error:
            raise ReportError(f"Typst could not set the report: {_last(error)}") from error
        return made


def source(notebook: NotebookNode, folder: Path) -> str:
    """Typst's text of the report; its figures are written to ``folder``. Raises as ``render``."""
    text = _markdown(notebook, folder)
    try:
        body = tools()[0].convert_text(text, "typst", format=READ, extra_args=["--wrap=none"])
    except RuntimeError as error:
        raise ReportError(f"pandoc could not read the report: {_last(error)}") from error
    title = json.dumps(notebook.metadata["title"], ensure_ascii=False)
    scale = _scale(item.svg for item in shown(notebook) if isinstance(item, Drawing))
    return f"#let title = {title}\n#let scale = {scale:.3f}\n{STYLE.read_text()}\n{_even(body)}"


def tools() -> tuple[Any, Any]:
    """The packages behind it. Raises ``InputError`` that says what to install."""
    try:
        pandoc, typst = import_module("pypandoc"), import_module("typst")
        pandoc.get_pandoc_version()
    except (ImportError, OSError) as error:
        raise InputError(MISSING) from error
    return pandoc, typst


def _markdown(notebook: NotebookNode, folder: Path) -> str:
    parts = []
    for item in shown(notebook):
        if isinstance(item, Drawing):
            name = f"figure-{item.number}.svg"
            svg = item.svg.replace(WIDE.paper, "#ffffff")  # a screen's paper would be a grey box on a page
            (folder / name).write_text(svg, encoding="utf-8")
            alt = json.dumps(item.alt, ensure_ascii=False)
            parts.append(f"```{{=typst}}\n#picture({json.dumps(name)}, {alt})\n```")
        elif isinstance(item, Fold):
            anchor = "" if item.anchor is None else f" {{#{item.anchor}}}"
            parts.append(f"#### {escaped(item.summary)}{anchor}\n\n{item.body}")
        else:
            parts.append(written(item))
    return "\n\n".join(parts)


def _scale(figures: Iterable[str]) -> float:
    """Of all figures alike, so that their text has one size: 1, or what lets the widest fit the page."""
    widths = (re.search(r'<svg[^>]* width="([\d.]+)pt"', figure) for figure in figures)
    return min([1.0, *(TEXT_PT / float(width[1]) for width in widths if width)])


def _even(body: str) -> str:
    """Columns as wide as their content asks for, where pandoc gives shares of the width."""
    return re.sub(r"columns: \(([^()]*%[^()]*)\)", lambda m: f"columns: {m[1].count('%')}", body)


def _last(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
