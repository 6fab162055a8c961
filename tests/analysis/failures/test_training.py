"""What logged metrics explain, in runs whose model fell below the base, and what they must not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.failures import training
from posttrace.analysis.failures.series import Series, role_of
from tests.analysis.failures.story import base_copy, scored, series, told


def primary(found):
    (row,) = found.runs.to_dict("records")
    return row["rule"], row["failure_type"], row["paper_class"]


def below(folder, lines=40, right=5, **courses):
    return told(folder, *series(lines, **courses), *scored(1, right, 20))


def steady(n):
    return 1.0 + 0.1 * math.sin(n)


COLLAPSE = ("training_diverged", "training collapse/instability")
REWARD = ("rollout_logic_wrong", "reward/data design failure")
ROLLOUT = ("rollout_logic_wrong", "rollout construction failure")


@pytest.mark.parametrize(
    ("courses", "expected"),
    [
        ({"loss": lambda n: math.nan if n >= 30 else steady(n)}, ("nonfinite_loss", *COLLAPSE)),
        ({"train__loss": lambda n: math.inf if n >= 38 else steady(n)}, ("nonfinite_loss", *COLLAPSE)),
        ({"grad_norm": lambda n: math.nan if n >= 30 else 1.0}, ("nonfinite_loss", *COLLAPSE)),
        ({"grad_norm": lambda n: 10 ** (n / 8), "loss": steady}, ("exploding_gradients", *COLLAPSE)),
        ({"loss": lambda n: steady(n) + n}, ("exploding_loss", *COLLAPSE)),
        ({"completions__mean_length": lambda n: 0.0, "reward": lambda n: 0.0}, ("empty_rollouts", *ROLLOUT)),
        (
            {"completions__clipped_ratio": lambda n: 1.0, "reward": lambda n: 0.3},
            ("clipped_rollouts", *ROLLOUT),
        ),
        ({"reward": lambda n: 0.0}, ("no_reward", *REWARD)),
        ({"critic__rewards__mean": lambda n: -0.01 * (n % 3)}, ("no_reward", *REWARD)),
        ({"reward": lambda n: 1.0, "frac_reward_zero_std": lambda n: 1.0}, ("equal_rewards", *REWARD)),
        ({"reward": steady, "reward_std": lambda n: 0.0}, ("equal_rewards", *REWARD)),
        ({"reward": lambda n: steady(n) + n / 10}, ("reward_without_score", *REWARD)),
        (
            {"reward": steady, "entropy": lambda n: 2.0 * math.exp(-n / 4)},
            ("policy_collapsed", *COLLAPSE),
        ),
    ],
)
def test_what_explains_a_score_below_the_base(tmp_path, courses, expected):
    assert primary(below(tmp_path / "r", **courses)) == expected


@pytest.mark.parametrize(
    "courses",
    [
        {"loss": lambda n: math.nan if n == 10 else steady(n)},  # one step that a loss scaler skips
        {"eval__loss": lambda n: math.nan, "loss": steady},
        {"bleu": lambda n: math.nan, "kl": lambda n: math.nan, "loss": steady},  # not the objective
        {"loss": lambda n: 3 * math.exp(-n / 30)},  # falls as it should
        {"grad_norm": lambda n: 10 ** (n / 8), "loss": lambda n: 3 - n / 20},  # grows, and the loss falls
        {"policy_loss": lambda n: 0.1 * math.sin(n), "reward": steady},  # about zero by construction
        {"reward": steady, "reward_std": lambda n: float(n % 2)},  # half of the steps teach
        {"rewards__format_reward__mean": lambda n: 0.0, "reward": steady},  # a part of it is constant
        {"reward": steady, "entropy": lambda n: 2.0 - n / 100},
        {"advantage": lambda n: 0.0, "reward": steady},
        {"learning_rate": lambda n: 0.0},
    ],
)
def test_what_explains_nothing(tmp_path, courses):
    """40 % after 50: below the base, not collapsed, and nothing logged says why."""
    found = told(tmp_path / "r", *series(40, **courses), *scored(1, 40, 20))
    assert primary(found)[:2] == ("below_base", "unknown")


@pytest.mark.parametrize(
    "courses",
    [
        {"loss": lambda n: math.nan},
        {"reward": lambda n: 0.0},
        {"reward": lambda n: steady(n) + n / 10, "entropy": lambda n: math.exp(-n)},
        {"loss": lambda n: 5 * math.exp(-n)},
    ],
)
def test_nothing_is_explained_where_nothing_failed(tmp_path, courses):
    """Metrics alone call no run failed: its model gained 20 points."""
    found = told(tmp_path / "r", *series(40, **courses), *scored(1, 70, 20))
    assert not found.iterations["failed"].any()
    assert not found.runs["failed"].any()


def test_too_few_lines_say_nothing_of_a_course(tmp_path):
    found = told(tmp_path / "r", *series(19, reward=lambda n: 0.0), *scored(1, 40, 20))
    assert primary(found)[0] == "below_base"


def test_a_training_without_a_gradient_leaves_the_base(tmp_path):
    """Groups of one: no try is better than its group, so the model that is submitted is the base."""
    logged = series(4, reward=lambda n: 0.5, reward_std=lambda n: 0.0, grad_norm=lambda n: 0.0)
    found = told(tmp_path / "r", *logged, *base_copy(1, 20))
    assert primary(found) == ("equal_rewards", *REWARD)
    assert "no_gradient" in set(found.causes["rule"])


def test_a_flat_loss_of_a_model_that_is_the_base(tmp_path):
    found = told(tmp_path / "r", *series(30, loss=lambda n: 2.5), *base_copy(1, 20))
    assert primary(found) == ("flat_loss", "copy_model_fallback", None)


SHORTCUT = ("unknown", "static shortcut without transfer")


@pytest.mark.parametrize("percent", [50, 40])
@pytest.mark.parametrize(
    "courses",
    [
        {"loss": lambda n: 3 * math.exp(-n / 5)},
        {"train__accuracy": lambda n: min(0.99, 0.5 + n / 40)},
        {"train_acc": lambda n: min(99.0, 50 + n)},  # in percent
    ],
)
def test_training_data_known_by_heart_and_nothing_gained(tmp_path, courses, percent):
    """The base's own outcomes leave no gain above 1 - .05^(1/200) = 1.5 points, and 40 % is a loss."""
    found = told(tmp_path / "r", *series(60, **courses), *scored(1, percent, 20))
    assert primary(found) == ("fits_without_transfer", *SHORTCUT)


@pytest.mark.parametrize(
    "courses",
    [
        {"loss": lambda n: 3 - n / 40},
        {"train__accuracy": lambda n: 0.8},
        {"mean_token_accuracy": lambda n: 0.99},  # of single tokens, most of which are easy
        {"loss": lambda n: 3 * math.exp(-n / 5), "reward": steady},  # a surrogate
    ],
)
def test_a_static_shortcut_is_not_claimed_without_evidence(tmp_path, courses):
    found = told(tmp_path / "r", *series(60, **courses), *scored(1, 40, 20))
    assert primary(found)[:2] == ("below_base", "unknown")
    assert not found.causes["paper_class"].eq("static shortcut without transfer").any()


def test_evidence_names_the_lines_of_the_trace(tmp_path):
    """start and baseline, 40 lines of metrics, received, graded: NaN from the 31st line of metrics on."""
    found = below(tmp_path / "r", loss=lambda n: math.nan if n >= 30 else steady(n))
    causes = found.causes[(found.causes["scope"] == "run") & (found.causes["rule"] == "nonfinite_loss")]
    assert list(causes["where"]) == ["trace.jsonl:33", "trace.jsonl:42"]
    assert list(causes["text"]) == ["output/log.jsonl loss = nan"] * 2


def test_a_training_that_begins_anew_is_another_one(tmp_path):
    """The first training's NaN says nothing of the model that the second one made."""
    first = series(30, at=1, loss=lambda n: math.nan)
    second = series(30, at=30, loss=steady)
    found = told(tmp_path / "r", *first, *scored(1, 70, 20), *second, *scored(2, 20, 50))
    assert list(found.iterations["rule"].fillna("")) == ["", "score_collapsed"]


def test_a_later_iteration_sees_its_training_from_the_first_line(tmp_path):
    """Ten lines before the first submission, thirty after: a course of forty."""
    logged = series(40, at=10, reward=lambda n: 0.0)
    found = told(tmp_path / "r", *logged, *scored(1, 40, 11), *scored(2, 30, 20))
    second = found.iterations.to_dict("records")[1]
    assert second["rule"] == "no_reward"
    assert "40 logged lines" in second["says"]


@given(
    values=st.lists(st.floats(), min_size=1, max_size=60),
    role=st.sampled_from(["loss", "gradient", "reward", "spread", "entropy", "log_prob", "length", "fit"]),
)
def test_any_course_can_be_asked_about_and_the_lines_cited_are_its_own(values, role):
    logged = Series("a.jsonl", role, np.arange(len(values)) + 10, np.array(values))
    lines = {role: [logged], "reward": [logged]}
    for rules in (training.BELOW_BASE, training.UNCHANGED, training.NO_GAIN):
        for cause in training.explain([lines], rules):
            cited = [int(line.where.rpartition(":")[2]) for line in cause.evidence]
            assert all(11 <= line <= len(values) + 10 for line in cited)


@given(st.text())
def test_any_key_has_a_role_or_none(key):
    assert role_of(key) is None or isinstance(role_of(key), str)
