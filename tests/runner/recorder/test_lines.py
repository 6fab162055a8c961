"""Lines an agent prints are hostile until shown otherwise: none may cost more than its length."""

import pytest

from posttrace.runner.recorder.lines import parse_output

LONG = 60_000
"""A pattern that is quadratic in such a line would take minutes, and nobody would miss it."""


@pytest.mark.parametrize(
    "line",
    [
        "y" * LONG,
        "loss " * (LONG // 5),
        "loss" + " " * LONG + "1",
        "1" * LONG + " loss",
        "loss:" + "0." * LONG,
    ],
)
def test_an_endless_line_is_no_training(line):
    assert parse_output(line) == {}


@pytest.mark.parametrize("line", ["y" * 4000 + " loss 1", "loss 1 " + "." * 4000, "loss" + " " * 5 + "1"])
def test_a_training_is_seen_beside_noise(line):
    assert parse_output(line) == {"loss": 1.0}


def test_names_are_whole_words():
    assert parse_output("step 10 train/loss=0.5 lr: 1e-4") == {"step": 10.0, "train/loss": 0.5, "lr": 1e-4}
