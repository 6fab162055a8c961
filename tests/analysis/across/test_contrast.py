from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from posttrace.analysis.across.contrast import contrasts
from posttrace.traces.errors import InputError

VERDICTS = pd.DataFrame(
    [
        ("spell", "hybrid", 0, 0.30),
        ("spell", "hybrid", 1, 0.20),
        ("spell", "hybrid", 2, np.nan),  # without a gain
        ("spell", "sft", 0, 0.25),
        ("spell", "sft", 1, 0.05),
        ("spell", "sft", 2, 0.40),
        ("house", "sft", 0, 0.10),  # without a partner
    ],
    columns=["task", "agent", "seed", "corrected_gain"],
)


def test_runs_are_matched_by_task_and_seed():
    found = contrasts(VERDICTS, [("hybrid", "sft")]).set_index("task")
    # spell: .05 and .15, mean .10, sd .05 sqrt 2; seed 2 has no gain of hybrid, so one run stays alone
    assert found.loc["spell", ["n", "unmatched"]].tolist() == [2, 1]
    assert found.loc["spell", "mean"] == pytest.approx(0.10)
    assert found.loc["spell", "sd"] == pytest.approx(0.05 * 2**0.5)
    assert found.loc["spell", "p_least"] == 0.5
    # nothing to compare is no difference of 0
    assert found.loc["house", ["n", "unmatched"]].tolist() == [0, 1]
    assert np.isnan(found.loc["house", "mean"])


def test_an_agent_that_is_not_there_is_named():
    with pytest.raises(InputError, match="no runs of ppo; agents are hybrid, sft"):
        contrasts(VERDICTS, [("ppo", "sft")])


def test_two_runs_of_one_agent_and_seed_are_refused():
    with pytest.raises(InputError, match="two runs of hybrid on spell with seed 0"):
        contrasts(pd.concat([VERDICTS, VERDICTS.head(1)]), [("hybrid", "sft")])
