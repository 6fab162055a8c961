"""The same work for each of many runs: one after the other here; a caller may bring processes or a cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Each(Protocol):
    """Apply a function that pickles to every item, results in their order; nothing else may differ."""

    def __call__(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        """Results of ``function``."""
        ...


def in_turn(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
    """One after the other, in this process."""
    return map(function, items)
