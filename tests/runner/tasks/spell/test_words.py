from __future__ import annotations

import hashlib
from itertools import combinations

import pytest

from posttrace.runner.tasks.spell.words import ALPHABET, MAX_LETTERS, MIN_LETTERS, SIZES, WordSet, words


@pytest.mark.parametrize("name", [*SIZES])
def test_a_set_has_its_size_and_no_word_twice(name: WordSet) -> None:
    assert len(words(name)) == len(set(words(name))) == SIZES[name]


@pytest.mark.parametrize(("one", "other"), [*combinations(SIZES, 2)])
def test_no_two_sets_share_a_word(one: WordSet, other: WordSet) -> None:
    assert not set(words(one)) & set(words(other))


def test_words_are_pronounceable_strings_of_the_alphabet() -> None:
    for name in SIZES:
        for word in words(name):
            assert MIN_LETTERS <= len(word) <= MAX_LETTERS
            assert set(word) <= set(ALPHABET)
            assert set(word) & set("aeiouy")


@pytest.mark.parametrize("longest", [*range(MIN_LETTERS, MAX_LETTERS + 1)])
def test_the_hidden_sets_are_alike_in_length(longest: int) -> None:
    # the largest difference of two frequencies of 2,000 words each has a standard error below
    # sqrt(2 * 0.25 / 2000) = 0.016; four of them are 0.063
    shares = [
        sum(len(word) == longest for word in words(name)) / SIZES[name]
        for name in ("feedback", "sealed", "fresh")
    ]
    assert max(shares) - min(shares) < 0.063


def test_the_words_are_those_that_published_scores_refer_to() -> None:
    # recorded when the sets were made; scores before and after a change cannot be compared
    digests = {name: hashlib.sha256("\n".join(words(name)).encode()).hexdigest()[:16] for name in SIZES}
    assert digests == {
        "feedback": "a199ceb5e585fa66",
        "sealed": "8e1ae59fea27aa9c",
        "fresh": "3f8c32c166de3e90",
        "train": "f52db4579ee886bc",
    }


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(KeyError):
        words("validation")  # type: ignore[arg-type]  # the point of the test
