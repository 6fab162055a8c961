from __future__ import annotations

import hashlib
import random

import pytest

from posttrace.runner.tasks.style.judge import SENSIBLE_WORDS, utility
from posttrace.runner.tasks.style.language import KIND_OF, OPENINGS, SIZES, THINGS, VOCABULARY, prompts
from posttrace.runner.tasks.style.task import MAX_NEW_TOKENS
from posttrace.runner.tasks.style.writers import REFERENCE, Writer, references

ASKED = prompts("train")


def written(writer: Writer) -> list[list[str]]:
    rng = random.Random(1)
    return [writer.write(prompt, rng).split() for prompt in ASKED]


def close(found: int, n: int, p: float) -> bool:
    """Within four standard errors of a binomial count."""
    return bool(abs(found - n * p) <= 4 * (n * p * (1 - p)) ** 0.5)


def test_a_flawless_writer_has_the_best_utility() -> None:
    rng = random.Random(1)
    for prompt in ASKED:
        answer = Writer(0, 0).write(prompt, rng)
        assert utility(prompt, answer) == len(prompt.facts) + 2
        assert len(answer.split()) <= SENSIBLE_WORDS


def test_who_forgets_everything_only_names_the_thing() -> None:
    for prompt, words in zip(ASKED, written(Writer(1, 0)), strict=True):
        assert words == ["here", "is", "the", prompt.thing, "."]


def test_each_fact_and_the_opening_are_forgotten_as_often_as_said() -> None:
    texts = written(Writer(0.6, 0))
    facts = [fact in words for prompt, words in zip(ASKED, texts, strict=True) for fact in prompt.facts]
    opened = [
        OPENINGS[prompt.tone] in words
        for prompt, words in zip(ASKED, texts, strict=True)
        if prompt.tone != "plain"
    ]
    assert close(sum(facts), len(facts), 0.4)
    assert close(sum(opened), len(opened), 0.4)


def test_errors_are_as_frequent_as_said() -> None:
    texts, n = written(Writer(0, 0.5)), len(ASKED)
    pairs = [*zip(ASKED, texts, strict=True)]
    broken = sum(words[-1] != "." for words in texts)
    assert close(broken, n, 0.5)
    ended = [(prompt, words) for prompt, words in pairs if words[-1] == "."]
    # another thing: 1/2, of which one in 16 is the right one by chance; nothing of it is cut off here
    assert close(sum(prompt.thing not in words for prompt, words in ended), len(ended), 0.5 * 15 / 16)
    # another opening: 1/2, of which one in three is the right one
    openings = [next((w for w in words if w in OPENINGS.values()), None) for _, words in ended]
    wrong = sum(found != OPENINGS[p.tone] for found, (p, _) in zip(openings, ended, strict=True))
    assert close(wrong, len(ended), 0.5 * 2 / 3)


@pytest.mark.parametrize("flaw", [Writer(0.3, 0), Writer(0, 0.1), REFERENCE, Writer(0.6, 0)])
def test_any_flaw_costs_utility(flaw: Writer) -> None:
    best = sum(len(prompt.facts) + 2 for prompt in ASKED)
    assert (
        sum(utility(p, " ".join(words)) for p, words in zip(ASKED, written(flaw), strict=True)) < 0.9 * best
    )


def test_writers_use_the_vocabulary_and_stay_below_the_limit_of_a_model() -> None:
    words = written(Writer(0.2, 0.9))
    assert {word for text in words for word in text} <= {*VOCABULARY, *THINGS, *KIND_OF}
    assert max(len(text) for text in words) < MAX_NEW_TOKENS


def test_the_references_are_those_that_published_scores_refer_to() -> None:
    # recorded when they were written; scores before and after a change cannot be compared
    digests = {name: hashlib.sha256("\n".join(references(name)).encode()).hexdigest()[:16] for name in SIZES}
    assert digests == {
        "feedback": "5ee3b0739602f61b",
        "sealed": "286959b8f49c3905",
        "fresh": "e68f1c81fd093243",
        "train": "ae2615c0d63e8515",
    }
