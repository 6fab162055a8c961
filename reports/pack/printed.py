"""A table as it is printed for people: what is read of it, in words, and a caption that says the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from posttrace.analysis.across.runs import UNSET
from posttrace.reports.display import MINUS, level
from posttrace.reports.pack.views import PRINTINGS, Printing
from posttrace.reports.pack.words import head, in_words, legend
from posttrace.reports.style import VERDICT_MARKS
from posttrace.reports.terminal.study import viewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from posttrace.reports.pack.material import Material

MOST_ROWS: Final = 120
"""Of a printed table: two pages of a paper."""
MOST_REASONS: Final = 3
"""For rows without a number."""
LETTERED: Final = 6
"""Reasons that are letters in the rows, and words in the caption."""
MOST_LETTERS: Final = 60
"""Of what is the same in every row, to be said in the caption."""
ORDER: Final = ("task", "agent_label", "seed")
"""Columns by which rows of runs and cells are sorted."""


@dataclass(frozen=True)
class Printed:
    """Cells as they are read, under heads with units; sentences of the caption; rows that are not shown."""

    cells: pd.DataFrame
    says: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """The sentences as one text."""
        left_out = f"Not shown, but in CSV and JSON: {'; '.join(self.hidden)}."
        return " ".join([*self.says, *([left_out] if self.hidden else [])])

    def without(self, rows: pd.Series, what: str) -> Printed:
        """Without these rows, unless there are no others; ``what`` they are."""
        if not rows.any() or rows.all():
            return self
        return replace(self, cells=self.cells[~rows], hidden=(*self.hidden, f"{rows.sum():,} {what}"))


def printing(name: str, table: str | None = None) -> Callable[[pd.DataFrame, Material], Printed]:
    """How the sheet of this name, or of this ``table`` of a study, is printed."""
    return partial(_printed, PRINTINGS[name if name in PRINTINGS else table or name])


def as_it_is(row: str, table: pd.DataFrame, material: Material) -> Printed:
    """All columns that are not empty of a table that is for programs; ``row``: what a row is."""
    there = [name for name in table if table[name].notna().any()]
    cells = in_words(table[there], material.settings.delta_eq)
    shown = _varying(_cut(Printed(cells, (f"One row: {row}.",))), Printing("", "*"))
    return replace(shown, cells=shown.cells.rename(columns=head))


def _printed(view: Printing, table: pd.DataFrame, material: Material) -> Printed:
    delta = material.settings.delta_eq
    shown = Printed(_named(table, material), (view.title.format(level=level(material.settings.alpha)),))
    shown = _marked(_kept(view, shown, delta), view.marked, delta)
    cells = shown.cells if view.shape is None else view.shape(shown.cells)
    cells = _sorted(_viewed(view, in_words(cells, delta, view.codes.split())))
    shown = _varying(_lettered(_cut(replace(shown, cells=cells))), view)
    return replace(shown, cells=shown.cells.rename(columns=partial(_head, view)))


def _named(table: pd.DataFrame, material: Material) -> pd.DataFrame:
    """With labels that tell cells apart, and only what is said of more than one cell."""
    if "by" in table:
        table = table[table["by"] != "cell_id"]
        return table.assign(rate=table["rate"] + ", of " + table["denominator"])
    if "run_id" in table:
        runs = material.verdicts.set_index("run_id")
        missing = [name for name in ("task", "agent_label", "seed") if name not in table]
        return table.assign(**{name: table["run_id"].map(runs[name]) for name in missing})
    if {"task", "cell_id", "agent_label"} <= {*table}:
        return table.assign(task=table["task"].where(table["task"] != "", table["cell_id"]))  # "all cells"
    return table


def _kept(view: Printing, shown: Printed, delta_eq: float) -> Printed:
    """The rows that say something; of a table that is too long, the main ones."""
    if view.telling:
        silent = shown.cells[view.telling].isna()
        reasons = _reasons(in_words(shown.cells[silent], delta_eq))
        shown = shown.without(silent, f"rows without a number ({reasons})")
    if view.only is not None:
        shown = shown.without(~view.only.rows(shown.cells), view.only.others)
    if view.main is not None and len(shown.cells) > MOST_ROWS:
        shown = shown.without(~view.main.rows(shown.cells), view.main.others)
    return shown


def _reasons(silent: pd.DataFrame) -> str:
    """All of them, or the most frequent ones without their details."""
    counts = silent["reason"].value_counts()
    if len(counts) > MOST_REASONS:
        counts = silent["reason"].str.split(":").str[0].value_counts()
    first = [f"{reason}: {n:,}" for reason, n in counts.head(MOST_REASONS).items()]
    rest = counts.iloc[MOST_REASONS:].sum()
    return ", ".join([*first, *([f"others: {rest:,}"] if rest else [])])


def _marked(shown: Printed, column: str, delta_eq: float) -> Printed:
    """Verdicts as their marks, which the caption explains."""
    if not column:
        return shown
    codes = shown.cells[column]
    cells = shown.cells.assign(**{column: [VERDICT_MARKS[code].symbol for code in codes]})
    return replace(shown, cells=cells, says=(*shown.says, f"Verdict: {legend(codes, delta_eq)}."))


def _cut(shown: Printed) -> Printed:
    """The first ``MOST_ROWS`` rows, and how many more there are."""
    after = pd.Series(range(len(shown.cells)), index=shown.cells.index) >= MOST_ROWS
    return shown.without(after, f"more rows than the first {MOST_ROWS}")


def _viewed(view: Printing, table: pd.DataFrame) -> pd.DataFrame:
    """Counts are whole numbers also where some are not known."""
    scaled = {*view.points.split(), *view.scores.split()}
    kept = {*scaled, *view.chances.split(), *_results(view)}
    floats = [name for name in table.select_dtypes("float") if name not in kept]
    counts = [name for name in floats if (table[name].dropna() % 1 == 0).all()]
    whole = table.astype(dict.fromkeys(counts, "Int64"))
    shown = viewed(whole, replace(view, points=" ".join(scaled)))
    shown = shown.replace({"inf": "\N{INFINITY}", "-inf": f"{MINUS}\N{INFINITY}"})
    if scaled and not scaled & {*shown}:  # a table of names alone would hide that there is no number
        shown[view.points.split()[0]] = None
    return shown


def _results(view: Printing) -> set[str]:
    return {*view.points.split(), view.telling, "low", "high"}


def _sorted(shown: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in ORDER if name in shown]
    if keys[:1] != ["task"] or len(keys) < 2:
        return shown
    last = (shown["task"] == "all cells").rename("last")
    return shown.loc[shown[keys].assign(last=last).sort_values(["last", *keys], kind="stable").index]


def _lettered(shown: Printed) -> Printed:
    """Reasons as letters, said once in the caption, where they are few; the last column."""
    table = shown.cells
    if "reason" not in table:
        return shown
    reasons = [reason for reason in dict.fromkeys(table["reason"].dropna()) if reason]
    if len(reasons) > LETTERED:
        return shown
    rest = table.drop(columns="reason")
    if len(reasons) == 1 and (table["reason"] == reasons[0]).all():
        return replace(shown, cells=rest, says=(*shown.says, f"Note: {reasons[0]}."))
    letters = {reason: chr(ord("a") + i) for i, reason in enumerate(reasons)}
    said = "; ".join(f"{letter}: {reason}" for reason, letter in letters.items())
    noted = rest.assign(note=table["reason"].map(letters).fillna(""))
    return replace(shown, cells=noted, says=(*shown.says, f"Notes: {said}."))


def _varying(shown: Printed, view: Printing) -> Printed:
    """Without what is the same in every row of several and is no result: the caption says it once."""
    table = shown.cells
    if len(table) < 2:
        return shown
    # a column that values went across into has a head of words
    settings = [name for name in table if str(name).isidentifier() and name not in _results(view)]
    texts = {name: table[name].map(str) for name in settings if table[name].notna().all()}
    first = {str(name): text.iloc[0] for name, text in texts.items() if text.nunique() == 1}
    told = {name: text for name, text in first.items() if text not in (UNSET, "", "True", "False")}
    said = [_said(name, text) for name, text in told.items() if len(text) <= MOST_LETTERS]
    long = [head(name) for name, text in told.items() if len(text) > MOST_LETTERS]
    hidden = (f"{', '.join(long)}, the same in every row",) if long else ()
    return Printed(
        table.drop(columns=list(first)),
        (*shown.says, *([f"In every row: {', '.join(said)}."] if said else [])),
        (*shown.hidden, *hidden),
    )


def _said(name: str, text: str) -> str:
    what, _, unit = head(name).partition(", ")
    return f"{what} {text.removesuffix('.0')} {unit}".strip()


def _head(view: Printing, name: Any) -> str:
    unit = ", pp" if name in view.points.split() else ", %" if name in view.scores.split() else ""
    return head(name) + unit
