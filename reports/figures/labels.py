"""Text beside marks where there is room for it: what would lie on other text or marks is left away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox, Transform

SIDES: Final = (((4, 4), "left", "bottom"), ((-4, 4), "right", "bottom"), ((4, -4), "left", "top"))
"""Places around a mark, the best first: distance in points, and which part of the text stands there."""
RIGHT: Final = (((4, 0), "left", "center"),)
MARK: Final = 3.0
"""Half of what a mark takes, in points."""


@dataclass(frozen=True)
class Label:
    """A text, its mark in the units of ``transform``, and what of the figure it must not lie on."""

    text: str
    place: tuple[float, float]
    transform: Transform


def place_labels(
    figure: Figure, axes: Axes, labels: Iterable[Label], size: float, sides: tuple[Any, ...] = SIDES
) -> list[Label]:
    """Write labels where they fit, in their order, and return those that found no place.

    The figure must be complete but for them: they go where other things are not once it is laid out.
    """
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    point = figure.dpi / 72
    labels = list(labels)
    middles = [label.transform.transform(label.place) for label in labels]
    half = MARK * point
    taken = [Bbox([[x - half, y - half], [x + half, y + half]]) for x, y in middles]
    left = []
    for label in labels:
        box = _written(axes, label, size, sides, taken)
        if box is None:
            left.append(label)
        else:
            taken.append(box)
    return left


def _written(axes: Axes, label: Label, size: float, sides: tuple[Any, ...], taken: list[Bbox]) -> Bbox | None:
    """The box of the text once it is written, on the first side that is free."""
    from matplotlib.patheffects import withStroke

    frame = axes.get_window_extent()
    halo = withStroke(linewidth=1.8, foreground=axes.get_facecolor())  # apart from a line below it
    for shift, ha, va in sides:
        text = axes.annotate(
            label.text,
            label.place,
            xycoords=label.transform,
            xytext=shift,
            textcoords="offset points",
            fontsize=size,
            ha=ha,
            va=va,
            color=style.INK,
            path_effects=[halo],
        )
        text.set_in_layout(False)  # the layout that it was placed in stays
        box = text.get_window_extent()
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and box.y1 <= frame.y1
        if inside and not any(box.overlaps(other) for other in taken):
            return box
        text.remove()
    return None
