from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.grading.feedback import Feedback, Ladder, better
from posttrace.traces.events import Best, TaskInfo

losses = st.lists(st.fractions(0, 1, max_denominator=2000), min_size=1, max_size=40)
etas = st.fractions(Fraction(1, 1000), Fraction(1, 2), max_denominator=1000)


def task(**changes):
    return TaskInfo(
        **{"id": "t", "level": None, "metric": "m", "n_items": None, "scale_max": 100.0} | changes
    )


def test_the_ladder_of_blum_and_hardt():
    # Algorithm 1 by hand, eta = .01: .515 is no step below .52 - .01; .508 is, and rounds to .51; .49 is
    # below .51 - .01; .451 below .49 - .01, rounds to .45; .44 is not *below* .45 - .01; .4395 is, and rounds
    # to .44
    told = [".52", ".515", ".508", ".49", ".499", ".451", ".44", ".4395"]
    expected = [".52", ".52", ".51", ".49", ".49", ".45", ".45", ".44"]
    ladder = Ladder(Fraction("0.01"))
    assert [ladder.release(Fraction(x)) for x in told] == [Fraction(x) for x in expected]


@given(losses, etas)
def test_released_losses_only_fall_and_are_close_to_the_best(values, eta):
    ladder = Ladder(eta)
    released = [ladder.release(value) for value in values]
    assert released == sorted(released, reverse=True)
    for i, said in enumerate(released):
        assert said % eta == 0
        # rounding moves a step by eta / 2, and a better loss is held back for at most eta
        assert said - min(values[: i + 1]) <= eta * Fraction(3, 2)
        assert said >= min(values[: i + 1]) - eta / 2


@given(losses)
def test_floats_on_a_scale_release_what_exact_losses_release(values):
    # an independent path: the Ladder on the exact losses, turned into native scores
    exact = Ladder(Fraction("0.01"))
    feedback = Feedback("ladder", task(), baseline=0.0)
    for i, loss in enumerate(values):
        score = float((1 - loss) * 100)
        expected = float((1 - exact.release(loss)) * 100)
        assert feedback.tell(i + 1, score)["score"] == pytest.approx(expected, abs=1e-12)


def test_score_tells_everything():
    feedback = Feedback("score", task(), baseline=50.0)
    assert feedback.without_score() == {
        "score": None,
        "baseline_score": 50.0,
        "improvement": None,
        "best": None,
    }
    feedback.tell(1, 60.0)
    assert feedback.tell(2, 40.0) == {
        "score": 40.0,
        "baseline_score": 50.0,
        "improvement": -10.0,
        "best": {"submission_id": 1, "score": 60.0},
    }


def test_lower_is_better_turns_gain_and_ladder_round():
    feedback = Feedback("ladder", task(higher_is_better=False, scale_max=1.0), baseline=0.5, eta=0.1)
    # losses are the scores: .42 rounds to .4; .35 is no step of .1 below; .28 is, rounds to .3
    assert [feedback.tell(i, s)["score"] for i, s in enumerate((0.42, 0.35, 0.28))] == [0.4, 0.4, 0.3]
    assert feedback.tell(9, 0.9)["improvement"] == pytest.approx(0.2)


def test_none_tells_nothing():
    feedback = Feedback("none", task(), baseline=50.0)
    assert set(feedback.tell(1, 99.0).values()) == set(feedback.without_score().values()) == {None}


def test_a_tie_goes_to_the_earlier():
    first = better(None, 1, 0.5, task())
    assert better(first, 2, 0.5, task()) is first
    assert better(first, 3, 0.6, task()) == Best(submission_id=3, score=0.6)
    assert better(first, 4, 0.4, task(higher_is_better=False)).submission_id == 4
