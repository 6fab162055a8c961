"""What every report notebook is made of: parameters, front matter, and cells with ids that do not change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from posttrace.reports.notebook import nbformat

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Parameters:
    """What one report is about. ``paths`` are as seen from the notebook's folder."""

    paths: Sequence[str]
    title: str
    settings: dict[str, Any]
    command: str
    """Rebuilds the report, typed in the notebook's folder."""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Column of ``pt.load(paths).runs`` -> values of the runs that the report is about."""
    style: str = "wide"
    """Name of ``posttrace.reports.style.PAGES``: what the figures are printed on."""


def assembled(parameters: Parameters, cells: Sequence[NotebookNode]) -> NotebookNode:
    """Unexecuted notebook. The same parameters and cells give the same notebook, cell ids included."""
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i:02d}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "title": parameters.title}
    notebook: NotebookNode = nbformat().v4.new_notebook(cells=list(cells), metadata=metadata)
    return notebook


def front_matter(title: str) -> NotebookNode:
    """Quarto's settings, in the one cell that the built-in renderer drops. JSON is YAML."""
    settings = [
        f"title: {json.dumps(title)}",
        "format:\n  html:\n    embed-resources: true\n    html-math-method: mathml\n    toc: true",
        "execute:\n  enabled: false\n  echo: false",
    ]
    return _cell("raw", "\n".join(["---", *settings, "---"]))


def assignments(parameters: Parameters) -> NotebookNode:
    """The cell that a reader changes."""
    values = asdict(parameters)
    shown = (f"{name} = {_literal(value)}" for name, value in values.items())
    return code("\n".join(["# paths are as seen from this notebook's folder", *shown]), "parameters")


def _literal(value: Any) -> str:
    if not isinstance(value, dict) or not value:
        return repr(list(value) if isinstance(value, tuple) else value)
    return "\n".join(["{", *(f"    {key!r}: {entry!r}," for key, entry in value.items()), "}"])


def text(source: str, *tags: str) -> NotebookNode:
    """A cell of Markdown."""
    return _cell("markdown", source, *tags)


def code(source: str, *tags: str) -> NotebookNode:
    """A cell of code."""
    return _cell("code", source, *tags)


def _cell(kind: str, source: str, *tags: str) -> NotebookNode:
    make = getattr(nbformat().v4, f"new_{kind}_cell")
    cell: NotebookNode = make(source, metadata={"tags": list(tags)} if tags else {})
    return cell
