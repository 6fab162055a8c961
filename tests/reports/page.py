"""What a test wants to know of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

VOID = {"meta", "img", "br", "hr", "link", "input"}


@dataclass
class Page(HTMLParser):
    """Text, table rows and references of an HTML page."""

    references: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)
    metas: dict[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    text: str = ""
    unboxed: list[str] = field(default_factory=list)
    """Tables and pictures that are not inside a box that scrolls."""
    ids: list[str] = field(default_factory=list)
    open: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def of(cls, text: str) -> Self:
        page = cls()
        page.feed(text)
        page.close()
        assert not page.open, f"unclosed: {page.open}"
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names = ("src", "href", "srcset", "data", "action", "poster", "background", "xlink:href")
        self.references += [given[name] for name in names if name in given]
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "meta":
            self.metas[given.get("http-equiv", given.get("name", ""))] = given.get("content", "")
        if tag == "img":
            self.images.append(given)
        if tag in {"img", "table"} and not any("scroll" in names.split() for _, names in self.open):
            self.unboxed.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append((tag, given.get("class", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if any(tag in {"style", "script"} for tag, _ in self.open):
            return
        self.text += data
        if any(tag in {"td", "th"} for tag, _ in self.open):
            self.rows[-1][-1] += data
