"""A table as LaTeX that pdflatex compiles as it is: booktabs, ASCII alone, no wider than the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from posttrace.reports.display import DASH, MINUS, plain
from posttrace.reports.style import VERDICT_MARKS

PACKAGES: Final = ("amssymb", "array", "booktabs", "graphicx", "longtable", "lscape")
"""All that any table needs; the first line of a table has its own."""
MOST_ROWS: Final = 45
"""Of a table on one page; a longer one goes on over pages."""
LETTERS: Final = 36
"""Of a column; longer text is folded."""
SIZES: Final = ((90, r"\footnotesize"), (105, r"\scriptsize"), (140, r"\tiny"))
"""Letters of a line over a text width of 5.5 in, and the size at which they fit; more are turned."""

_SYMBOLS: Final = {
    "exceeds": r"$\blacktriangle$",
    "within_noise": r"$\bullet$",
    "no_gain_larger_than_delta": r"$\blacksquare$",
    "undetermined": r"$\blacklozenge$",
    "underpowered": r"$\lozenge$",
    "regression": r"$\blacktriangledown$",
    "invalid": r"$\times$",
}
COMMANDS: Final = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"},
    **{"`": r"\textasciigrave{}", "'": r"\textquotesingle{}", '"': "''", "<": "$<$", ">": "$>$"},
    **{"±": r"$\pm$", "·": r"$\cdot$", "×": r"$\times$", "÷": r"$\div$", "−": "$-$", "°": r"$^\circ$"},
    **{"≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "∞": r"$\infty$", "√": r"$\surd$"},
    **{"→": r"$\rightarrow$", "←": r"$\leftarrow$", "↑": r"$\uparrow$", "↓": r"$\downarrow$"},
    **{"α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "δ": r"$\delta$", "Δ": r"$\Delta$"},
    **{"ε": r"$\epsilon$", "λ": r"$\lambda$", "μ": r"$\mu$", "µ": r"$\mu$", "σ": r"$\sigma$"},
    **{"ρ": r"$\rho$", "τ": r"$\tau$", "χ": r"$\chi$", "π": r"$\pi$", "²": "$^2$", "³": "$^3$"},
    **{"…": r"\dots{}", "†": r"\dag{}", "‡": r"\ddag{}", "§": r"\S{}", "¶": r"\P{}", "—": "---"},
    **{"‘": "`", "’": "'", "“": "``", "”": "''", "\N{NO-BREAK SPACE}": "~", "ß": r"\ss{}"},
    **{"æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}", "ł": r"\l{}", "Ł": r"\L{}"},
    MINUS: "$-$",
    DASH: "--",
    **{VERDICT_MARKS[code].symbol: symbol for code, symbol in _SYMBOLS.items()},
}
"""Characters that LaTeX reads as its own, or that its default fonts and encoding lack."""
ACCENTS: Final = {
    **{"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u"},
    **{"\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c"},
}
"""Combining character -> accent command of every LaTeX font encoding."""


def latex(text: Any) -> str:
    """Text of a trace that LaTeX prints as it is; what its fonts lack as its code point."""
    found = ""
    for char in plain(text):
        command = _command(char)
        # two of them would be one: a dash, a closing quote
        found += "{}" if command in ("-", "--", "`", "'", "''") and found.endswith(command[0]) else ""
        found += command
    return found


def _command(char: str) -> str:
    if char in COMMANDS:
        return COMMANDS[char]
    if char.isascii():
        return char
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in ACCENTS:
        return f"\\{ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{U+{ord(char):04X}}}"


def latex_table(shown: pd.DataFrame, right: Sequence[bool], note: str) -> str:
    """Cells as text, whether a column stands right, and a note, which becomes a comment for the caption.

    A table of up to ``MOST_ROWS`` rows is for a float, scaled down where it is wider than the line; a longer
    one stands by itself and goes on over pages.
    """
    columns = [_column(shown[name], one) for name, one in zip(shown.columns, right, strict=True)]
    rows = [_row([str(name).replace("_", " ") for name in shown.columns])]
    rows += [_row(row) for row in shown.itertuples(index=False)]
    long = len(shown) > MOST_ROWS
    body = _long(rows, columns, shown) if long else _boxed(rows, columns)
    used = "\n".join(body)
    needed = [
        *(["amssymb"] if any(symbol in used for symbol in _SYMBOLS.values()) else []),
        *(["array"] if "arraybackslash" in used else []),
        "booktabs",
        "longtable" if long else "graphicx",
        *(["lscape"] if "landscape" in used else []),
    ]
    head = [rf"% needs \usepackage{{{','.join(needed)}}}"]
    if long:
        head.append("% stands outside of floats, and where the page has one column")
    return "\n".join([*head, *([f"% {latex(note)}"] if note else []), *body, ""])


def _row(cells: Sequence[Any]) -> str:
    line = " & ".join(map(latex, cells)) + r" \\"
    # after the end of a line these would be its argument
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def _column(cells: pd.Series, right: bool) -> str:
    if right:
        return "r"
    longest = max(map(len, cells), default=0)
    return "l" if longest <= LETTERS else rf">{{\raggedright\arraybackslash}}p{{{LETTERS / 2:g}em}}"


def _boxed(rows: list[str], columns: list[str]) -> list[str]:
    return [
        r"\sbox0{%",
        rf"\begin{{tabular}}{{{''.join(columns)}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        *rows[1:],
        r"\bottomrule",
        r"\end{tabular}}%",
        r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",
    ]


def _long(rows: list[str], columns: list[str], shown: pd.DataFrame) -> list[str]:
    widest = [max(len(str(name)), *map(len, shown[name])) for name in shown.columns]
    letters = sum(min(one, LETTERS) + 2 for one in widest)
    turned = letters > SIZES[-1][0]
    room = 1.6 if turned else 1.0  # of a page that is turned
    size = next((size for fitting, size in SIZES if letters <= room * fitting), SIZES[-1][1])
    table = _over_pages(rows, columns, size)
    return [r"\begin{landscape}", *table, r"\end{landscape}"] if turned else table


def _over_pages(rows: list[str], columns: list[str], size: str) -> list[str]:
    return [
        rf"{{{size}\setlength{{\tabcolsep}}{{3pt}}",
        rf"\begin{{longtable}}{{{''.join(columns)}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *rows[1:],
        r"\end{longtable}}",
    ]
