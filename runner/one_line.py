"""What Hydra and OmegaConf complain of, as one line that says what is wrong and what to do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

import yaml
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from posttrace.runner.config import RunConfig
from posttrace.traces.errors import ConfigError, PosttraceError

WANTED: Final = {
    "could not be converted to Integer": "a whole number",
    "could not be converted to Float": "a number",
    "is not a valid bool": "true or false",
    "is not a ListConfig": "a list, like [a,b]",
    "is not Optional": "a value, it cannot be null",
    "Incompatible value 'None'": "a value, it cannot be null",
}
"""What OmegaConf says of a value -> what a user is to give."""
MERGING: Final = "Error merging override "


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Raise ``ConfigError`` for whatever is wrong with words, option files and the classes they name."""
    try:
        yield
    except (HydraException, OmegaConfBaseException, ImportError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(_one_line(error)) from error


def no_such_key(key: str, known: Collection[str] | None = None) -> str:
    """The line for a key that is not among the ``known`` (default: every key of a run) full names."""
    if known is None:
        known = list(_keys(OmegaConf.structured(RunConfig)))
    group, _, name = key.rpartition(".")
    beside = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == group}
    near = [k for k in known if k.endswith(f".{key}")] or [beside[n] for n in get_close_matches(name, beside)]
    near = near or (get_close_matches(key, known) if not beside else [])
    if near:
        return f"{key}: no such key; did you mean {' or '.join(near)}?"
    return f"{key}: no such key" + (f"; {group or 'a run'} has {', '.join(beside)}" if beside else "")


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, node):
        yield f"{prefix}{key}"
        if not OmegaConf.is_missing(node, key) and isinstance(node[key], DictConfig):
            yield from _keys(node[key], f"{prefix}{key}.")


def _one_line(error: BaseException) -> str:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and len(causes) < 5:
        causes.append(cause)
    ours = [cause for cause in causes if isinstance(cause, PosttraceError)]
    if ours:  # raised in a class that Hydra built for us
        return str(ours[0])
    text = str(error)
    if isinstance(error, OverrideParseException):
        text = f"{error.override}: not an override ({text.splitlines()[0]}); write key=value"
    reasons = "\n".join(map(str, causes))
    if not_in := re.search(r"Key '[^']+' not in '\w+'\s+full_key: (\S+)", reasons):
        if text.startswith(MERGING):  # inside a list, which has no full names
            return f"{text.removeprefix(MERGING)}: {not_in[1]}: no such key"
        where = re.match(r"In '[^']+': ", text)  # an option file
        return (where[0] if where else "") + no_such_key(not_in[1])
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return no_such_key(unknown[1])
    for said, wanted in WANTED.items():
        if said in reasons:
            return f"{_word(text, reasons)}: give {wanted}"
    if text.startswith(MERGING):  # the reason is in the cause
        text = f"{text}: {causes[1] if len(causes) > 1 else ''}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("full_key", "object_type", "reference_type"))]
    return " ".join(_punctuated(lines))


def _word(text: str, reasons: str) -> str:
    """The word that is wrong, or the key that an option file gives a wrong value."""
    if text.startswith(MERGING):
        return text.removeprefix(MERGING).lstrip("+")
    key, value = re.search(r"full_key: (\S+)", reasons), re.search(r"Value '(.*?)' (?:of|is) ", reasons)
    return "=".join(found[1] for found in (key, value) if found)


def _punctuated(lines: list[str]) -> list[str]:
    options = [i for i, line in enumerate(lines) if line.startswith("Available options")]
    if options:  # Hydra prints one option a line, then where it looked
        head, tail = lines[: options[0] + 1], lines[options[0] + 1 :]
        ends = [i for i, line in enumerate(tail) if line.startswith("Config search path")]
        named = tail[: ends[0]] if ends else tail
        lines = [*head, ", ".join(name for name in named if not name.startswith("_"))]  # those are parts
    last = len(lines) - 1
    return [line if line[-1] in ".:,;" or i == last else f"{line}." for i, line in enumerate(lines)]
