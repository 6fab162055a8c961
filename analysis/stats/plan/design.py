"""A test that is planned, before any number is known but the base model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from scipy.stats import norm

from posttrace.analysis.stats.plan.power import critical_normal
from posttrace.traces.errors import InputError

Claim = Literal["run", "agent"]
"""run: the best of a run's k submissions beats the baseline on items like these. agent: its mean gain over
runs is positive, for new runs and new items."""

MIN_ITEMS: Final = 10
MIN_RUNS: Final = 3
"""Fewer runs have a range but no interval."""


@dataclass(frozen=True)
class Design:
    """A test that is planned. Scores, gains and standard deviations on 0..1.

    ``submissions``: k, of which the best is picked. ``replicates``: m scorings of the baseline. ``runs``: R.
    ``baseline``: p0. ``discordance``: psi0, share of items whose 0/1 outcome differs between baseline and
    submission when nothing was gained; None: 2 p0 (1 - p0), as if two scorings of an item were independent,
    an upper bound where they agree more often than that. ``item_sd``: sd over items of the difference, for
    continuous scores, in place of ``baseline``. ``run_sd``: sd between runs of the gain on the same items.
    ``deterministic``: scoring again gives the same outcomes, so replicates count once. ``alpha``: one-sided.
    """

    items: int
    submissions: int = 1
    replicates: int = 1
    runs: int = 1
    baseline: float | None = None
    discordance: float | None = None
    item_sd: float | None = None
    run_sd: float | None = None
    deterministic: bool = False
    alpha: float = 0.05

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_shares(self)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What can be tested: one run always, the agent with ``MIN_RUNS`` runs."""
        return ("run",) if self.runs < MIN_RUNS else ("run", "agent")

    @property
    def m(self) -> int:
        """Scorings of the baseline that differ."""
        return 1 if self.deterministic else self.replicates

    @property
    def psi0(self) -> float:
        """Discordance without a gain; two items at least, one gained and one lost."""
        psi0 = self.discordance
        if psi0 is None:
            p0 = self.baseline or 0.0
            psi0 = 2 * p0 * (1 - p0)
        return max(psi0, 2 / self.items)

    @property
    def largest(self) -> float:
        """The largest gain there is."""
        return 1 - (self.baseline or 0.0)

    @property
    def critical(self) -> float:
        """c_k, critical value of the test of one run: largest of k normals, correlation 1/(m + 1)."""
        return critical_normal(self.submissions, self.m, self.alpha)

    @property
    def level(self) -> float:
        """Level at which each submission is tested: 1 - Phi(c_k)."""
        return float(norm.sf(self.critical))


def _check_counts(design: Design) -> None:
    for name, least in (("items", MIN_ITEMS), ("submissions", 1), ("replicates", 1), ("runs", 1)):
        if getattr(design, name) < least:
            raise InputError(f"{name} is {getattr(design, name)}; give {least} or more")
    if design.runs == 2:
        raise InputError("2 runs have a range but no interval; give 1 or 3 and more")
    if design.runs >= MIN_RUNS and design.run_sd is None:
        raise InputError("several runs need the sd of the gain between runs of one agent: give --run-sd")


def _check_shares(design: Design) -> None:
    if not 0 < design.alpha < 0.5:
        raise InputError(f"alpha is {design.alpha:g}; give a one-sided level between 0 and 0.5")
    for name in ("baseline", "discordance", "item_sd", "run_sd"):
        value = getattr(design, name)
        if value is not None and not 0 <= value <= 1:
            words = name.replace("_", " ")
            raise InputError(f"{words} is {value:g}; it lies on 0..1: give 0.02 for 2 percentage points")
    if design.item_sd == 0:
        raise InputError("item sd is 0; give the sd over items of the difference")
    if design.item_sd is not None and design.discordance is not None:
        raise InputError("--item-sd is for continuous scores, --discordance for 0/1 items: choose one")
    if design.item_sd is None and design.baseline is None:
        raise InputError(
            "the base model's score is missing: give --baseline, or --item-sd for continuous scores"
        )
    p0, psi0 = design.baseline, design.discordance
    if p0 is not None and psi0 is not None and psi0 > 2 * min(p0, 1 - p0) + 1e-12:
        most = 2 * min(p0, 1 - p0)
        raise InputError(f"discordance is {psi0:g}; with a baseline of {p0:g} it is at most {most:g}")
