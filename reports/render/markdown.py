"""An executed notebook as Markdown, its figures as SVG files in a folder beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.reports.display import escaped
from posttrace.reports.render.content import Drawing, Fold, Words, shown

if TYPE_CHECKING:
    from nbformat import NotebookNode


def render(notebook: NotebookNode, stem: str) -> dict[str, bytes]:
    """``<stem>.md`` and ``<stem>_files/figure-<n>.svg``."""
    files, parts = {}, []
    for item in shown(notebook):
        if isinstance(item, Drawing):
            name = f"{stem}_files/figure-{item.number}.svg"
            files[name] = item.svg.encode()
            parts.append(f"![{escaped(item.alt)}](<{name}>)")
        else:
            parts.append(written(item))
    files[f"{stem}.md"] = ("\n\n".join(parts) + "\n").encode()
    return files


def written(item: Words | Fold) -> str:
    """One piece of text: a box as a quotation, what a page folds below its line in bold."""
    if isinstance(item, Fold):
        mark = "" if item.anchor is None else f'<a id="{item.anchor}"></a>\n\n'
        return f"{mark}**{escaped(item.summary)}**\n\n{item.body}"
    if item.box:
        return "\n".join(f"> {line}".rstrip() for line in item.markdown.splitlines())
    return item.markdown
