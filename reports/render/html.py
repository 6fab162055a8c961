"""An executed notebook as one self-contained page: no script, no external file."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports import evidence
from posttrace.reports.notebook import check_executed, nbformat
from posttrace.reports.style import VERDICT_MARKS

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATE: Final = Path(__file__).with_name("html_template")
LONG: Final = 48
"""Characters of a table cell that may not break into lines."""
GROUP: Final = re.compile(r"<td[^>]*><strong>(.*)</strong></td>(?:<td[^>]*></td>)*")
"""A line of a table that names the rows below it."""
HEAD: Final = ("title", "summary", "asked", "posttrace", "newest_run", "excluded")
"""What the page says of the evidence above the first section."""
SYMBOLS: Final = {mark.symbol: code for code, mark in VERDICT_MARKS.items()}


def render(notebook: NotebookNode) -> str:
    """Page of an executed report notebook; the same notebook gives the same page.

    Raises:
        ReportError: A cell was not executed or failed.
        PosttraceError: The notebook is no report (it shows no evidence).
    """
    check_executed(notebook)
    data = evidence.of(notebook)
    runs = [{**run, "anchor": run_anchor(run["run_id"])} for run in data["runs"]]
    # nbconvert copies what it is given again and again: no more than the page's head says of the evidence
    head = {name: data[name] for name in HEAD}
    return _page(evidence.without_data(notebook), {**head, "runs": runs, "contents": _contents(notebook)})


def prepare() -> None:
    """Load and compile what ``render`` needs: a second that may pass while there is nothing to render."""
    made = nbformat().v4
    empty = {**dict.fromkeys(HEAD, ""), "asked": {}, "runs": [], "contents": []}
    _page(made.new_notebook(cells=[made.new_code_cell("0")]), empty)


def _page(notebook: NotebookNode, report: dict[str, Any]) -> str:
    page, _ = _exporter()(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    ).from_notebook_node(notebook, resources={"report": report})
    return str(page)


def markdown(source: str) -> str:
    """HTML of Markdown in which raw HTML is text, images are dropped and only anchors are links."""
    return str(_exporter()().markdown2html(source))


def slug(heading: str) -> str:
    """Anchor of a heading: lower case, words joined by hyphens."""
    return re.sub(r"[^\w]+", "-", heading.lower()).strip("-")


def run_anchor(run_id: str) -> str:
    """Anchor of a run in the list of traces at the top of a page."""
    return f"run-{slug(run_id)}"


def _contents(notebook: NotebookNode) -> list[tuple[str, str]]:
    """(anchor, text) of every second-level heading."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [(slug(title), title) for title in re.findall(r"^## (.+)$", text, flags=re.MULTILINE)]


@cache
def _exporter() -> type[Any]:
    """nbconvert's HTML exporter with our Markdown. Made on demand: importing nbconvert takes a second."""
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        """Markdown to HTML in which raw HTML is text, images are dropped and only anchors are links."""

        def heading(self, text: str, level: int, **_: Any) -> str:
            return f'<h{level} id="{slug(html.unescape(text))}">{text}</h{level}>\n'

        def table(self, text: str) -> str:
            box = '<div class="scroll" tabindex="0" role="region" aria-label="table">'
            return f"{box}<table>{text}</table></div>\n"

        def table_row(self, text: str) -> str:
            group = GROUP.fullmatch(text)
            if group is None:
                return f"<tr>{text}</tr>\n"
            span = text.count("<td")
            return f'<tr class="group"><th colspan="{span}" scope="rowgroup">{group[1]}</th></tr>\n'

        def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
            tag = 'th scope="col"' if head else "td"
            if re.fullmatch("[0-9a-f]{64}", text):
                return f"<{tag}><code>{text}</code></{tag[:2]}>"
            long = ["long"] if len(re.sub("<[^>]*>", "", text)) > LONG else []
            names = [*(["number"] if align == "right" else []), *(_verdict_class(text) or long)]
            shown = f' class="{" ".join(names)}"' if names else ""
            return f"<{tag}{shown}>{_with_mark(text)}</{tag[:2]}>"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return html.escape(text)

        def link(self, text: str, url: str, title: str | None = None) -> str:
            return f'<a href="{html.escape(url)}">{text}</a>' if url.startswith("#") else text

    class Exporter(HTMLExporter):
        """Registers our filters."""

        def markdown2html(self, source: str) -> str:
            return str(MarkdownWithMath(renderer=Renderer(escape=True)).render(source))

    return Exporter


def _verdict_class(text: str) -> list[str]:
    return ["verdict", SYMBOLS[text[0]]] if text[:1] in SYMBOLS and text[1:2] == " " else []


def _with_mark(text: str) -> str:
    """A verdict's mark gets the colour it has in the figures."""
    if not _verdict_class(text):
        return text
    return f'<span class="mark" aria-hidden="true">{text[0]}</span>{text[2:]}'
