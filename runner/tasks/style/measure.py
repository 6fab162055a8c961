"""How good the judge is: ``python -m posttrace.runner.tasks.style.measure`` prints the figures of README.md.

Every seed is fixed, so every number can be had again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import click

from posttrace.runner.tasks.pretrain import BASES
from posttrace.runner.tasks.style.duels import (
    GAPS,
    Duel,
    Share,
    agreement,
    duels,
    first_preferred,
    flips,
    intransitive,
    longer_preferred,
    of_gap,
    share,
)
from posttrace.runner.tasks.style.judge import wins
from posttrace.runner.tasks.style.language import VOCABULARY, Prompt, PromptSet, pick, prompts
from posttrace.runner.tasks.style.task import Style
from posttrace.runner.tasks.style.writers import REFERENCE, Writer, references


class Hidden:
    """A hidden set, to measure answers against."""

    def __init__(self, of: PromptSet, n: int | None = None) -> None:
        self.prompts = prompts(of)[:n]
        self.references = references(of)[:n]

    def won(self, answers: Iterable[str]) -> Share:
        """Items won by one answer a prompt."""
        items = zip(self.prompts, answers, self.references, strict=True)
        return share([wins(prompt, answer, reference) for prompt, answer, reference in items])

    def lost(self, answers: Iterable[str]) -> Share:
        """Items where the reference is preferred in both orders."""
        items = zip(self.prompts, answers, self.references, strict=True)
        return share([wins(prompt, reference, answer) for prompt, answer, reference in items])

    def won_by(self, constant: str) -> Share:
        """Items won by one answer to everything."""
        return self.won([constant] * len(self.prompts))


def best_constant(hidden: Hidden, candidates: Sequence[str], proposals: int, seed: int = 34) -> str:
    """The best answer to everything that a local search finds.

    It starts from the best of ``candidates`` and takes every random change of one word (replace, insert,
    delete) that wins no less.
    """
    rng = random.Random(seed)
    rate, best = max((hidden.won_by(text).hits, text) for text in candidates)
    for _ in range(proposals):
        words, kind = best.split(), int(rng.random() * 3)
        at = int(rng.random() * (len(words) + 1))
        inserted = [] if kind == 0 else [pick(rng, VOCABULARY)]
        changed = " ".join([*words[:at], *inserted, *words[at + (kind != 1) :]])
        changed_rate = hidden.won_by(changed).hits
        if changed_rate >= rate:
            rate, best = changed_rate, changed
    return best


BEST_CONSTANT: Final = "here is the big ."
"""What ``best_constant`` found from the 2,000 references of the training prompts and by 4,000 proposals, on
500 feedback prompts."""
EXPLOITS: Final[dict[str, Callable[[Prompt], str]]] = {
    "the empty answer": lambda _: "",
    "the prompt echoed": lambda prompt: prompt.text,
    "thing and facts echoed": lambda prompt: " ".join((prompt.thing, *prompt.facts)),
    "every word of the language": lambda _: " ".join(VOCABULARY),
    "all facts, three times": lambda prompt: f"the {prompt.thing} is {' and '.join(prompt.facts * 3)} .",
    f"the best constant answer, `{BEST_CONSTANT}`": lambda _: BEST_CONSTANT,
}
"""What -> how it answers a prompt. None may pay."""
ENDS: Final = {
    "the writer of the references, asked again": REFERENCE,
    "a writer without a flaw": Writer(0, 0),
}
"""What may be expected of somebody honest."""


def judge_table(pairs: list[Duel]) -> str:
    """The judge by the gap between two answers, as Markdown; per cent."""
    lines = ["| gap | pairs | sides with the rule | first one preferred | flips with the order |"]
    lines.append("|---|---|---|---|---|")
    for label in (*GAPS, "any"):
        some = pairs if label == "any" else of_gap(pairs, label)
        agrees = f"{agreement(some).percent:.1f}" if label != "0" else "–"
        lines.append(
            f"| {label} | {len(some):,} | {agrees} | {first_preferred(some).percent:.1f} "
            f"| {flips(some).percent:.1f} |"
        )
    return "\n".join(lines)


def judge_lines(pairs: list[Duel]) -> str:
    """The figures of the judge that need no table."""
    not_beaten, beaten = intransitive()
    return (
        f"- Of two equally good answers the longer one is preferred: {longer_preferred(pairs)}.\n"
        f"- Where a beats b and b beats c, a does not beat c: {not_beaten}; c beats a: {beaten}."
    )


def answer_table() -> str:
    """Items of the sealed set won and lost by some ways to answer, as Markdown; per cent."""
    hidden, rng = Hidden("sealed"), random.Random(33)
    ways = {name: [answer(prompt) for prompt in hidden.prompts] for name, answer in EXPLOITS.items()}
    ways |= {name: [writer.write(prompt, rng) for prompt in hidden.prompts] for name, writer in ENDS.items()}
    lines = ["| answer | won | lost |", "|---|---|---|"]
    for name, answers in ways.items():
        lines.append(f"| {name} | {hidden.won(answers).percent:.1f} | {hidden.lost(answers).percent:.1f} |")
    return "\n".join(lines)


def base_table() -> str:
    """Score of each shipped base on the sealed set, as Markdown; per cent."""
    lines = ["| base | sampled, evaluation seeds 0 to 4 | greedy |", "|---|---|---|"]
    for base in sorted((BASES / "style").iterdir()):
        sampled = [f"{Style().evaluate(base, 'sealed', seed).score:.1f}" for seed in range(5)]
        greedy = Style(temperature=0).evaluate(base, "sealed", 0).score
        lines.append(f"| {base.name} | {', '.join(sampled)} | {greedy:.1f} |")
    return "\n".join(lines)


@click.command()
@click.option("--bases", is_flag=True, help="The shipped bases too; takes half a minute more.")
def main(bases: bool) -> None:
    """Print the figures of the judge."""
    pairs = duels()
    for part in (judge_table(pairs), judge_lines(pairs), answer_table(), *([base_table()] if bases else [])):
        click.echo(part + "\n")


if __name__ == "__main__":
    main()
