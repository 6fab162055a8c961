"""What differs between two computations of the same numbers: a line for each difference."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from posttrace.traces.errors import InputError

PLACES: Final = frozenset({"path", "trace"})
"""Keys that say where a trace lay, which may change."""
NAMES: Final = ("run_id", "submission_id")
"""Keys that tell rows of runs apart; ``PARTS``, and where they do not ``MORE``, those of other rows."""
PARTS: Final = (
    *("scope", "failure_type", "kind", "factor", "statistic", "by", "group", "configuration", "one", "other"),
    *("task", "agent_label", "agent", "route", "row_label", "line", "level", "system", "strategy"),
    *("hours", "strength", "k", "n_items", "threshold"),
)
MORE: Final = ("driver", "mode", "base_model", "cell_id", "run_ids")
RELATIVE: Final = 1e-9
"""Numbers closer than this are equal: another machine may round its last digit another way."""


@dataclass(frozen=True)
class Checked:
    """What was compared; ``differences`` are empty when everything reproduces."""

    n_runs: int
    n_shown: int
    """Figures and tables."""
    n_numbers: int
    differences: tuple[str, ...]
    version: str
    """Of posttrace, that computed the numbers first."""


def read(path: Path, schema: str, advice: str) -> dict[str, Any]:
    """A file of this schema. Raises ``InputError``, with ``advice`` on what to give, for anything else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {advice}") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON; {advice}") from error
    if not isinstance(data, dict) or data.get("schema") != schema:
        raise InputError(f"{path} is no {schema} file; {advice}")
    return data


def traces(old: Mapping[str, Any], new: Mapping[str, Any], counted: Collection[str] = ()) -> Iterator[str]:
    """Runs that are gone, new, or whose record has another last hash; then traces that are left out.

    Both have ``runs`` (run_id, path, head_hash), ``excluded`` (path, state, reason) and ``asked.paths``.
    ``counted``: ids of all runs that count now, where ``runs`` are only those behind some numbers.
    """
    before, after = ({run["run_id"]: run for run in data["runs"]} for data in (old, new))
    left_then, left_now = _left_out(old), _left_out(new)
    said = set()
    for run_id, run in before.items():
        if run_id in after and after[run_id].get("head_hash") != run.get("head_hash"):
            heads = f"{run['head_hash'][:16]} then, {after[run_id]['head_hash'][:16]} now"
            yield f"run {run_id}: its trace was altered: head {heads}"
        elif run_id not in after and run_id not in counted:
            place = _place(run.get("path", ""), old)
            said.add(place)
            yield f"run {run_id} does not count any more: {left_now.get(place, 'no such trace')}"
    yield from (f"run {run_id} is new" for run_id in after if run_id not in before)
    for place in {**left_then, **left_now}:
        then, now = (left.get(place, "not left out") for left in (left_then, left_now))
        if then != now and place not in said:
            yield f"trace {place}: {then} then, {now} now"


def _left_out(data: Mapping[str, Any]) -> dict[str, str]:
    """Place -> state and reason of the traces that do not count."""
    return {
        _place(left["path"], data): f"{left['state'].replace('_', ' ')}: {_place(left['reason'], data)}"
        for left in data["excluded"]
    }


def _place(text: str, data: Mapping[str, Any]) -> str:
    """Text with the paths in it as seen from what was asked for, which may have been moved."""
    for path in sorted(data["asked"]["paths"], key=len, reverse=True):
        text = text.replace(f"{path}/", "").replace(path, ".")
    return text


def numbers(where: str, old: Any, new: Any) -> Iterator[str]:
    """Values anywhere inside of two JSON values that differ; ``where`` says what the values are of."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in PLACES:
                yield from numbers(f"{where}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(x, dict) for x in (*old, *new)):
        yield from _rows(where, old, new)
    elif not _same(old, new):
        yield f"{where}: {_said(old)} then, {_said(new)} now"


def _rows(where: str, old: list[Any], new: list[Any]) -> Iterator[str]:
    """Rows of the same name where names tell them apart, else those in the same place."""
    for keys in (NAMES, PARTS, (*PARTS, *MORE)):
        before, after = _named(old, keys), _named(new, keys)
        if len(before) == len(old) and len(after) == len(new):
            break
    else:
        if len(old) != len(new):
            yield f"{where}: {len(old)} rows then, {len(new)} now"
            return
        before, after = ({str(i): row for i, row in enumerate(rows)} for rows in (old, new))
    for name in {**before, **after}:
        if name in before and name in after:
            yield from numbers(f"{where}[{name}]", before[name], after[name])
        else:
            yield f"{where}[{name}]: {'a row then, none now' if name in before else 'no row then, one now'}"


def _named(rows: Sequence[Any], keys: Sequence[str]) -> dict[str, Any]:
    """Rows by what these keys say, for a reader; without those that have none of them."""
    named = {
        " ".join(str(row[key]) for key in keys if row.get(key) is not None): row
        for row in rows
        if isinstance(row, dict)
    }
    return {name: row for name, row in named.items() if name}


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    both = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (old, new))
    return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=1e-12) if both else bool(old == new)


def _said(value: Any) -> str:
    text = f"{value:.12g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def count(value: Any) -> int:
    """Numbers anywhere inside."""
    if isinstance(value, dict | list):
        return sum(count(entry) for entry in (value.values() if isinstance(value, dict) else value))
    return int(isinstance(value, int | float) and not isinstance(value, bool))
