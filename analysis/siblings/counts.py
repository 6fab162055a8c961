"""Which counts fit a printed rate? The integer medals a seed behind a mean and its standard error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import permutations, product
from typing import Literal

import numpy as np

from posttrace.traces.errors import InputError

Counts = tuple[int, ...]
EDGE = 1e-9
"""Slack of a comparison with half a printed unit, in percentage points."""


MOST_SEEDS = 6
"""Seeds whose orders are tried in ``consistent_splits``."""


def _printed(text: str) -> tuple[float, float]:
    """Value and half a unit of the last printed digit, both in percentage points."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InputError(f"{text!r} is not a number as printed; pass a string such as '35.11'") from None
    exponent = value.as_tuple().exponent
    return float(value), 0.5 * 10.0 ** (exponent if isinstance(exponent, int) else 0)


def totals(rate_pct: str, n: int, seeds: int) -> tuple[int, ...]:
    """Medals over all seeds that print as ``rate_pct`` (percent, as printed) of ``n`` competitions a seed."""
    value, half = _printed(rate_pct)
    size = n * seeds
    low, high = (value - half - EDGE) * size / 100, (value + half + EDGE) * size / 100
    return tuple(range(max(0, math.ceil(low)), min(size, math.floor(high)) + 1))


def consistent_counts(
    rate_pct: str,
    error_pct: str,
    n: int,
    seeds: int,
    error_is: Literal["SEM", "SD"] = "SEM",
) -> list[Counts]:
    """Every set of medals per seed (ascending) that prints as this rate and this error.

    The error is that of the seeds: sd (ddof 1) of the rates, divided by sqrt(seeds) for "SEM". Any rounding
    to nearest is allowed for. Empty: the two numbers do not belong to integer counts of ``n`` competitions.
    """
    if seeds < 2:
        raise InputError("an error over seeds needs at least two seeds")
    value, half = _printed(error_pct)
    scale = n / 100 * (math.sqrt(seeds) if error_is == "SEM" else 1.0)
    smallest, largest = (max(0.0, value - half - EDGE) * scale, (value + half + EDGE) * scale)
    found = []
    for total in totals(rate_pct, n, seeds):
        # one count away from the mean by x makes the sum of squares at least x^2 S/(S-1)
        reach = largest * (seeds - 1) / math.sqrt(seeds)
        low, high = max(0, math.ceil(total / seeds - reach)), min(n, math.floor(total / seeds + reach))
        for counts in _ascending(total, seeds, low, high):
            if smallest <= float(np.std(counts, ddof=1)) <= largest:
                found.append(counts)
    return found


def _ascending(total: int, seeds: int, low: int, high: int) -> Iterator[Counts]:
    """Ascending tuples of ``seeds`` integers in low..high with this sum."""
    if seeds == 1:
        if low <= total <= high:
            yield (total,)
        return
    for first in range(low, min(high, total // seeds) + 1):
        if total - first <= high * (seeds - 1):
            for rest in _ascending(total - first, seeds - 1, first, high):
                yield (first, *rest)


def consistent_splits(parts: Sequence[Sequence[Counts]], whole: Sequence[Counts]) -> list[tuple[Counts, ...]]:
    """Seed by seed: one candidate of every part, in an order of seeds, that adds up to one of ``whole``.

    Returns (part, seed) counts with the first part ascending; each set of seeds once.
    """
    if any(len(counts) > MOST_SEEDS for counts in whole):
        raise InputError(f"orders of more than {MOST_SEEDS} seeds are too many to try")
    targets, found = set(whole), set()
    for chosen in product(*parts):
        orders = [sorted(set(permutations(counts))) for counts in chosen[1:]]
        for rest in product(*orders):
            rows = (chosen[0], *rest)
            seeds = sorted(zip(*rows, strict=True))
            if tuple(sorted(sum(seed) for seed in seeds)) in targets:
                found.add(tuple(zip(*seeds, strict=True)))
    return sorted(found)
