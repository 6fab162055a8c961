from __future__ import annotations

import math

from posttrace.runner.tasks.style.duels import agreement, duels
from posttrace.runner.tasks.style.judge import prefers_first, utility
from posttrace.runner.tasks.style.language import prompts
from posttrace.runner.tasks.style.pairs import preference_pairs


def test_a_pair_is_two_answers_to_a_training_prompt_in_order() -> None:
    pairs = preference_pairs(300)
    assert [pair.prompt for pair in pairs] == prompts("train")[:300]
    assert all(pair.chosen != pair.rejected for pair in pairs)


def test_fewer_pairs_are_the_first_of_more() -> None:
    assert preference_pairs(40) == preference_pairs(90)[:40]


def test_the_judge_chose_and_both_places_were_chosen() -> None:
    pairs = preference_pairs(2000)
    chosen_first = [prefers_first(p.prompt, p.chosen, p.rejected) for p in pairs]
    chosen_last = [not prefers_first(p.prompt, p.rejected, p.chosen) for p in pairs]
    assert all(one or other for one, other in zip(chosen_first, chosen_last, strict=True))
    assert not all(chosen_first)
    assert not all(chosen_last)


def test_as_many_labels_are_wrong_as_the_judge_is() -> None:
    # one verdict on each pair of the same writers; four standard errors of the difference of two frequencies
    gaps = [utility(p.prompt, p.chosen) - utility(p.prompt, p.rejected) for p in preference_pairs(2000)]
    decided = [gap for gap in gaps if gap]
    wrong = sum(gap < 0 for gap in decided) / len(decided)
    judged = agreement(duels(2000, seed=7))
    expected = 1 - judged.hits / judged.n
    error = math.sqrt(expected * (1 - expected) * (1 / len(decided) + 1 / judged.n))
    assert abs(wrong - expected) < 4 * error
    assert 0.05 < wrong < 0.25
