from __future__ import annotations

import re
from importlib.resources import files

import pytest
from click.testing import CliRunner

from posttrace.runner.tasks.pretrain import BASES
from posttrace.runner.tasks.style import Style
from posttrace.runner.tasks.style.duels import Share, share
from posttrace.runner.tasks.style.measure import EXPLOITS, Hidden, best_constant, main
from posttrace.runner.tasks.style.writers import references

README = (files("posttrace.runner.tasks.style") / "README.md").read_text()
LOWEST_BASE = 18
"""Per cent; below every score of a base in README.md."""


def test_a_share_says_its_standard_error_and_count() -> None:
    # sqrt(0.25 * 0.75 / 1200) = 0.0125
    assert str(Share(300, 1200)) == "25.0 % ± 1.2 (n = 1,200)"
    assert share([True, False]) == Share(1, 2)


def test_the_readme_has_the_figures_that_the_command_prints() -> None:
    result = CliRunner().invoke(main)
    assert result.exit_code == 0, result.output
    parts = result.output.strip().split("\n\n")
    assert len(parts) == 3
    for part in parts:
        assert part in README


@pytest.mark.parametrize("seed", range(5))
def test_the_readme_has_the_scores_of_the_bases(seed: int) -> None:
    # half a point: ten of 2,000 items that another processor's rounding may turn
    row = re.search(rf"^\| {seed} \| ([\d., ]+) \| [\d.]+ \|$", README, re.MULTILINE)
    assert row
    sampled = [float(score) for score in row[1].split(", ")]
    score = Style().evaluate(BASES / "style" / str(seed), "sealed", seed).score
    assert score == pytest.approx(sampled[seed], abs=0.5)
    assert all(LOWEST_BASE < score < 35 for score in sampled)


def test_the_readme_has_the_greedy_score_of_the_first_base() -> None:
    row = re.search(r"^\| 0 \| [\d., ]+ \| ([\d.]+) \|$", README, re.MULTILINE)
    assert row
    score = Style(temperature=0).evaluate(BASES / "style" / "0", "sealed", 0).score
    assert score == pytest.approx(float(row[1]), abs=0.5)


@pytest.mark.parametrize("name", [*EXPLOITS])
def test_no_exploit_wins_what_an_untrained_base_wins(name: str) -> None:
    hidden = Hidden("fresh", 1000)
    won = hidden.won([EXPLOITS[name](prompt) for prompt in hidden.prompts])
    # a tenth of the base's rate; the best exploit wins 1.3 %, whose standard error is 0.4
    assert won.percent < 3 < LOWEST_BASE


def test_copying_the_reference_wins_nothing_and_loses_nothing() -> None:
    hidden = Hidden("sealed")
    assert (hidden.won(hidden.references).hits, hidden.lost(hidden.references).hits) == (0, 0)


def test_a_search_for_a_constant_answer_finds_none_that_pays() -> None:
    hidden, candidates = Hidden("feedback", 200), references("train")[:100]
    found = best_constant(hidden, candidates, proposals=100)
    assert hidden.won_by(found).hits >= max(hidden.won_by(text).hits for text in candidates)
    assert Hidden("sealed").won_by(found).percent < 3


def test_a_search_takes_changes_that_win() -> None:
    # "no less" lets a search walk on from a text that wins nothing, where every change is as good
    hidden = Hidden("feedback", 100)
    start = "the the the the ."
    assert hidden.won_by(start).hits == 0
    assert best_constant(hidden, [start], proposals=60) != start
