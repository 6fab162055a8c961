"""Text as LaTeX that pdflatex prints as it is, in ASCII alone."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from posttrace.reports.display import DASH, MINUS, plain
from posttrace.reports.style import VERDICT_MARKS

SYMBOLS: Final = {
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
    **{VERDICT_MARKS[code].symbol: symbol for code, symbol in SYMBOLS.items()},
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
