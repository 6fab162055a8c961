"""A figure of the pack: the rows that it shows, and how they are drawn; or why these data have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from posttrace.analysis.audit.settings import AuditSettings
    from posttrace.reports.pack.material import Material
    from posttrace.reports.style import Page


class Unsupported(Exception):
    """The data do not support a figure or a table; the text is the reason."""


@dataclass(frozen=True)
class Entry:
    """One figure. ``says``: its caption: what it shows, in which units, and what the numbers are out of.

    ``rows``: the finished table, with the runs behind each row in ``run_id`` or ``run_ids``; raises
    ``Unsupported``.
    """

    name: str
    title: str
    says: str
    rows: Callable[[Material], pd.DataFrame]
    draw: Callable[[pd.DataFrame, AuditSettings, Page], Figure]
    reported: str = ""
    """The caption where results are of a table that reports them, if it is another."""

    def caption(self, material: Material) -> str:
        """What the figure shows of these data."""
        return self.reported if self.reported and material.found is None else self.says


@dataclass(frozen=True)
class Made:
    """What became of a figure or table: its files, or the reason why there are none."""

    name: str
    title: str
    says: str
    files: tuple[str, ...] = ()
    reason: str | None = None
