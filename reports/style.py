"""One look for every figure: colours, markers, and bytes that do not change between two builds."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE_FILE: Final = Path(__file__).with_name("posttrace.mplstyle")

INK: Final = "#22262b"
MUTED: Final = "#6b7178"
FAINT: Final = "#d9dbd6"

NOTHING: Final = "no run to show"

SEED_COLOURS: Final = ("#0072B2", "#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#D55E00", "#000000")
"""Okabe & Ito 2008, without the yellow, which is too light for a line."""


@dataclass(frozen=True)
class Mark:
    """How a verdict looks, in a figure and in a table: never by colour alone."""

    symbol: str
    """The character that stands for ``marker`` in text."""
    marker: str
    """matplotlib marker."""
    colour: str


VERDICT_MARKS: Final[Mapping[str, Mark]] = {
    "exceeds": Mark("▲", "^", "#009E73"),
    "within_noise": Mark("●", "o", "#6b7178"),
    "no_gain_larger_than_delta": Mark("■", "s", "#0072B2"),
    "undetermined": Mark("◆", "D", "#E69F00"),
    "underpowered": Mark("◇", "d", "#B57A00"),
    "regression": Mark("▼", "v", "#D55E00"),
    "invalid": Mark("✕", "X", "#22262b"),
}
"""One entry for each verdict code of the audit."""


@contextmanager
def applied() -> Iterator[None]:
    """Make figures under posttrace's style, whatever the user's own matplotlib settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(matplotlib.rc_params_from_file(STYLE_FILE, use_default_template=False))
        yield


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
