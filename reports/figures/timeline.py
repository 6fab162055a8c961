"""Timeline of one run: its scores above, and below what ran, what changed and what was written when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.labels import RIGHT, Label, place_labels
from posttrace.reports.figures.legend import key, place, rows_in
from posttrace.reports.figures.names import drawable
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("lane", "row", "kind", "start_s", "end_s", "score_pct", "label", "submission_id")
"""One row an event of the run; times in seconds since its start.

``lane``: submission, command, revision, model. ``row``: the script or folder. ``kind``: of a submission as in
``trajectories``, of a command how it ended (``reports.commands``), of a model written or base, of a revision
what caused it. ``label``: route of a submission, lines of a revision. ``end_s``: NaN where there is none.
``submission_id`` is a nullable integer."""

MAX_ROWS: Final = 8
"""Scripts, or folders, that have a line of their own; the others share one."""
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "ended": {"facecolor": "#0072B2"},
    "session": {"facecolor": style.FAINT},
    "unfinished": {"facecolor": "#0072B2", "alpha": 0.4},
    "no_model": {"facecolor": "white", "edgecolor": "#D55E00", "linewidth": 1.2},
    "failed": {"facecolor": "#F5C7A9", "edgecolor": "#D55E00", "hatch": "xxxx"},
}
SAID: Final = {
    "ended": "command",
    "session": "session that started commands",
    "unfinished": "end not seen",
    "no_model": "command that left no model",
    "failed": "failed command",
    "scored": "submission: number",
    "lost": "submission without a score",
    "revision": "code changed: lines",
    "written": "model folder written",
    "base": "copy of the base",
}
MARKS: Final[dict[str, dict[str, Any]]] = {
    "scored": {"marker": "o", "color": style.INK, "markersize": 4.5},
    "lost": {"marker": "x", "color": style.INK},
    "revision": {"marker": "|", "color": "#009E73", "markersize": 9, "markeredgewidth": 1.6},
    "written": {"marker": "D", "color": "#CC79A7", "markersize": 5},
    "base": {"marker": "D", "color": "#CC79A7", "markersize": 5, "markerfacecolor": "white"},
}
"""Of submissions, changes and models."""
LANES: Final = (
    ("submission", "label", "route {}", "other routes"),
    ("command", "row", "{}", "other commands"),
    ("revision", "row", "{}", ""),
    ("model", "row", "{}", "other models"),
)
"""Lane, the column that names its rows, how a row is called, and how rows are that share one."""
SCORES: Final = 1.75
"""Height of the scores, in inches at full size."""
ROW: Final = 0.24
FLOOR: Final = 0.06
"""Height, in axes units, of submissions without a score."""
LETTERS: Final = 26
"""Of a row's name."""
UNITS: Final = ((180.0, 1.0, "seconds"), (3 * 3600.0, 60.0, "minutes"), (np.inf, 3600.0, "hours"))


def timeline(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw one run: the score of each submission, and below, on the same clock, a lane for each route that
    submissions came by, for each script, for the code and for each model folder.

    Numbers of submissions and lines of changes stand where there is room for them.
    """
    from matplotlib.figure import Figure

    rows = _rows(table)
    end = float(np.nanmax(table[["start_s", "end_s"]].to_numpy(), initial=1.0))
    scale, unit = next((scale, unit) for limit, scale, unit in UNITS if end <= limit)
    with style.applied(page):
        keys = _legend(table)
        below = 0.5 + ROW * max(len(rows), 1)
        height = page.inches(SCORES + below) + rows_in([str(k.get_label()) for k in keys], page.width_in)
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[SCORES, below])
        numbers = _draw_scores(upper, table[table["lane"] == "submission"], scale)
        changes = []
        for y, (lane, _, part) in enumerate(rows):
            changes += _draw_lane(lower, y, lane, part.to_dict("records"), (scale, end))
        _dress(lower, [name for _, name, _ in rows], end / scale)
        sent = table[(table["lane"] == "submission") & (table["kind"] != "baseline")]
        for moment in sent["start_s"] / scale:
            lower.axvline(moment, color=style.MUTED, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
        lower.set_xlabel(f"{unit} since the start" + (" (dotted: submissions)" if len(sent) else ""))
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        place(figure, keys)
        style.settled(figure)
        place_labels(figure, upper, numbers, style.pt(7.5))
        place_labels(figure, lower, changes, style.pt(7.5), RIGHT)
        return figure


def _rows(table: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """(lane, name, events) from top to bottom, in the order in which names first appear."""
    found: list[tuple[str, str, pd.DataFrame]] = []
    for lane, column, called, others in LANES:
        events = table[(table["lane"] == lane) & table[column].notna()]
        names = list(dict.fromkeys(events[column]))
        most = len(names) if len(names) <= MAX_ROWS else MAX_ROWS - 1
        found += [(lane, _cut(called.format(name)), events[events[column] == name]) for name in names[:most]]
        if rest := names[most:]:
            found.append((lane, f"{len(rest)} {others}", events[events[column].isin(rest)]))
    return found


def _cut(name: str) -> str:
    """The end of a path tells more than its beginning."""
    name = drawable(name)
    return name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"


def _draw_scores(axes: Axes, rows: pd.DataFrame, scale: float) -> list[Label]:
    """Draw the scores; the numbers of submissions are left to be placed."""
    base = rows.loc[rows["kind"] == "baseline", "score_pct"]
    if base.notna().any():
        axes.axhline(base.iloc[0], color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    sent = rows[rows["kind"] != "baseline"]
    scored = sent[sent["score_pct"].notna()]
    axes.plot(scored["start_s"] / scale, scored["score_pct"], "-", color=style.FAINT, zorder=1)
    axes.plot(scored["start_s"] / scale, scored["score_pct"], "o", color=style.INK, markersize=4.5)
    lost = sent[sent["score_pct"].isna()]
    floor = axes.get_xaxis_transform()
    axes.plot(lost["start_s"] / scale, [FLOOR] * len(lost), "x", color=style.INK, transform=floor)
    axes.margins(y=0.22)
    axes.set_ylabel("score, %")
    return [
        Label(str(row["submission_id"]), (row["start_s"] / scale, row["score_pct"]), axes.transData)
        if np.isfinite(row["score_pct"])
        else Label(str(row["submission_id"]), (row["start_s"] / scale, FLOOR), floor)
        for row in sent.to_dict("records")
    ]


def _draw_lane(
    axes: Axes, y: int, lane: str, rows: list[dict[Any, Any]], span: tuple[float, float]
) -> list[Label]:
    """Draw the events of a lane; the lines of changes are left to be placed."""
    scale, end = span
    for row in rows:
        start = row["start_s"] / scale
        if lane == "command":
            stop = (row["end_s"] if np.isfinite(row["end_s"]) else end) / scale
            width = max(stop - start, 0.004 * end / scale)  # a short one is still seen
            axes.barh(y, width, left=start, height=0.5, **{"edgecolor": "none", **COMMANDS[row["kind"]]})
        else:
            axes.plot([start], [y], **MARKS[_mark(row)])
    if lane != "revision":
        return []
    return [Label(row["label"], (row["start_s"] / scale, y), axes.transData) for row in rows]


def _mark(row: dict[Any, Any]) -> str:
    if row["lane"] != "submission":
        return str(row["kind"] if row["lane"] == "model" else "revision")
    return "scored" if np.isfinite(row["score_pct"]) else "lost"


def _dress(axes: Axes, names: list[str], end: float) -> None:
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.01 * end, 1.02 * end)
    for y in range(len(names)):
        axes.axhline(y, color=style.FAINT, linewidth=0.6, zorder=0)


def _legend(table: pd.DataFrame) -> list[Any]:
    """Keys of what is drawn, and of nothing else."""
    from matplotlib.patches import Patch

    keys = []
    sent = table[table["lane"] == "submission"]
    if sent.loc[sent["kind"] == "baseline", "score_pct"].notna().any():
        keys.append(key("baseline", color=style.MUTED, linestyle=(0, (4, 2)), marker=""))
    there = {
        _mark(row)
        for row in table[table["lane"] != "command"].to_dict("records")
        if row["kind"] != "baseline"
    }
    keys += [key(SAID[mark], **look) for mark, look in MARKS.items() if mark in there]
    kinds = set(table.loc[table["lane"] == "command", "kind"])
    patches = [
        Patch(**{"edgecolor": "none", **look}, label=SAID[kind])
        for kind, look in COMMANDS.items()
        if kind in kinds
    ]
    return [*keys, *patches]
