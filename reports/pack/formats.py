"""A table as text or bytes: CSV, JSON, Markdown, LaTeX (booktabs) and Parquet from the same frame."""

from __future__ import annotations

import io
import json
from typing import Any, Final

import pandas as pd

from posttrace.reports.display import DASH, MINUS, escaped, plain
from posttrace.reports.evidence import records
from posttrace.reports.style import VERDICT_MARKS
from posttrace.traces.errors import InputError

SUFFIXES: Final = {"csv": "csv", "json": "json", "markdown": "md", "latex": "tex", "parquet": "parquet"}
"""Format -> end of a file's name."""
PRINTED: Final = ("markdown", "latex")
"""Formats for people: numbers are shortened, and undefined is a dash."""

_SYMBOLS: Final = {
    "exceeds": r"$\blacktriangle$",
    "within_noise": r"$\bullet$",
    "no_gain_larger_than_delta": r"$\blacksquare$",
    "undetermined": r"$\blacklozenge$",
    "underpowered": r"$\lozenge$",
    "regression": r"$\blacktriangledown$",
    "invalid": r"$\times$",
}
LATEX: Final = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "…": r"\dots{}",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "§": r"\S{}",
    "¶": r"\P{}",
    MINUS: "$-$",
    DASH: "--",
    **{VERDICT_MARKS[code].symbol: symbol for code, symbol in _SYMBOLS.items()},
}
"""Characters that LaTeX would read as its own, or that its fonts may lack."""


def rendered(frame: pd.DataFrame, form: str, note: str = "") -> bytes:
    """The table in one of ``SUFFIXES``. The same frame gives the same bytes.

    Lists are joined by spaces in CSV, Markdown and LaTeX. ``note`` stands below a printed table.
    Raises ``InputError`` when Parquet is not installed.
    """
    if form == "parquet":
        return _parquet(frame)
    if form == "json":
        return (json.dumps(records(frame), indent=1, ensure_ascii=False) + "\n").encode()
    flat = frame.map(_flat)
    if form == "csv":
        return flat.to_csv(index=False, lineterminator="\n").encode()
    shown = flat.map(_printed)
    return (_markdown(shown, frame, note) if form == "markdown" else _latex(shown, frame, note)).encode()


def latex(text: Any) -> str:
    """Text of a trace that LaTeX prints as it is."""
    return "".join(LATEX.get(char, char) for char in plain(text))


def _flat(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _printed(value: Any) -> str:
    """Four digits; whole numbers and text as they are."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}".replace("-", MINUS) if isinstance(value, float) else str(value)


def _aligned(frame: pd.DataFrame) -> list[bool]:
    """Whether a column is of numbers, and stands right."""
    return [
        pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
        for name in frame.columns
    ]


def _markdown(shown: pd.DataFrame, frame: pd.DataFrame, note: str) -> str:
    inert = shown.map(escaped).rename(columns=lambda name: escaped(_words(name)))
    align = ["right" if number else "left" for number in _aligned(frame)]
    body = inert.to_markdown(index=False, tablefmt="pipe", colalign=align, disable_numparse=True)
    return "\n\n".join([str(body), *([escaped(note)] if note else [])]) + "\n"


def _latex(shown: pd.DataFrame, frame: pd.DataFrame, note: str) -> str:
    align = "".join("r" if number else "l" for number in _aligned(frame))
    rows = [[latex(_words(name)) for name in shown.columns]]
    rows += [[latex(value) for value in row] for row in shown.itertuples(index=False)]
    lines = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join(
        [
            "% needs the packages booktabs and amssymb",
            *([f"% {plain(note)}"] if note else []),
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        import pyarrow  # noqa: F401 # pandas would name fastparquet too
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'posttrace[parquet]'") from error
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()
