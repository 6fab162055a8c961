"""Score trajectories: every submission of every run against its own baseline and the noise of one scoring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from posttrace.analysis.arrays import FloatArray
from posttrace.reports import style
from posttrace.reports.figures.legend import key, place
from posttrace.reports.figures.names import LINE, PARTS, more_lines, titles
from posttrace.reports.figures.timeline import UNITS
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = (
    "run_id",
    "task",
    "agent_label",
    "seed_label",
    "verdict",
    "kind",
    "submission_id",
    "elapsed_min",
    "score_pct",
    "noise_pp",
    "is_winner",
)
"""One row a submission, and one a run with ``kind`` = ``baseline`` and ``submission_id`` = 0.

``kind``: baseline, scored, base_copy, duplicate, failed. ``score_pct``: NaN for what has no score of its own.
``noise_pp``: half the width of the band of one scoring, on baseline rows.
``verdict``: the run's code. ``tokens_k`` is a column where a figure is drawn over tokens."""

X = Literal["submission_id", "elapsed_min", "tokens_k"]
AXES: Final[dict[X, str]] = {
    "submission_id": "submission",
    "elapsed_min": "{} since the start",
    "tokens_k": "thousand tokens of the agent, input and output",
}
MAX_COLUMNS = 5
SHAPES = {"failed": "x", "duplicate": "|"}


@dataclass(frozen=True)
class _Run:
    """The rows of a run as arrays, from left to right."""

    seed: str
    verdict: str
    band: tuple[float, float]
    """Score of its baseline and half the width of the noise around it."""
    at: FloatArray
    score: FloatArray
    kind: NDArray[np.object_]
    won: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pd.DataFrame, x: str) -> _Run:
        at = rows[x].to_numpy(dtype=np.float64)
        order = np.argsort(at, kind="stable")
        score, noise = (rows[name].to_numpy(dtype=np.float64)[order] for name in ("score_pct", "noise_pp"))
        kind = rows["kind"].to_numpy(dtype=object)[order]
        base = int(np.flatnonzero(kind == "baseline")[0])
        band = float(score[base]), float(noise[base])
        won = rows["is_winner"].to_numpy(dtype=bool)[order]
        return cls(rows["seed_label"].iloc[0], rows["verdict"].iloc[0], band, at[order], score, kind, won)

    @property
    def scored(self) -> NDArray[np.bool_]:
        return np.isfinite(self.score)


def trajectories(table: pd.DataFrame, *, x: X = "submission_id", page: Page = WIDE) -> Figure:
    """Draw small multiples, one panel for each task and agent, one line a seed.

    A submission without a score is a mark on the panel's floor and never a 0. The step line is the best so
    far; the run's best submission carries the shape and colour of the run's verdict.
    """
    from matplotlib.figure import Figure

    if x == "elapsed_min":
        table, label = _clocked(table)
    else:
        label = AXES[x]
    grid = _grid(table)
    n_rows = 1 + max(row for row, _ in grid.values()) if grid else 1
    n_columns = 1 + max(column for _, column in grid.values()) if grid else 1
    colours = _colours(table)
    with style.applied(page):
        width = page.width_in if n_columns > 2 else page.width_in * 0.7
        named = {pair: PARTS.join(pair) for pair in grid}
        said = titles(named.values(), (width - page.inches(0.5)) / n_columns - 0.1)
        panels = n_rows * (1.75 * (0.55 + 0.45 * page.width_in / WIDE.width_in) + LINE * more_lines(said))
        size = (width, min(page.inches(0.75) + panels, max(page.height_in, 1.1 * n_rows)))
        figure = Figure(figsize=size, layout="constrained")
        for (task, agent), (row, column) in grid.items():
            axes = figure.add_subplot(n_rows, n_columns, row * n_columns + column + 1)
            panel = table[(table["task"] == task) & (table["agent_label"] == agent)]
            _draw_panel(axes, panel, x, colours)
            axes.set_ylim(*_limits(table[table["task"] == task]))
            axes.set_title(said[named[task, agent]])
            if column == 0:
                axes.set_ylabel("score, %")
            else:
                axes.tick_params(labelleft=False)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.supxlabel(label, fontsize=style.pt(8.5))
        place(figure, _legend(table))
        return style.settled(figure)


def _clocked(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The same with ``elapsed_min`` in the unit that fits the longest run, and how the axis is called."""
    longest = 60 * float(np.nanmax(table["elapsed_min"].to_numpy(dtype=float), initial=1.0))
    scale, unit = next((scale, unit) for limit, scale, unit in UNITS if longest <= limit)
    return table.assign(elapsed_min=60 * table["elapsed_min"] / scale), AXES["elapsed_min"].format(unit)


def _grid(table: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    """Place of each (task, agent): a task starts a row, and wraps evenly where it has too many panels."""
    places: dict[tuple[str, str], tuple[int, int]] = {}
    row = -1
    pairs = table[["task", "agent_label"]].drop_duplicates()
    widest = int(pairs["task"].value_counts().max()) if len(pairs) else 1
    columns = math.ceil(widest / math.ceil(widest / MAX_COLUMNS))
    for task, group in pairs.groupby("task", sort=False):
        for i, agent in enumerate(group["agent_label"]):
            row += i % columns == 0
            places[str(task), str(agent)] = (row, i % columns)
    return places


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Score axis shared by the panels of one task; the lowest part is the floor for what has no score."""
    scored, noise = rows["score_pct"].dropna(), rows["noise_pp"].fillna(0)
    low, high = 0.0, 100.0
    if len(scored):
        low, high = float((scored - noise).min()), float((scored + noise).max())
    span = max(high - low, 1.0)
    return low - 0.22 * span, high + 0.10 * span


def _colours(table: pd.DataFrame) -> dict[str, str]:
    """Seed -> its colour, the same in every panel."""
    seeds = sorted(table["seed_label"].unique(), key=lambda label: (len(label), label))
    return {seed: style.SEED_COLOURS[i % len(style.SEED_COLOURS)] for i, seed in enumerate(seeds)}


def _draw_panel(axes: Axes, panel: pd.DataFrame, x: str, colours: dict[str, str]) -> None:
    seen: set[tuple[float, float]] = set()
    for i, (_, rows) in enumerate(panel.groupby("run_id", sort=False)):
        run = _Run.of(rows, x)
        colour = colours[run.seed]
        if run.band not in seen and np.isfinite(run.band[0]):
            seen.add(run.band)
            _draw_baseline(axes, *run.band)
        _draw_run(axes, run, colour)
        _draw_floor(axes, run, (colour, 0.04 + 0.06 * (i % 3)))
    if x == "submission_id":
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        axes.set_xlim(-0.4, max(1, panel["submission_id"].max()) + 0.6)
    elif not panel[x].max() > 0:  # nothing but baselines, at 0
        axes.set_xlim(0, 1)


def _draw_baseline(axes: Axes, score: float, noise: float) -> None:
    if np.isfinite(noise):
        axes.axhspan(score - noise, score + noise, color=style.FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.axhline(score, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)


def _draw_run(axes: Axes, run: _Run, colour: str) -> None:
    at, score = run.at[run.scored], run.score[run.scored]
    if len(at):
        end = max(np.nanmax(run.at), at.max())
        steps = [*at, end], [*np.maximum.accumulate(score), score.max()]
        axes.step(*steps, where="post", color=colour, linewidth=1.1, alpha=0.8, zorder=2)
    points = run.scored & (run.kind != "baseline")
    if points.any():
        axes.plot(run.at[points], run.score[points], "o", color=colour, markersize=3.2, zorder=3)
    copies = run.scored & (run.kind == "base_copy")
    if copies.any():
        look: dict[str, Any] = {"color": colour, "markerfacecolor": "white", "markersize": 3.2}
        axes.plot(run.at[copies], run.score[copies], "o", zorder=4, **look)
    best = points & run.won
    if best.any():
        axes.plot(run.at[best], run.score[best], linestyle="none", zorder=5, **_best(run.verdict))


def _best(verdict: str) -> dict[str, Any]:
    """Look of a run's best submission."""
    mark = style.VERDICT_MARKS[verdict]
    edge = {} if mark.hollow else {"markeredgecolor": style.INK, "markeredgewidth": 0.7}
    return mark.look(6.5) | edge


def _draw_floor(axes: Axes, run: _Run, look: tuple[str, float]) -> None:
    """Mark submissions without a score at a height, in axes units, that no score can be read from."""
    colour, height = look
    for kind, shape in SHAPES.items():
        lost = run.at[run.kind == kind]
        if len(lost):
            at: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "zorder": 3}
            axes.plot(lost, [height] * len(lost), shape, color=colour, markersize=4, **at)


def _seeds(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Seeds that a legend can name; with more of them the colours alone have to do."""
    colours = _colours(table)
    if len(colours) > len(style.SEED_COLOURS):
        return [("colours: seeds", style.INK)]
    return [(seed or "no seed", colour) for seed, colour in colours.items()]


def _legend(table: pd.DataFrame) -> list[Any]:
    from matplotlib.patches import Patch

    kinds = set(table["kind"])
    base = table[(table["kind"] == "baseline") & table["score_pct"].notna()]
    keys: list[Any] = []
    if len(base):
        keys.append(key("baseline", color=style.MUTED, linestyle=(0, (4, 2)), marker=""))
    if base["noise_pp"].notna().any():
        keys.append(Patch(color=style.FAINT, linewidth=0, label="95 % noise of one scoring"))
    seeds = _seeds(table) if kinds - {"baseline"} else []
    keys += [key(f"submission, {seed}", marker="o", markersize=3.2, color=c) for seed, c in seeds]
    if "base_copy" in kinds:
        keys.append(key("copy of the base", marker="o", markersize=3.2, markerfacecolor="white"))
    if "failed" in kinds:
        keys.append(key("no score (failed, rejected)", marker="x"))
    if "duplicate" in kinds:
        keys.append(key("duplicate, not scored again", marker="|"))
    won = set(table.loc[table["is_winner"].astype(bool), "verdict"])
    keys += [
        key(f"best: {code.replace('_', ' ')}", **_best(code)) for code in style.VERDICT_MARKS if code in won
    ]
    return keys
