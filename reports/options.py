"""What may be chosen about a report, apart from the audit's own settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from posttrace.traces.errors import InputError

Format = Literal["html", "pdf", "md", "ipynb", "qmd"]
Renderer = Literal["builtin", "quarto", "auto"]
Kind = Literal["study", "run", "published"]
FORMATS: Final[Mapping[str, Format]] = {
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".md": "md",
    ".ipynb": "ipynb",
    ".qmd": "qmd",
}
"""Suffix of a file -> its format."""
STYLES: Final = ("wide", "neurips", "icml", "acl")
"""Names of ``style.PAGES``, which is not imported here: matplotlib takes a second."""
RENDERERS: Final = ("builtin", "quarto", "auto")
BY_QUARTO: Final = ("html", "pdf")
"""Formats that Quarto can be asked for; the others are ours in any case."""


@dataclass(frozen=True)
class ReportOptions:
    """How a report is written and which runs it is about.

    ``formats``: html, pdf, md, ipynb, qmd; empty: what the file's name says. ``renderer``: builtin, quarto,
    or auto (Quarto where it is installed). ``where``: column of the runs table -> values that runs have.
    ``style``: what the figures are printed on (``style.PAGES``).
    Raises ``InputError`` for words that mean nothing.
    """

    formats: Sequence[Format] = ()
    renderer: Renderer = "builtin"
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    style: str = "wide"

    def __post_init__(self) -> None:
        known = list(dict.fromkeys(FORMATS.values()))
        for name in self.formats:
            if name not in known:
                raise InputError(f"format {name}: choose from {', '.join(known)}")
        if self.renderer not in RENDERERS:
            raise InputError(f"renderer {self.renderer}: choose from {', '.join(RENDERERS)}")
        if self.style not in STYLES:
            raise InputError(f"style {self.style}: choose from {', '.join(STYLES)}")
        if self.renderer == "quarto" and self.formats and not set(self.formats) & set(BY_QUARTO):
            raise InputError(f"Quarto renders {' and '.join(BY_QUARTO)}; leave --renderer away")


def formats_of(out: Path, options: ReportOptions) -> Sequence[Format]:
    """The formats to write; the first is what ``out`` names. Raises ``InputError`` when they contradict."""
    named = FORMATS.get(out.suffix.lower())
    chosen = list(dict.fromkeys(options.formats)) or ([named] if named else [])
    if not chosen:
        raise InputError(f"{out}: give a name that ends in {', '.join(FORMATS)}, or --format")
    if named is not None and named not in chosen:
        raise InputError(f"{out} says {named} and --format {', '.join(chosen)}; make them agree")
    return chosen
