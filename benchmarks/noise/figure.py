"""The figure of ``docs/noise.md``: what picking the best of k shows where nothing was gained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.noise.estimate import Estimate, Row
from benchmarks.noise.practice import AUDIT, CONSTANT, MCNEMAR, NULL
from benchmarks.noise.rates import ALPHA
from posttrace.analysis.arrays import FloatArray
from posttrace.reports import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (1, 5, 10, 30)
"""Values of k whose best gains are drawn."""
RIDGE = 0.8
"""Height of the tallest distribution, in rows."""
LINES: dict[str, tuple[str, str, str]] = {
    CONSTANT: ("best score against a constant baseline (z)", "#D55E00", "s"),
    MCNEMAR: ("exact McNemar on the winner", "#E69F00", "D"),
    AUDIT: ("posttrace audit (max-T)", "#0072B2", "o"),
}
"""Practice -> label, colour, marker."""


def draw(gains: dict[int, FloatArray], rates: Sequence[Row]) -> Figure:
    """``gains``: k -> (experiment,) best gain on 0..1. ``rates``: rows of ``practice``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(1.15, 1))
    _ridges(upper, gains)
    _error_rates(lower, rates)
    return figure


def save(figure: Figure, path: Path) -> None:
    """PNG at twice the size of a screen, without a date or a version inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200, metadata={"Software": None})


def _ridges(axes: Axes, gains: dict[int, FloatArray]) -> None:
    """One distribution a row: shares of experiments at each possible gain, which is a multiple of 1 / n."""
    step = 100 / NULL.n
    counted = {k: np.unique(np.round(100 * values / step), return_counts=True) for k, values in gains.items()}
    tallest = max(counts.max() / counts.sum() for _, counts in counted.values())
    for row, (k, (places, counts)) in enumerate(reversed(counted.items())):
        heights = RIDGE * counts / counts.sum() / tallest
        axes.bar(
            places * step, heights, step, bottom=row, color="#9cc3dd", edgecolor="#fdfdfb", linewidth=0.4
        )
        mean = 100 * float(gains[k].mean())
        axes.plot([mean, mean], [row, row + RIDGE * 0.98], color=style.INK, linewidth=1.2)
        axes.text(8.4, row + 0.3, f"mean {round(mean, 1) + 0.0:+.1f} pp", ha="right", fontsize=8)
        axes.axhline(row, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.axvline(0, color=style.MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
    axes.text(-0.15, len(gains) - 0.02, "true gain", ha="right", va="top", fontsize=8, color=style.MUTED)
    axes.set_yticks(range(len(gains)), [f"k = {k}" for k in reversed(gains)], va="bottom")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(
        xlim=(-6.5, 8.5), ylim=(-0.02, len(gains)), xlabel="best gain of k submissions, percentage points"
    )
    axes.set_title(f"No submission is better, yet the best of k looks better (n = {NULL.n}, baseline 10 %)")


def _error_rates(axes: Axes, rates: Sequence[Row]) -> None:
    """Type I error over k with bars of two Monte-Carlo errors."""
    ks = [int(str(row["k"])) for row in rates]
    for name, (label, colour, marker) in LINES.items():
        found = [row[name] for row in rates]
        estimates = [e for e in found if isinstance(e, Estimate)]
        bars: dict[str, Any] = {"elinewidth": 0.9, "capsize": 0, "markersize": 4.5}
        values, errors = [e.value for e in estimates], [2 * e.se for e in estimates]
        axes.errorbar(ks, values, errors, label=label, color=colour, marker=marker, **bars)
    axes.axhline(ALPHA, color=style.MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
    axes.text(ks[-1], ALPHA + 0.006, "promised: .05", ha="right", va="bottom", fontsize=8, color=style.MUTED)
    axes.set_xscale("log")
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.minorticks_off()
    axes.set(xlabel="k, submissions scored on the same items", ylabel="share of experiments", ylim=(0, None))
    axes.set_title("How often a gain is claimed although there is none")
    axes.legend(loc="upper left")
