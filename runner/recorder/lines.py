"""What a logged line says of a training: the dialects that are understood."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

STEP_KEYS: Final = ("step", "global_step", "steps", "iteration", "iter", "update")
_MAX_STEP: Final = 2**53
"""Beyond it a float is no exact count, and tables have no room for it."""
_NAMES: Final = {
    "nan": math.nan,
    "inf": math.inf,
    "infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
}
_BARE: Final = re.compile(r"(?<=[:\s])(-?(?:nan|inf))(?=\s*[,}])")
"""How Python prints a non-finite value in a dict; no literal of the language."""
_PAIR: Final = re.compile(
    r"(?<![\w./-])([A-Za-z_][\w./-]{0,63})(?![\w./-])[ \t]{0,8}[:=]?[ \t]{0,8}"
    r"([-+]?(?:\d{1,32}\.?\d{0,32}|\.\d{1,32})(?:[eE][-+]?\d{1,4})?|[-+]?(?:nan|inf))(?![\w.])"
)
"""Everything is bounded and a name begins at its beginning: an agent's output is hostile, and one long word
must not cost more than its length."""
_MAX_CHARS: Final = 4096
"""Of a printed line that is about training."""
_TRAINING: Final = re.compile(
    r"(?:^|[^a-z])(?:step|steps|iter|iteration|epoch|loss|reward|rewards|acc|accuracy|lr|learning_rate|kl|grad_norm)"
    r"(?:$|[^a-z])"
)
"""An agent's output is full of numbers; those of a training carry one of these names."""

Values = dict[str, float]


def numeric(record: Mapping[Any, Any]) -> Values:
    """The numbers of a record, by name; nested values, texts and truth values are left out."""
    found: Values = {}
    for key, value in record.items():
        if isinstance(value, str):
            value = _NAMES.get(value.strip().lower())
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[str(key)] = _as_float(value)
    return found


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond every float
        return math.inf if value > 0 else -math.inf


def split_step(values: Values) -> tuple[int | None, Values]:
    """The step, and the values beside it."""
    for key in STEP_KEYS:
        step = values.get(key)
        if step is not None and step.is_integer() and abs(step) <= _MAX_STEP:
            return int(step), {name: value for name, value in values.items() if name != key}
    return None, values


def parse_json(line: str) -> Values:
    """The numbers of a line that is a JSON object; none when it is something else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return numeric(record) if isinstance(record, dict) else {}


def parse_output(line: str) -> Values:
    """The numbers of a line that a training printed: a JSON object, a Python dict, or names and numbers.

    None when no name says that it is about training.
    """
    text = line.strip()
    if len(text) > _MAX_CHARS or not _TRAINING.search(text.lower()):
        return {}
    if text.startswith("{") and text.endswith("}"):
        values = parse_json(text) or _parse_dict(text)
    else:
        values = {key: float(value) for key, value in _PAIR.findall(text)}
    return values if any(_TRAINING.search(key.lower()) for key in values) else {}


def _parse_dict(text: str) -> Values:
    try:
        record = ast.literal_eval(_BARE.sub(r"'\1'", text))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return numeric(record) if isinstance(record, dict) else {}
