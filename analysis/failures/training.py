"""What the logged metrics of a training say of why it failed: one function a rule.

A rule is only asked about trainings whose outcome failed; none of them calls a run failed by itself. The
lines are cited by the events that carry them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from posttrace.analysis.failures.finding import Cause, Cited
from posttrace.analysis.failures.series import Role, Series

Lines = Mapping[Role, Sequence[Series]]
LineRule = Callable[[Lines], Iterator[Cause]]

MIN_LINES: Final = 20
"""Of a series, before its course is judged."""
LASTING: Final = 2
"""Lines at the end that are not finite: a single one is what a loss scaler skips."""
MOST: Final = 0.9
"""Share of the lines that stands for all of them."""
BLOWN_UP: Final = 100.0
"""Factor of the gradient's norm between first and last quarter."""
LOSS_UP: Final = 3.0
"""Factor of a positive loss between first and last quarter."""
FLAT: Final = 1e-3
"""Range of a loss over its size that is no movement."""
NEAR_ZERO: Final = (-0.05, 0.01)
"""Mean rewards on the usual scale (1: a try that succeeds) where next to none succeeds."""
REWARD_UP_SE: Final = 4.0
"""Standard errors that a reward must have risen by."""
COLLAPSED: Final = 0.02
"""Share of its entropy that a collapsed policy has left."""
SURE: Final = -0.05
"""Mean log-probability of its own tokens of a policy that has one answer to each prompt."""
FITTED: Final = 0.95
"""Accuracy on its training data of a model that knows them by heart."""
FITTED_LOSS: Final = 0.02
"""Share of its loss that such a model has left."""


def nonfinite_loss(lines: Lines) -> Iterator[Cause]:
    """A loss or a gradient that becomes NaN or infinite and stays so."""
    for series in (*lines.get("loss", ()), *lines.get("gradient", ())):
        good = np.flatnonzero(np.isfinite(series.values))
        from_ = int(good[-1]) + 1 if len(good) else 0
        if series.n - from_ >= LASTING:
            says = f"{series.key} is not finite in the last {series.n - from_} of {series.n} logged lines"
            yield Cause("nonfinite_loss", says, (_line(series, from_), _line(series, -1)))


def exploding_gradients(lines: Lines) -> Iterator[Cause]:
    """The gradient's norm grows a hundredfold while the loss does not fall."""
    for series in lines.get("gradient", ()):
        before, after = _medians(series)
        falls = any(_falls(loss) for loss in lines.get("loss", ()))
        if series.n >= MIN_LINES and before > 0 and after >= BLOWN_UP * before and not falls:
            says = f"{series.key} grew from {before:.3g} to {after:.3g} (medians of first and last quarter)"
            yield Cause("exploding_gradients", says, (_line(series, 0), _line(series, -1)))


def exploding_loss(lines: Lines) -> Iterator[Cause]:
    """A loss that is never below zero ends at several times of what it began at."""
    for series in lines.get("loss", ()):
        before, after = _medians(series)
        finite = series.values[np.isfinite(series.values)]
        if series.n >= MIN_LINES and (finite > 0).all() and after >= LOSS_UP * before:
            says = f"{series.key} rose from {before:.3g} to {after:.3g} (medians of first and last quarter)"
            yield Cause("exploding_loss", says, (_line(series, 0), _line(series, -1)))


def empty_rollouts(lines: Lines) -> Iterator[Cause]:
    """Rollouts have no text: one token at most, in nearly every step."""
    for series in lines.get("length", ()):
        if series.n >= LASTING and np.mean(series.values <= 1) >= MOST:
            says = f"{series.key} is at most 1 in {_count(series.values <= 1)} logged lines"
            yield Cause("empty_rollouts", says, (_line(series, 0), _line(series, -1)))


def clipped_rollouts(lines: Lines) -> Iterator[Cause]:
    """Every rollout is cut at the limit of its length, and no reward tells them apart."""
    constant = any(_constant(reward.values) for reward in lines.get("reward", ()))
    for series in lines.get("clipped", ()):
        cut = series.values >= 0.99
        if series.n >= MIN_LINES and np.mean(cut) >= MOST and constant:
            says = f"{series.key}: all rollouts are cut at the limit in {_count(cut)} logged lines"
            yield Cause("clipped_rollouts", says, (_line(series, 0), _line(series, -1)))


def no_reward(lines: Lines) -> Iterator[Cause]:
    """The mean reward is about zero in every step: nothing that was tried succeeds.

    It does not tell whether the rollouts or what scores them is at fault.
    """
    low, high = NEAR_ZERO
    for series in lines.get("reward", ()):
        finite = series.values[np.isfinite(series.values)]
        if len(finite) >= MIN_LINES and ((finite >= low) & (finite <= high)).all():
            least, most = finite.min(), finite.max()
            what = "0" if least == most == 0 else f"between {least:.2g} and {most:.2g}"
            says = f"{series.key} is {what} in all {len(finite)} logged lines: tries earn nothing"
            yield Cause("no_reward", says, (_line(series, 0), _line(series, int(np.argmax(series.values)))))


def equal_rewards(lines: Lines) -> Iterator[Cause]:
    """Tries of one prompt earn the same in nearly every step, so none is better than its group."""
    for series in (*lines.get("without_spread", ()), *lines.get("spread", ())):
        flat = series.values >= 0.99 if "zero" in series.key.lower() else np.abs(series.values) <= 1e-9
        if series.n >= LASTING and np.mean(flat) >= MOST and (series.n >= MIN_LINES or flat.all()):
            level = next((f", reward {_medians(r)[1]:.3g}" for r in lines.get("reward", ())), "")
            says = f"{series.key}: rewards do not differ in {_count(flat)} logged lines{level}"
            yield Cause("equal_rewards", says, (_line(series, 0), _line(series, -1)))


def reward_without_score(lines: Lines) -> Iterator[Cause]:
    """The reward in training rises while what it should stand for falls: asked of models below the base."""
    for series in lines.get("reward", ()):
        before, after = series.first, series.last
        if series.n < MIN_LINES or min(len(before), len(after)) < 2:
            continue
        error = math.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after))
        rise = float(after.mean() - before.mean())
        if rise > max(REWARD_UP_SE * error, 0.1 * abs(float(before.mean())), 1e-9):
            says = (
                f"{series.key} rose from {before.mean():.3g} to {after.mean():.3g} "
                "(means of first and last quarter) while the score fell below the base model's"
            )
            yield Cause("reward_without_score", says, (_line(series, 0), _line(series, -1)))


def policy_collapsed(lines: Lines) -> Iterator[Cause]:
    """The policy has one answer left: its entropy is gone, or its own tokens have probability one."""
    for series in lines.get("entropy", ()):
        before, after = _medians(series)
        if series.n >= MIN_LINES and before > 0 and 0 <= after <= COLLAPSED * before:
            says = f"{series.key} fell from {before:.3g} to {after:.3g} (medians of first and last quarter)"
            yield Cause("policy_collapsed", says, (_line(series, 0), _line(series, -1)))
    for series in lines.get("log_prob", ()):
        after = _medians(series)[1]
        if (
            series.n >= MIN_LINES
            and lines.get("reward")
            and SURE <= after <= 0
            and series.values[0] < 5 * SURE
        ):
            says = f"{series.key} of its own tokens went from {series.values[0]:.3g} to {after:.3g}"
            yield Cause("policy_collapsed", says, (_line(series, 0), _line(series, -1)))


def no_gradient(lines: Lines) -> Iterator[Cause]:
    """The gradient is zero in every step: nothing is learnt."""
    for series in lines.get("gradient", ()):
        if series.n >= LASTING and (series.values == 0).all():
            says = f"{series.key} is 0 in all {series.n} logged lines: nothing is learnt"
            yield Cause("no_gradient", says, (_line(series, 0), _line(series, -1)))


def flat_loss(lines: Lines) -> Iterator[Cause]:
    """A likelihood loss that never moves; the surrogate loss of a policy gradient may well stay put."""
    for series in () if lines.get("reward") else lines.get("loss", ()):
        finite = series.values[np.isfinite(series.values)]
        if len(finite) >= MIN_LINES and np.ptp(finite) <= FLAT * abs(float(np.median(finite))):
            says = f"{series.key} stays at {np.median(finite):.4g} in all {len(finite)} logged lines"
            yield Cause("flat_loss", says, (_line(series, 0), _line(series, -1)))


def fits_without_transfer(lines: Lines) -> Iterator[Cause]:
    """The training data are known by heart: asked of models that gained nothing on the test."""
    for series in lines.get("fit", ()):
        after = _medians(series)[1]
        scale = 100.0 if (series.values > 1).any() else 1.0  # in percent, or not
        if series.n >= LASTING and FITTED * scale <= after <= scale:
            says = (
                f"{series.key} is {after:.3g} at the end of the training, and nothing is gained on the test"
            )
            yield Cause("fits_without_transfer", says, (_line(series, -1),))
    for series in () if lines.get("reward") else lines.get("loss", ()):
        before, after = _medians(series)
        if series.n >= MIN_LINES and before > 0 and 0 <= after <= FITTED_LOSS * before:
            says = f"{series.key} fell from {before:.3g} to {after:.3g}, and nothing is gained on the test"
            yield Cause("fits_without_transfer", says, (_line(series, 0), _line(series, -1)))


BELOW_BASE: Final = (
    nonfinite_loss,
    exploding_gradients,
    exploding_loss,
    empty_rollouts,
    clipped_rollouts,
    no_reward,
    equal_rewards,
    reward_without_score,
    policy_collapsed,
    no_gradient,
    fits_without_transfer,
)
"""Rules for a model that scores below the base."""
UNCHANGED: Final = (nonfinite_loss, empty_rollouts, no_reward, equal_rewards, no_gradient, flat_loss)
"""Rules for a training that left the base as it was, or came to no score."""
NO_GAIN: Final = (empty_rollouts, no_reward, equal_rewards, no_gradient, fits_without_transfer)
"""Rules for a model that gains nothing: what leaves nothing to gain from."""


def explain(pieces: Sequence[Lines], rules: Sequence[LineRule]) -> tuple[Cause, ...]:
    """What the rules say of trainings: of each rule the first."""
    found: dict[str, Cause] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged log may hold 1e308
        for lines in pieces:
            for rule in rules:
                for cause in rule(lines):
                    found.setdefault(cause.rule, cause)
    return tuple(found.values())


def _line(series: Series, index: int) -> Cited:
    value = series.values[index] if len(series.values) else math.nan
    return Cited.of("trace.jsonl", int(series.seq[index]) + 1, f"{series.source} {series.key} = {value:.5g}")


def _medians(series: Series) -> tuple[float, float]:
    """Of the finite values of the first and of the last quarter; NaN where there is none."""
    first, last = series.first, series.last
    return (
        float(np.median(first)) if len(first) else math.nan,
        float(np.median(last)) if len(last) else math.nan,
    )


def _falls(series: Series) -> bool:
    """By more than the first quarter varies."""
    before, after = _medians(series)
    return after < before - (float(series.first.std()) if len(series.first) else 0.0)


def _constant(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    return len(values) > 0 and bool(np.ptp(values) <= 1e-9)


def _count(which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    return f"{int(which.sum())} of {len(which)}"
