from __future__ import annotations

import hashlib
import random
from collections import Counter
from itertools import combinations

import pytest

from posttrace.runner.tasks.style.language import (
    FACTS,
    KIND_OF,
    LONGEST_PROMPT,
    OPENINGS,
    SIZES,
    THINGS,
    VOCABULARY,
    Prompt,
    PromptSet,
    prompts,
    shuffled,
)


def content(prompt: Prompt) -> tuple[str, str, frozenset[str]]:
    return prompt.tone, prompt.thing, frozenset(prompt.facts)


@pytest.mark.parametrize("name", [*SIZES])
def test_a_set_has_its_size_and_no_content_twice(name: PromptSet) -> None:
    assert len(prompts(name)) == len({content(prompt) for prompt in prompts(name)}) == SIZES[name]


@pytest.mark.parametrize(("one", "other"), [*combinations(SIZES, 2)])
def test_no_two_sets_share_a_content_in_any_order_of_the_facts(one: PromptSet, other: PromptSet) -> None:
    assert not {content(p) for p in prompts(one)} & {content(p) for p in prompts(other)}


def test_a_prompt_names_a_tone_a_thing_and_facts_of_different_kinds() -> None:
    for prompt in prompts("sealed"):
        assert prompt.tone in OPENINGS
        assert prompt.thing in THINGS
        assert 2 <= len(prompt.facts) == len({KIND_OF[fact] for fact in prompt.facts}) <= 4
        assert prompt.text.split() == [prompt.tone, prompt.thing, ":", *prompt.facts, ">"]
        assert len(prompt.text.split()) <= LONGEST_PROMPT


def test_the_words_of_the_vocabulary_are_distinct_and_cover_every_prompt() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 63
    assert {word for prompt in prompts("train") for word in prompt.text.split()} <= set(VOCABULARY)


@pytest.mark.parametrize("n_facts", [2, 3, 4])
def test_the_hidden_sets_are_alike_in_length(n_facts: int) -> None:
    # the difference of two frequencies of 2,000 prompts each has a standard error below
    # sqrt(2 * 0.25 / 2000) = 0.016; four of them are 0.063
    shares = [
        sum(len(prompt.facts) == n_facts for prompt in prompts(name)) / SIZES[name]
        for name in ("feedback", "sealed", "fresh")
    ]
    assert max(shares) - min(shares) < 0.063


def test_the_prompts_are_those_that_published_scores_refer_to() -> None:
    # recorded when the sets were made; scores before and after a change cannot be compared
    digests = {
        name: hashlib.sha256("\n".join(p.text for p in prompts(name)).encode()).hexdigest()[:16]
        for name in SIZES
    }
    assert digests == {
        "feedback": "0dc5b430e7d7b924",
        "sealed": "8008d281bbc7c7d8",
        "fresh": "0863b8912da24e4a",
        "train": "40f05293b31974a3",
    }


def test_shuffling_reaches_every_order_as_often() -> None:
    rng = random.Random(0)
    counts = Counter(tuple(shuffled(rng, "abc")) for _ in range(6000))
    # 6 orders, 1,000 expected of each, standard error sqrt(6000 * 1/6 * 5/6) = 29
    assert len(counts) == 6
    assert all(abs(count - 1000) < 120 for count in counts.values())


def test_every_kind_of_fact_is_asked_for() -> None:
    # a prompt asks for 3 of 4 kinds on average: 3/4 of 2,000, standard error below sqrt(2000 / 4) = 22
    counts = Counter(KIND_OF[fact] for prompt in prompts("fresh") for fact in prompt.facts)
    assert set(counts) == set(FACTS)
    assert all(abs(count - 1500) < 90 for count in counts.values())


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(KeyError):
        prompts("validation")  # type: ignore[arg-type]  # the point of the test
