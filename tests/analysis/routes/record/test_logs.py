"""Families of metrics, and whose lines they are."""

from __future__ import annotations

from typing import get_args

import pytest

from posttrace.analysis.routes.record.history import Logged, Process
from posttrace.analysis.routes.record.logs import agrees, bears, families, objectives, of_line, owners, table
from posttrace.analysis.routes.route import Objective


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("loss", "lr"), {"likelihood"}),
        (("train/loss",), {"likelihood"}),
        (("loss", "mean_token_accuracy", "num_tokens"), {"likelihood"}),
        (("reward", "loss", "kl"), {"reward"}),
        (("loss", "reward", "reward_std", "frac_reward_zero_std", "kl"), {"reward", "group"}),
        (("rewards/accuracy_reward/mean", "completions/mean_length", "clip_ratio/low_mean"), {"reward"}),
        (("actor/pg_loss", "actor/kl_loss", "critic/score/mean", "critic/advantages/mean"), {"reward"}),
        (("critic/vf_loss", "actor/pg_loss"), {"value", "reward"}),
        (("loss/policy_avg", "loss/value_avg", "objective/kl"), {"value", "reward"}),
        (("rewards/margins", "loss"), {"preference"}),
        (("rewards/chosen", "kl", "loss"), {"preference"}),
        (("logps/chosen",), {"preference"}),
        (("loss", "min_reward", "max_reward", "accuracy"), {"scorer"}),
        (("class_loss", "kd_loss", "loss"), {"teacher"}),
        (("kl",), {"divergence"}),
        (("eval_loss", "eval_reward", "epoch"), set()),
        (("lossless", "rewarding"), set()),
        (("accuracy", "step"), set()),
    ],
)
def test_families_of_a_line(keys: tuple[str, ...], expected: set[str]) -> None:
    assert of_line(frozenset(keys)) == expected


def test_the_table_speaks_of_objectives() -> None:
    known = set(get_args(Objective))
    for entry in table().values():
        assert {*entry.confirms, *entry.allows} <= known
        assert entry.keys or entry.words
        assert entry.known_from
        assert not set(entry.confirms) & set(entry.allows)


def test_weak_signs_choose_and_rule_nothing_out() -> None:
    assert bears(["grpo"], {"likelihood"}, weak=False)
    assert not bears(["grpo"], {"likelihood"}, weak=True)
    assert bears(["grpo"], {"likelihood", "reward"}, weak=True)  # rewards are there as well
    assert not bears(["sft"], {"reward"}, weak=False)
    assert bears(["other"], {"reward", "preference"}, weak=True)
    assert bears(["sft", "dpo"], {"preference", "likelihood"}, weak=True)


def test_what_may_have_logged_is_ranked_by_all_that_was_logged() -> None:
    assert objectives({"reward", "likelihood"})[0] == "grpo"
    assert objectives({"preference", "divergence"})[0] == "dpo"
    assert objectives({"group", "reward"})[0] == "grpo"
    assert objectives({"reward"}) == ("grpo", "reinforce", "ppo", "rft")


def lines(source: str, *times: float, first: int = 1) -> list[Logged]:
    """A line of losses at each time, steps counted from ``first``."""
    return [Logged(t_s, source, step, frozenset({"loss"})) for step, t_s in enumerate(times, first)]


def process(started_s: float, ended_s: float) -> Process:
    return Process(1, None, ("python",), "", started_s, ended_s)


def test_one_line_is_no_training() -> None:
    assert families(lines("a", 1.0)) == {}
    assert families(lines("a", 1.0) + lines("b", 2.0)) == {}
    assert families(lines("a", 1.0, 2.0)) == {"likelihood": "a"}


def test_lines_are_of_the_only_command_in_whose_time_they_were_read() -> None:
    first, second = process(10, 20), process(30, 40)
    early, late = lines("a", 10.5, 21.5), lines("b", 31.0, 39.0)
    assert owners([*early, *late], [first, second], lag_s=2.0) == {first: early, second: late}


def test_lines_that_two_commands_can_have_written_are_nobodys() -> None:
    """At 21 s a line of the first may be read late, or one of the second at once."""
    assert owners(lines("a", 21.0), [process(10, 20), process(20.5, 40)], lag_s=2.0) == {}


def test_a_file_that_begins_anew_is_of_the_next_command() -> None:
    first, second = process(10, 20), process(20.5, 40)
    log = [*lines("a", 12.0, 14.0), *lines("a", 21.0, 21.5)]
    assert owners(log, [first, second], lag_s=2.0) == {first: log[:2], second: log[2:]}


def test_a_file_that_runs_through_two_commands_is_nobodys() -> None:
    assert owners(lines("stdout", 12.0, 35.0), [process(10, 20), process(30, 40)], lag_s=2.0) == {}


def test_own_samples_may_log_rewards() -> None:
    assert agrees("rft", ["reward"])
    assert agrees("rft", ["likelihood"])
    assert not agrees("sft", ["reward"])
    assert not agrees("grpo", ["likelihood"])
    assert not agrees("unknown", ["likelihood", "reward", "preference"])
