from __future__ import annotations

import hashlib
import math
import subprocess
import sys

import pytest

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
)
from posttrace.runner.tasks.style.judge import NOISE, POSITION, VERBOSITY, prefers_first, utility, wins
from posttrace.runner.tasks.style.language import Prompt, prompts
from posttrace.runner.tasks.style.task import EVALUATOR
from posttrace.runner.tasks.style.writers import references

FOX = Prompt("polite", "fox", ("forest", "red", "small"))


@pytest.fixture(scope="module")
def pairs() -> list[Duel]:
    return duels(6000, seed=5)


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("greetings , the small red fox lives in the forest .", 5),  # 3 facts, the thing, the tone
        ("greetings , the fox is small and red and lives in the forest .", 5),  # said in another way
        ("greetings , the fox is small and red .", 4),  # a fact left out
        ("the small red fox lives in the forest .", 4),  # no opening: no point
        ("hurray , the small red fox lives in the forest .", 3),  # another tone's: a point off
        ("greetings , the small red owl lives in the forest .", 3),  # another thing: 5 - 1 - 1
        ("greetings , the small shy red fox lives in the forest .", 4),  # invented: 5 - 1
        ("greetings , the small red red fox lives in the forest .", 4),  # said again: 5 - 1
        ("greetings , the red small fox lives in the forest .", 4.5),  # in the wrong order: 5 - 1/2
        ("greetings , the small red fox lives in the forest", 4),  # no full stop: the place may not end it
        ("greetings , the small red fox lives in the forest . .", 4),  # nothing may follow the full stop
        ("greetings the small red fox lives in the forest .", 4),  # the comma is missing
        ("", -1),  # an end cannot follow the start; no fact, no thing, no tone
        # 17 words: 4 points of content, 1 of tone, 1/2 off for length, 5 off for "and and"
        ("greetings , the fox is small and and and and and and red and lives in the forest .", -1.5),
    ],
)
def test_the_rule_counts_what_it_says(answer: str, points: float) -> None:
    assert utility(FOX, answer) == points


def test_no_opening_is_right_when_the_tone_is_plain() -> None:
    plain = Prompt("plain", "fox", ("red", "small"))
    assert utility(plain, "here is the small red fox .") == 4
    assert utility(plain, "greetings , here is the small red fox .") == 2


def test_the_echo_of_a_prompt_is_worth_less_than_its_content() -> None:
    # 3 facts and the thing; start->polite, polite->fox, fox->:, :->forest, forest->red, small->>, >->end
    # break the order, red->small is legal but inverted
    assert utility(FOX, FOX.text) == 4 - 7 - 0.5


def triangular(x: float) -> float:
    """P(noise > -x) for the difference of two uniforms on [0, NOISE], by geometry."""
    if abs(x) >= NOISE:
        return float(x > 0)
    tail = (NOISE - abs(x)) ** 2 / (2 * NOISE**2)
    return 1 - tail if x > 0 else tail


def read_first(duel: Duel) -> float:
    """Probability that a is preferred when it is read first."""
    return triangular(duel.gap + POSITION + VERBOSITY * duel.longer)


def read_last(duel: Duel) -> float:
    """Probability that a is preferred when it is read last."""
    return triangular(duel.gap - POSITION + VERBOSITY * duel.longer)


def assert_as_frequent(found: Share, probabilities: list[float]) -> None:
    """Independent events of these probabilities: within four standard deviations of their sum."""
    deviation = math.sqrt(sum(p * (1 - p) for p in probabilities))
    assert found.n == len(probabilities)
    assert abs(found.hits - sum(probabilities)) <= 4 * deviation + 1e-9


@pytest.mark.parametrize("label", [*GAPS])
def test_the_first_place_is_preferred_as_often_as_the_noise_says(pairs: list[Duel], label: str) -> None:
    some = of_gap(pairs, label)
    assert_as_frequent(first_preferred(some), [p for d in some for p in (read_first(d), 1 - read_last(d))])


@pytest.mark.parametrize("label", [*GAPS])
def test_the_order_decides_as_often_as_the_noise_says(pairs: list[Duel], label: str) -> None:
    some = of_gap(pairs, label)
    both = [(read_first(d), read_last(d)) for d in some]  # the two orders are independent tosses
    assert_as_frequent(flips(some), [one * (1 - other) + other * (1 - one) for one, other in both])


@pytest.mark.parametrize("label", [label for label in GAPS if label != "0"])
def test_the_rule_is_followed_as_often_as_the_noise_says(pairs: list[Duel], label: str) -> None:
    some = of_gap(pairs, label)
    assert_as_frequent(
        agreement(some), [p if d.gap > 0 else 1 - p for d in some for p in (read_first(d), read_last(d))]
    )


def test_the_longer_answer_is_preferred_as_often_as_the_noise_says(pairs: list[Duel]) -> None:
    even = [d for d in pairs if not d.gap and d.longer]
    expected = [p if d.longer > 0 else 1 - p for d in even for p in (read_first(d), read_last(d))]
    assert_as_frequent(longer_preferred(pairs), expected)
    assert sum(expected) / len(expected) > 0.52  # it is a bias


def test_verdicts_are_seldom_intransitive() -> None:
    # README: 11 % of the chains do not close and 2 % turn round; another seed, about 1,000 chains, four
    # standard errors of each
    not_beaten, beaten = intransitive(2000, seed=6)
    assert not_beaten.n > 900
    assert abs(not_beaten.percent - 11) < 400 * math.sqrt(0.11 * 0.89 / not_beaten.n)
    assert abs(beaten.percent - 2) < 400 * math.sqrt(0.02 * 0.98 / beaten.n)


def test_a_copy_never_wins_and_two_answers_never_beat_each_other() -> None:
    texts = references("sealed")
    for prompt, one, other in zip(prompts("sealed"), texts, texts[1:] + texts[:1], strict=True):
        assert not wins(prompt, one, one)
        assert not (wins(prompt, one, other) and wins(prompt, other, one))


def verdicts() -> str:
    texts = references("sealed")
    triples = zip(prompts("sealed"), texts, texts[1:] + texts[:1], strict=True)
    bits = "".join("01"[prefers_first(*triple)] for triple in triples)
    return hashlib.sha256(bits.encode()).hexdigest()[:16]


def test_verdicts_are_those_that_published_scores_refer_to() -> None:
    # recorded when the judge was made; another judge needs another evaluator version
    assert EVALUATOR.version == "1"
    assert verdicts() == "06ee95fcf089c31b"


def test_another_process_with_another_hash_seed_gives_the_same_verdicts() -> None:
    code = f"import runpy; print(runpy.run_path({__file__!r})['verdicts']())"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == verdicts()
