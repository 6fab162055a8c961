"""A table as text or bytes: CSV, JSON, Markdown, LaTeX (booktabs) and Parquet from the same frame."""

from __future__ import annotations

import io
import json
import re
from typing import Any, Final

import pandas as pd

from posttrace.reports.display import DASH, MINUS, escaped
from posttrace.reports.evidence import records
from posttrace.reports.pack.floats import float_table
from posttrace.traces.errors import InputError

SUFFIXES: Final = {"csv": "csv", "json": "json", "markdown": "md", "latex": "tex", "parquet": "parquet"}
"""Format -> end of a file's name."""
PRINTED: Final = ("markdown", "latex")
"""Formats for people: numbers are shortened, and undefined is a dash."""

NUMBER: Final = re.compile(rf"{DASH}|[<−-]?(∞|\.?\d[\d,.]*)")


def rendered(frame: pd.DataFrame, form: str, caption: str = "", name: str = "") -> bytes:
    """The table in one of ``SUFFIXES``. The same frame gives the same bytes.

    Lists are joined by spaces in CSV, Markdown and LaTeX. ``caption`` and ``name`` are for printed tables.
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
    right = [_is_number(frame[name], shown[name]) for name in frame.columns]
    if form == "markdown":
        return _markdown(shown, right, caption).encode()
    return float_table(shown, right, caption, name).encode()


def _flat(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _printed(value: Any) -> str:
    """Four digits; whole numbers and text as they are."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    if not NUMBER.fullmatch(text):
        return text
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", MINUS)


def _is_number(values: pd.Series, texts: pd.Series) -> bool:
    """Whether a column is of numbers, or of their texts, and stands right."""
    if pd.api.types.is_bool_dtype(values):
        return False
    return pd.api.types.is_numeric_dtype(values) or all(map(NUMBER.fullmatch, texts))


def _markdown(shown: pd.DataFrame, right: list[bool], caption: str) -> str:
    inert = shown.map(escaped).rename(columns=escaped)
    align = ["right" if one else "left" for one in right]
    body = inert.to_markdown(index=False, tablefmt="pipe", colalign=align, disable_numparse=True)
    return "\n\n".join([str(body), *([escaped(caption)] if caption else [])]) + "\n"


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        import pyarrow  # noqa: F401 # pandas would name fastparquet too
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'posttrace[parquet]'") from error
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()
