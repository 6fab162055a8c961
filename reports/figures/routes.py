"""Route bars: which share of an agent's submissions came about by which route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from posttrace.analysis.routes.route import UNKNOWN
from posttrace.reports import style
from posttrace.reports.figures.groups import name_groups, positions
from posttrace.reports.figures.legend import place
from posttrace.reports.figures.names import fitted
from posttrace.reports.style import WIDE, Page

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = ("task", "agent_label", "route", "submissions", "of", "share_pct")
"""One row a route of an agent on a task; the shares of an agent add up to 100. Drawn from top to bottom in
the table's order; ``task`` starts a new group. ``submissions`` of ``of`` have the route."""

LETTER_PCT: Final = 1.05
"""Room that a letter of a name takes, with a little to spare."""


class Look(NamedTuple):
    """Colour and hatch of a route: either alone tells it from the others."""

    colour: str
    hatch: str


LOOKS: Final = {
    "no_train": Look(style.FAINT, ""),
    "sft": Look("#56B4E9", ""),
    "rft": Look("#56B4E9", "////"),
    "pretrain": Look("#0072B2", "----"),
    "distill": Look("#0072B2", "ooo"),
    "grpo": Look("#E69F00", "\\\\\\\\"),
    "reinforce": Look("#E69F00", "||||"),
    "ppo": Look("#D55E00", "xxxx"),
    "dpo": Look("#CC79A7", "++++"),
}
"""Routes of one stage, colour-blind-safe; every other route is a sequence and gets one of ``SEQUENCES``."""
UNKNOWN_LOOK: Final = Look("#ffffff", "....")
SEQUENCES: Final = (
    Look("#009E73", "//"),
    Look("#009E73", "\\\\"),
    Look("#009E73", "xx"),
    Look("#7FCEB9", "++"),
    Look("#7FCEB9", "||"),
    Look("#7FCEB9", "--"),
)


def routes(table: pd.DataFrame, *, page: Page = WIDE) -> Figure:
    """Draw one stacked bar for each task and agent, its parts named where they have room."""
    from matplotlib.figure import Figure

    bars = table[["task", "agent_label"]].drop_duplicates()
    rows = positions(bars["task"])
    looks = _looks(table)
    with style.applied(page):
        height = page.inches(1.1 + 0.29 * (rows[-1] + 1 if rows else 1))
        figure = Figure(figsize=(page.width_in, height), layout="constrained")
        axes = figure.add_subplot()
        for y, (_, agent) in zip(rows, bars.iterrows(), strict=True):
            parts = table[(table["task"] == agent["task"]) & (table["agent_label"] == agent["agent_label"])]
            _draw_bar(axes, y, parts, looks, LETTER_PCT * 6 / page.fits(6))
        names = fitted(bars["agent_label"], 0.3 * page.width_in, 8)
        axes.set_yticks(rows, [names[name] for name in bars["agent_label"]])
        name_groups(axes, bars["task"], rows, page.width_in)
        _dress(axes, rows)
        if table.empty:
            figure.text(0.5, 0.5, style.NOTHING, ha="center")
        place(figure, _legend(looks))
        return style.settled(figure)


def _looks(table: pd.DataFrame) -> dict[str, Look]:
    """Route -> its look, the same in every bar, in the order of bars and legend: what is not known last."""
    present = set(table["route"])
    sequences = sorted(present - {*LOOKS, UNKNOWN})
    looks = {
        **LOOKS,
        **{route: SEQUENCES[i % len(SEQUENCES)] for i, route in enumerate(sequences)},
        UNKNOWN: UNKNOWN_LOOK,
    }
    return {route: look for route, look in looks.items() if route in present}


def _draw_bar(axes: Axes, y: float, parts: pd.DataFrame, looks: dict[str, Look], letter: float) -> None:
    order = list(looks)
    start = 0.0
    for part in sorted(parts.to_dict("records"), key=lambda row: order.index(row["route"])):
        look, share = looks[part["route"]], part["share_pct"]
        axes.barh(
            y,
            share,
            left=start,
            height=0.72,
            color=look.colour,
            hatch=look.hatch,
            edgecolor=style.INK,
            linewidth=0.6,
        )
        text = f"{part['route']} {part['submissions']}"
        if share >= letter * (len(text) + 1):
            _name(axes, (start + share / 2, y), text)
        start += share
    total = parts["of"].iloc[0]
    axes.annotate(f"n = {total}", (101, y), va="center", fontsize=style.pt(8), annotation_clip=False)


def _name(axes: Axes, place: tuple[float, float], text: str) -> None:
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
    axes.annotate(text, place, ha="center", va="center", fontsize=style.pt(7.5), bbox=box)


def _dress(axes: Axes, rows: list[float]) -> None:
    axes.set_xlim(0, 100)
    axes.set_ylim((rows[-1] if rows else 0) + 0.6, -0.1)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("share of the submissions received, %")


def _legend(looks: dict[str, Look]) -> list[Any]:
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=look.colour, hatch=look.hatch, edgecolor=style.INK, linewidth=0.6, label=route)
        for route, look in looks.items()
    ]
