"""Every simulation by name, run case by case, each with random numbers of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from types import ModuleType
from typing import Protocol

import numpy as np
import pandas as pd

from benchmarks.noise import (
    adaptive,
    bias,
    clusters,
    detection,
    no_items,
    practice,
    type_one,
    upper,
)
from benchmarks.noise.estimate import Row, generator

SIMULATIONS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (practice, type_one, upper, bias, clusters, adaptive, detection, no_items)
}
"""Name -> module with ``TITLE``, ``TEXT`` and ``cases(full)``."""


class Case(Protocol):
    """One row of a table."""

    def row(self, rng: np.random.Generator) -> Row:
        """Simulate it."""
        ...


def simulate(name: str, full: bool, seed: int, processes: int) -> Iterator[Row]:
    """Rows of one table, in order, as they come.

    A row depends on the seed and its own case, not on the others nor on the number of processes.
    """
    cases: list[Case] = SIMULATIONS[name].cases(full)
    # spawned: a fresh process reads the number of BLAS threads from the environment
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield from pool.map(partial(_row, seed), cases)


def _row(seed: int, case: Case) -> Row:
    return case.row(generator(seed, repr(case)))


def section(name: str, rows: list[Row]) -> str:
    """A table as Markdown under its title; for a grid its summary comes first."""
    module, frame = SIMULATIONS[name], pd.DataFrame(rows)
    tables = [module.summary(frame), frame] if hasattr(module, "summary") else [frame]
    texts = [table.astype(str).to_markdown(index=False, disable_numparse=True) for table in tables]
    return "\n\n".join([f"## {module.TITLE}", module.TEXT, *texts])
