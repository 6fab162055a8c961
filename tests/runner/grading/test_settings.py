from __future__ import annotations

import pytest

from posttrace.runner.grading import GradingSettings
from posttrace.traces.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feedback", "scores"),
        ("keep", "some"),
        ("baseline_replicates", 0),
        ("max_queue", 0),
        ("evaluation_timeout_s", 0.0),
        ("evaluation_timeout_s", float("nan")),
        ("evaluation_timeout_s", 1e7),  # ended a run with "timeout is too large"
        ("memory_bytes", -1),  # to setrlimit no limit at all
        ("host", ""),
        ("ladder_eta", 0.0),
        ("ladder_eta", 1.0),
        ("port", -1),
        ("port", 65536),
    ],
)
def test_settings_that_cannot_work_are_refused(name, value):
    with pytest.raises(ConfigError, match=rf"\.{name}"):
        GradingSettings(**{name: value})


def test_the_defaults_work():
    assert GradingSettings().feedback == "score"
