"""What a report shows: a table or a picture, each with the rows behind it and how a notebook displays it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from posttrace.reports import style
from posttrace.reports.display import escaped, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Table:
    """A finished table: ``cells`` as printed, ``rows`` as computed, notes below."""

    name: str
    cells: pd.DataFrame
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """Columns that are aligned right."""
    group: str | None = None
    """Column that is printed once, as a line above the rows that share it, which stand together."""
    links: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Column -> anchor that each of its cells leads to, in renderings that have the anchors."""
    missing: str = "None."
    """What stands in the place of a table without rows; empty where the notes say it."""

    def _repr_markdown_(self) -> str | tuple[str, dict[str, str]]:
        return (self.markdown(), {"linked": self.markdown(self.links)}) if self.links else self.markdown()

    def markdown(self, links: Mapping[str, Sequence[str]] | None = None) -> str:
        """Pipe table; every cell is inert text, whatever a trace put into it."""
        if self.cells.empty:
            body = [f"*{escaped(self.missing)}*"] if self.missing else []
        else:
            inert = self.cells.map(escaped)
            for name, anchors in (links or {}).items():
                pairs = zip(inert[name], anchors, strict=True)
                inert[name] = [f"[{text}](#{anchor})" for text, anchor in pairs]
            inert = self._grouped(inert)
            align = ["right" if name in self.numbers else "left" for name in inert]
            pipe = inert.to_markdown(index=False, tablefmt="pipe", colalign=align, disable_numparse=True)
            body = [pipe]
        return "\n\n".join([*body, *map(escaped, self.notes)])

    def linked(self, column: str, anchors: Iterable[str]) -> Table:
        """The same, each cell of ``column`` a link to its anchor."""
        return replace(self, links={**self.links, column: tuple(anchors)})

    def folded(self, summary: str) -> Folded:
        """The same, below a line that opens it."""
        return Folded(summary, self.markdown())

    def _grouped(self, cells: pd.DataFrame) -> pd.DataFrame:
        """The column ``group`` as lines of their own: bold in the first cell, the others empty."""
        import pandas as pd

        if self.group is None:
            return cells
        rest = cells.drop(columns=self.group)
        parts = []
        for name, rows in rest.groupby(cells[self.group], sort=False):
            line = pd.DataFrame([[f"**{name}**", *[""] * (rest.shape[1] - 1)]], columns=rest.columns)
            parts += [line, rows]
        return pd.concat(parts)


@dataclass(frozen=True)
class Picture:
    """A figure, the rows it draws, and what it shows for those who cannot see it."""

    name: str
    figure: Figure
    rows: pd.DataFrame
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        data = {"image/svg+xml": style.svg(self.figure, self.name), "text/plain": self.alt}
        return data, {"image/svg+xml": {"alt": self.alt}}


def drawn(
    name: str,
    rows: pd.DataFrame,
    draw: Callable[[pd.DataFrame], Figure],
    alt: str,
    missing: str,
    value: str | None = None,
) -> Picture | Table:
    """The figure of ``rows``; without rows, or any ``value`` in them, a table that says what is missing."""
    if rows.empty or (value is not None and rows[value].isna().all()):
        return Table(name, rows.iloc[:0], rows, missing=missing)
    return Picture(name, draw(rows), rows, alt)


@dataclass(frozen=True)
class Folded:
    """Markdown below a line that opens it: shown as it is in a notebook, folded on a page."""

    summary: str
    body: str
    """Markdown; whoever makes it makes foreign text in it inert."""
    anchor: str | None = None
    """What a link leads here by."""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        text = f"**{escaped(self.summary)}**\n\n{self.body}"
        about = {"summary": plain(self.summary), "body": self.body}
        if self.anchor is not None:
            about["anchor"] = self.anchor
        return {"text/markdown": text, "text/plain": plain(self.summary)}, {"text/markdown": about}


@dataclass(frozen=True)
class Prose:
    """A generated sentence, shown as Markdown."""

    text: str

    def _repr_markdown_(self) -> str:
        return escaped(self.text)
