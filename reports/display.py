"""How a number is printed: percent for scores, signed percentage points for gains, a dash for undefined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from posttrace.analysis.digits import rounded

DASH: Final = "–"
MINUS: Final = "\N{MINUS SIGN}"

LISTED: Final = 6
"""Names that a note takes; of more it gives the number."""

MARKDOWN_SIGNS: Final = re.compile(r"([\\`*_{}\[\]()#+!|~<>&$:^=-])")


def percent(value: Any) -> str:
    """Score in percent with one digit: 21.3."""
    return DASH if pd.isna(value) else rounded(value, "z.1f").replace("-", MINUS)


def points(value: Any) -> str:
    """Signed percentage points with one digit: +3.1, −0.4; what rounds to zero has no sign."""
    if pd.isna(value):
        return DASH
    text = rounded(value, "+.1f")
    return "0.0" if float(text) == 0 else text.replace("-", MINUS)


def p_value(value: Any) -> str:
    """Three digits; below 0.001 the bound alone."""
    if pd.isna(value):
        return DASH
    return "<0.001" if value < 0.001 else rounded(value, ".3f")


def level(alpha: float) -> str:
    """What a bound or interval at ``alpha`` covers: ``95 %``, on one line."""
    return f"{100 * (1 - alpha):g}\N{NO-BREAK SPACE}%"


def count(value: Any) -> str:
    """A whole number, thousands separated."""
    return DASH if pd.isna(value) else f"{int(value):,}"


def plural(n: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: Iterable[str], of: int) -> str:
    """Up to 6 different names one after the other; ``9 of 12 runs``, ``all 12 runs`` when they are all."""
    found = list(dict.fromkeys(names))
    if len(found) == of > 1:
        return f"all {plural(of, 'run')}"
    return ", ".join(found) if len(found) <= LISTED else f"{len(found)} of {plural(of, 'run')}"


def with_minus(text: str) -> str:
    """Text of the audit with the minus signs of the tables beside it."""
    return re.sub(r"(?<![\w.)-])-(?=\.?\d)", MINUS, text)


def cut(text: str, length: int) -> str:
    """Text of at most so many characters; of a longer one the beginning, and how much is left out."""
    left_out = len(text) - length
    return text if left_out <= 0 else f"{text[:length]} … {plural(left_out, 'more character')}"


def plain(value: Any) -> str:
    """Text of a trace on one line, without control characters: it may come from an agent."""
    text = DASH if pd.isna(value) else str(value)
    shown = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in shown)


def escaped(value: Any) -> str:
    """Make text of a trace inert in Markdown: no markup, no link, no image, no formula, no HTML."""
    return MARKDOWN_SIGNS.sub(r"\\\1", plain(value))


def fence(text: str, least: int) -> str:
    """More backticks than stand together anywhere in ``text``, and at least so many."""
    return "`" * max(least, 1 + max(map(len, re.findall("`+", text)), default=0))


def code_span(value: Any) -> str:
    """Text of a trace as inline code of Markdown, which nothing in it can end."""
    text = plain(value)
    ticks = fence(text, 1)
    return f"{ticks} {text} {ticks}"
