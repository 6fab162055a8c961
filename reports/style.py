"""One look for every figure: colours, markers, and bytes that do not change between two builds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE_FILE: Final = Path(__file__).with_name("posttrace.mplstyle")

FALLBACKS: Final = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "PingFang SC"),
    *("Hiragino Sans", "Microsoft YaHei", "Malgun Gothic", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans", "Arial Unicode MS"),
)
"""Fonts for letters that DejaVu Sans lacks, where the machine has one of them: the only letters whose look
depends on the machine."""

INK: Final = "#22262b"
MUTED: Final = "#6b7178"
FAINT: Final = "#d9dbd6"

NOTHING: Final = "no run to show"
GROWING: Final = (
    *("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize"),
    *("legend.fontsize", "lines.linewidth", "lines.markersize", "axes.linewidth"),
)
"""Settings of the style file that grow with the text of a page."""

SEED_COLOURS: Final = ("#0072B2", "#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#D55E00", "#000000")
"""Okabe & Ito 2008, without the yellow, which is too light for a line."""


WRITTEN_PT: Final = 9.0
"""Size of the text that heights and distances in the figures are written for."""


@dataclass(frozen=True)
class Page:
    """What a figure is printed on: its widths in inches, and the size of its text."""

    name: str
    width_in: float
    """Of a figure over the whole page."""
    column_in: float
    """Of a figure that needs no more than a column."""
    text_pt: float = WRITTEN_PT
    paper: str = "#ffffff"
    height_in: float = 8.2
    """Of a figure that leaves room for its caption."""

    @property
    def scale(self) -> float:
        """Text, and what must grow with it, against figures as they are written."""
        return self.text_pt / WRITTEN_PT

    def inches(self, written: float) -> float:
        """A height or distance that grows with the text."""
        return written * self.scale

    def fits(self, columns: int) -> int:
        """Columns of text, such as a legend's, of so many that fit ``WIDE``."""
        return max(1, int(columns * (self.width_in / self.scale) / WIDE.width_in + 0.15))


WIDE: Final = Page("wide", 9.4, 6.0, paper="#fdfdfb", height_in=11.0)
"""Screens, and reports."""
PAGES: Final[Mapping[str, Page]] = {
    "wide": WIDE,
    "neurips": Page("neurips", 5.5, 3.6, 7.2),
    "icml": Page("icml", 6.75, 3.25, 7.2),
    "acl": Page("acl", 6.3, 3.03, 7.2, height_in=8.8),
}
"""Text widths of the author kits, and their heights (9 in, ACL 9.7) less a caption. NeurIPS has one column:
there a small figure is two thirds as wide."""


@dataclass(frozen=True)
class Mark:
    """How a verdict looks, in a figure and in a table: never by colour alone."""

    symbol: str
    """The character that stands for ``marker`` in text."""
    marker: str
    """matplotlib marker."""
    colour: str
    hollow: bool = False

    def look(self, size: float) -> dict[str, Any]:
        """Settings of matplotlib for the mark, apart from what lies below it."""
        shape: dict[str, Any] = {"marker": self.marker, "color": self.colour, "markersize": size}
        if self.hollow:
            return shape | {"markersize": 0.8 * size, "markerfacecolor": "white", "markeredgewidth": 1.1}
        return shape | {"markeredgecolor": "white", "markeredgewidth": 0.5}


VERDICT_MARKS: Final[Mapping[str, Mark]] = {
    "exceeds": Mark("▲", "^", "#009E73"),
    "within_noise": Mark("●", "o", "#6b7178"),
    "no_gain_larger_than_delta": Mark("■", "s", "#0072B2"),
    "undetermined": Mark("◆", "D", "#E69F00"),
    "underpowered": Mark("◇", "D", "#B57A00", hollow=True),
    "regression": Mark("▼", "v", "#D55E00"),
    "invalid": Mark("✕", "X", "#22262b"),
}
"""One entry for each verdict code of the audit."""


@contextmanager
def applied(page: Page = WIDE) -> Iterator[None]:
    """Make figures under posttrace's style, whatever the user's own matplotlib settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(matplotlib.rc_params_from_file(STYLE_FILE, use_default_template=False))
        matplotlib.rcParams["font.family"] = list(families())
        for name in GROWING:
            matplotlib.rcParams[name] *= page.scale
        matplotlib.rcParams.update({"figure.facecolor": page.paper, "axes.facecolor": page.paper})
        yield


@cache
def families() -> tuple[str, ...]:
    """DejaVu Sans, which every machine has, and the ``FALLBACKS`` that this one has."""
    from matplotlib.font_manager import get_font_names

    found = set(get_font_names())
    return ("DejaVu Sans", *(name for name in FALLBACKS if name in found))


def pt(size: float) -> float:
    """A text size at the scale of the page; inside ``applied``."""
    return float(size * matplotlib.rcParams["font.size"] / WRITTEN_PT)


def settled(figure: Figure) -> Figure:
    """The same figure, whose ticks look alike wherever it is drawn; inside ``applied``.

    matplotlib makes ticks as late as when a figure is drawn, by the settings of that moment.
    """
    settings = matplotlib.rcParams
    x: dict[str, Any] = {"labelsize": settings["xtick.labelsize"], "color": settings["xtick.color"]}
    y: dict[str, Any] = {"labelsize": settings["ytick.labelsize"], "color": settings["ytick.color"]}
    for axes in figure.axes:
        axes.xaxis.set_tick_params(which="both", labelcolor=x["color"], **x)
        axes.yaxis.set_tick_params(which="both", labelcolor=y["color"], **y)
    return figure


def laid_out(figure: Figure) -> Figure:
    """The same figure with every part where it is now: all formats agree, and none works it out again."""
    with applied():
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # "none" leaves a placeholder, for which a figure is drawn twice
    return figure


def svg(figure: Figure, name: str) -> str:
    """Render to SVG text: the same figure and name give the same characters.

    ``name`` salts the identifiers inside, so that two figures of one page never share one. No date, no
    creator and no metadata block are written.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with applied(), matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()


def pdf(figure: Figure) -> bytes:
    """Render to PDF, fonts embedded: the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with applied():
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None})
    return buffer.getvalue()


def png(figure: Figure, dpi: int = 200) -> bytes:
    """Render to PNG: the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with applied():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
