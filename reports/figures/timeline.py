"""Timeline of one run: its scores above, and below what ran, what changed and what was written when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from posttrace.reports import style
from posttrace.reports.figures.legend import key

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

WIDTH: Final = 9.4
MAX_ROWS: Final = 8
"""Scripts, or folders, that have a line of their own; the others share one."""
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "ended": {"facecolor": "#0072B2"},
    "session": {"facecolor": style.FAINT},
    "unfinished": {"facecolor": "#0072B2", "alpha": 0.4},
    "no_model": {"facecolor": "white", "edgecolor": "#D55E00", "linewidth": 1.2},
    "failed": {"facecolor": "#D55E00", "edgecolor": "#D55E00", "hatch": "xxxx"},
}
SAID: Final = {
    "ended": "command",
    "session": "session that started commands",
    "unfinished": "end not seen",
    "no_model": "command that left no model",
    "failed": "failed command",
}
UNITS: Final = ((180.0, 1.0, "seconds"), (3 * 3600.0, 60.0, "minutes"), (np.inf, 3600.0, "hours"))


def timeline(table: pd.DataFrame) -> Figure:
    """Draw one run: score and route of each submission, and the lanes below on the same clock."""
    from matplotlib.figure import Figure

    rows = _rows(table)
    end = float(np.nanmax(table[["start_s", "end_s"]].to_numpy(), initial=1.0))
    scale, unit = next((scale, unit) for limit, scale, unit in UNITS if end <= limit)
    with style.applied():
        below = 0.30 + 0.24 * max(len(rows), 1)
        figure = Figure(figsize=(WIDTH, 2.6 + below), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.0, below])
        _draw_scores(upper, table[table["lane"] == "submission"], scale, end)
        for y, (lane, row, names) in enumerate(rows):
            part = table[(table["lane"] == lane) & table["row"].isin(names)]
            _draw_lane(lower, y, lane, part.to_dict("records"), (scale, end))
            lower.annotate(row, (-0.008, y), xycoords=("axes fraction", "data"), **_RIGHT)
        sent = table[(table["lane"] == "submission") & (table["kind"] != "baseline")]
        for moment in sent["start_s"] / scale:
            lower.axvline(moment, color=style.MUTED, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
        _dress(lower, len(rows), end / scale, f"{unit} since the start")
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        figure.legend(handles=_legend(table), loc="outside upper left", ncols=4, borderaxespad=0.2)
        return style.settled(figure)


_RIGHT: Final[dict[str, Any]] = {"ha": "right", "va": "center", "fontsize": 8, "annotation_clip": False}


def _rows(table: pd.DataFrame) -> list[tuple[str, str, list[str]]]:
    """(lane, name, rows of the table) from top to bottom, in the order in which they first appear."""
    found: list[tuple[str, str, list[str]]] = []
    for lane, others in (("command", "other commands"), ("revision", ""), ("model", "other models")):
        names = list(dict.fromkeys(table.loc[table["lane"] == lane, "row"]))
        kept, rest = (names, []) if len(names) <= MAX_ROWS else (names[: MAX_ROWS - 1], names[MAX_ROWS - 1 :])
        found += [(lane, name, [name]) for name in kept]
        found += [(lane, f"{len(rest)} {others}", rest)] if rest else []
    return found


def _draw_scores(axes: Axes, rows: pd.DataFrame, scale: float, end: float) -> None:
    base = rows.loc[rows["kind"] == "baseline", "score_pct"]
    if base.notna().any():
        axes.axhline(base.iloc[0], color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    sent = rows[rows["kind"] != "baseline"]
    scored = sent[sent["score_pct"].notna()]
    axes.plot(scored["start_s"] / scale, scored["score_pct"], "-", color=style.FAINT, zorder=1)
    axes.plot(scored["start_s"] / scale, scored["score_pct"], "o", color=style.INK, markersize=4.5)
    lost = sent[sent["score_pct"].isna()]
    floor = axes.get_xaxis_transform()
    axes.plot(lost["start_s"] / scale, [0.05] * len(lost), "x", color=style.INK, transform=floor)
    for row in sent.to_dict("records"):
        has = np.isfinite(row["score_pct"])
        where = (row["start_s"] / scale, row["score_pct"] if has else 0.05)
        route = f" · {row['label']}" if isinstance(row["label"], str) else ""
        text = f"{row['submission_id']}{route}"
        late = row["start_s"] > 0.8 * end
        axes.annotate(
            text,
            where,
            xycoords="data" if has else floor,
            xytext=(-5 if late else 5, 5),
            textcoords="offset points",
            fontsize=7.5,
            ha="right" if late else "left",
        )
    axes.margins(y=0.22)
    axes.set_ylabel("score, %")


def _draw_lane(axes: Axes, y: int, lane: str, rows: list[dict[Any, Any]], span: tuple[float, float]) -> None:
    scale, end = span
    for row in rows:
        start = row["start_s"] / scale
        if lane == "command":
            stop = (row["end_s"] if np.isfinite(row["end_s"]) else end) / scale
            width = max(stop - start, 0.004 * end / scale)  # a short one is still seen
            axes.barh(y, width, left=start, height=0.5, **{"edgecolor": "none", **COMMANDS[row["kind"]]})
        elif lane == "revision":
            axes.plot([start], [y], "|", color="#009E73", markersize=9, markeredgewidth=1.6)
            axes.annotate(row["label"], (start, y), (3, -3), textcoords="offset points", fontsize=6.5)
        else:
            fill = "white" if row["kind"] == "base" else "#CC79A7"
            axes.plot([start], [y], "D", color="#CC79A7", markerfacecolor=fill, markersize=5)


def _dress(axes: Axes, n_rows: int, end: float, label: str) -> None:
    axes.set_ylim(max(n_rows, 1) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.01 * end, 1.02 * end)
    axes.set_xlabel(label)
    for y in range(n_rows):
        axes.axhline(y, color=style.FAINT, linewidth=0.6, zorder=0)


def _legend(table: pd.DataFrame) -> list[Any]:
    from matplotlib.patches import Patch

    keys = [
        key("baseline", color=style.MUTED, linestyle=(0, (4, 2)), marker=""),
        key("submission: number · route", marker="o", markersize=4.5),
    ]
    sent = table[(table["lane"] == "submission") & (table["kind"] != "baseline")]
    if sent["score_pct"].isna().any():
        keys.append(key("submission without a score", marker="x"))
    kinds = set(table.loc[table["lane"] == "command", "kind"])
    patches = [
        Patch(**{"edgecolor": "none", **look}, label=SAID[kind])
        for kind, look in COMMANDS.items()
        if kind in kinds
    ]
    if (table["lane"] == "revision").any():
        keys.append(key("code changed, lines", color="#009E73", marker="|", markeredgewidth=1.6))
    models = set(table.loc[table["lane"] == "model", "kind"])
    if "written" in models:
        keys.append(key("model folder written", color="#CC79A7", marker="D"))
    if "base" in models:
        keys.append(key("copy of the base", color="#CC79A7", marker="D", markerfacecolor="white"))
    return [*keys, *patches]
