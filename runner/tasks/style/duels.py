"""The judge measured: what it says of pairs and triples of answers from good and poor writers.

The answers are to training prompts, by the writers of the preference pairs. Seeds are arguments.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from posttrace.runner.tasks.style.judge import prefers_first, utility, wins
from posttrace.runner.tasks.style.language import Prompt, pick, prompts
from posttrace.runner.tasks.style.pairs import WRITERS

GAPS: Final = {"0": (0.0, 0.0), "½ to 1": (0.5, 1.0), "1½ to 2": (1.5, 2.0), "2½ and more": (2.5, math.inf)}
"""Label -> smallest and largest difference of utility; utilities are multiples of a half."""


@dataclass(frozen=True)
class Share:
    """A part of a count."""

    hits: int
    n: int

    @property
    def percent(self) -> float:
        """100 * hits / n."""
        return 100 * self.hits / self.n

    def __str__(self) -> str:
        """Per cent, one binomial standard error, and the count."""
        p = self.hits / self.n
        return f"{self.percent:.1f} % ± {100 * math.sqrt(p * (1 - p) / self.n):.1f} (n = {self.n:,})"


@dataclass(frozen=True)
class Duel:
    """Two answers to one prompt, a and b, and what the judge says of them in both orders."""

    gap: float
    """Utility of a less that of b."""
    longer: int
    """Words of a less those of b."""
    a_read_first: bool
    """a is preferred when it is read first."""
    a_read_last: bool
    """a is preferred when it is read last."""

    @classmethod
    def of(cls, prompt: Prompt, a: str, b: str) -> Duel:
        """Ask the judge twice."""
        return cls(
            gap=utility(prompt, a) - utility(prompt, b),
            longer=len(a.split()) - len(b.split()),
            a_read_first=prefers_first(prompt, a, b),
            a_read_last=not prefers_first(prompt, b, a),
        )


def share(outcomes: Sequence[bool]) -> Share:
    """Count what is true."""
    return Share(sum(outcomes), len(outcomes))


def answer_sets(n: int, size: int, seed: int) -> Iterator[tuple[Prompt, list[str]]]:
    """``n`` times a training prompt and ``size`` different answers, each by a writer picked by chance."""
    rng, asked = random.Random(seed), prompts("train")
    for _ in range(n):
        prompt, answers = pick(rng, asked), list[str]()
        while len(answers) < size:
            answer = pick(rng, WRITERS).write(prompt, rng)
            if answer not in answers:
                answers.append(answer)
        yield prompt, answers


def duels(n: int = 20_000, seed: int = 31) -> list[Duel]:
    """``n`` pairs of answers, in the order in which they were written."""
    return [Duel.of(prompt, a, b) for prompt, (a, b) in answer_sets(n, 2, seed)]


def of_gap(pairs: list[Duel], label: str) -> list[Duel]:
    """The pairs whose gap, in either direction, is in the range ``label`` of ``GAPS``."""
    low, high = GAPS[label]
    return [duel for duel in pairs if low <= abs(duel.gap) <= high]


def agreement(pairs: list[Duel]) -> Share:
    """How often a verdict sides with the rule, over both orders; pairs without a gap are left out."""
    return share(
        [verdict == (d.gap > 0) for d in pairs if d.gap for verdict in (d.a_read_first, d.a_read_last)]
    )


def first_preferred(pairs: list[Duel]) -> Share:
    """How often the answer read first is preferred, over both orders: 50 % without a bias."""
    return share([verdict for d in pairs for verdict in (d.a_read_first, not d.a_read_last)])


def flips(pairs: list[Duel]) -> Share:
    """Pairs where another order brings another winner; nobody wins such an item."""
    return share([d.a_read_first != d.a_read_last for d in pairs])


def longer_preferred(pairs: list[Duel]) -> Share:
    """How often the longer answer is preferred, over both orders; only pairs without a gap tell."""
    even = [d for d in pairs if not d.gap and d.longer]
    return share([verdict == (d.longer > 0) for d in even for verdict in (d.a_read_first, d.a_read_last)])


def intransitive(n: int = 5_000, seed: int = 32) -> tuple[Share, Share]:
    """Of chains a > b > c (preferred in both orders): where a does not beat c; and where c beats a.

    The chains are those among ``n`` triples of answers.
    """
    ends = [
        (wins(prompt, a, c), wins(prompt, c, a))
        for prompt, answers in answer_sets(n, 3, seed)
        for a, b, c in permutations(answers)
        if wins(prompt, a, b) and wins(prompt, b, c)
    ]
    return share([not beats for beats, _ in ends]), share([beaten for _, beaten in ends])
