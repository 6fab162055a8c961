import math

import pytest
from scipy.stats import t

from posttrace.analysis.audit.cells import Cells, Run


def run(gain: float, key: str, code: str = "within_noise", cell: str = "c", **changes: object) -> Run:
    values: dict[str, object] = {
        "cell_id": cell,
        "task": "spell",
        "agent": "sft",
        "driver": None,
        "mode": None,
        "code": code,
        "gain": gain,
        "gain_kind": "corrected",
        "failed": math.isnan(gain) and code == "invalid",
        "baseline": 0.4,
        "baseline_key": key,
        "baseline_var": 0.0004,
    }
    return Run(**{**values, **changes})  # type: ignore[arg-type]  # keyword arguments by name


def test_one_run_has_no_interval():
    (cell,) = Cells()([run(0.03, "a")])
    assert (cell.n_runs, cell.mean_gain, cell.interval) == (1, 0.03, "single run")
    assert math.isnan(cell.low)
    assert math.isnan(cell.high)


def test_two_runs_have_a_range():
    (cell,) = Cells()([run(0.03, "a"), run(0.01, "b", "exceeds")])
    assert (cell.low, cell.high, cell.interval) == (0.01, 0.03, "range")
    assert cell.verdicts == {"exceeds": 1, "within_noise": 1}


def test_three_runs_with_their_own_baselines():
    (cell,) = Cells()([run(0.01, "a"), run(0.02, "b"), run(0.06, "c")])
    # mean .03, s^2 = (4 + 1 + 9) e-4 / 2 = 7e-4
    half = t.ppf(0.975, 2) * math.sqrt(7e-4 / 3)
    assert [cell.low, cell.high] == pytest.approx([0.03 - half, 0.03 + half])
    assert cell.interval == "t interval"


def test_a_shared_baseline_adds_its_variance():
    (cell,) = Cells()([run(0.01, "a"), run(0.02, "a"), run(0.06, "a")])
    half = t.ppf(0.975, 2) * math.sqrt(7e-4 / 3 + 4e-4)
    assert cell.high == pytest.approx(0.03 + half)
    assert cell.interval == "t interval, shared baseline"


def test_runs_without_a_score_enter_by_policy():
    failed = run(math.nan, "b", "invalid")
    runs = [run(0.06, "a"), failed]
    # dropped; as score 0 it loses the whole baseline; as the baseline it gains nothing
    for policy, mean in (("drop", 0.06), ("zero", (0.06 - 0.4) / 2), ("baseline", 0.03)):
        (cell,) = Cells(policy)(runs)
        assert cell.mean_gain == pytest.approx(mean)
        assert cell.sensitivity == pytest.approx({"drop": 0.06, "zero": -0.17, "baseline": 0.03})
        assert (cell.n_runs, cell.n_without_score) == (2, 1)


def test_an_invalid_run_with_scores_never_enters():
    (cell,) = Cells("zero")([run(0.06, "a"), run(math.nan, "b", "invalid", failed=False)])
    assert cell.mean_gain == 0.06


def test_nothing_scored():
    (cell,) = Cells()([run(math.nan, "a", "invalid")])
    assert math.isnan(cell.mean_gain)
    assert (cell.interval, cell.gain_kind) == ("no scored run", "undefined")


def test_uncorrected_gains_are_said_to_be():
    (cell,) = Cells()([run(0.1, "a"), run(0.2, "b", gain_kind="reported")])
    assert cell.gain_kind == "corrected in 1 of 2 runs, reported in 1 of 2 runs"
    (cell,) = Cells()([run(0.2, "b", gain_kind="reported")])
    assert cell.gain_kind == "reported"


def test_cells_keep_their_order():
    cells = Cells()([run(0.1, "a", cell="z"), run(0.1, "a", cell="b"), run(0.1, "a", cell="z")])
    assert [(cell.cell_id, cell.n_runs) for cell in cells] == [("z", 2), ("b", 1)]
