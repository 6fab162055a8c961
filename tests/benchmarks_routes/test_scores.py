"""Figures of a labelled list by hand, and the lines that verdicts cite."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.routes.cited import Cited, cited, elsewhere
from benchmarks.routes.evaluation import ALL_SAID, OURS, Evaluation
from benchmarks.routes.fit import Fitted
from benchmarks.routes.floors import FLOORS
from benchmarks.routes.scores import Scores
from benchmarks.routes.tables import errors, markdown, tables
from benchmarks.routes.units import Unit
from benchmarks.routes.verdicts import Verdict
from posttrace.analysis.routes.confidence import Calibration
from posttrace.analysis.routes.route import Evidence, Route

TRUTH = ["sft", "sft>grpo", "no_train", "no_train", "ppo", "dpo"]
SAID = ["sft", "grpo>sft", "sft", "no_train", "unknown", "no_train"]
LINE = Evidence("trainer", "a trainer is made", "code/train.py", 40)


def scores(**changes) -> Scores:
    given = {
        "truth": TRUTH,
        "said": SAID,
        "repositories": ["a/a", "a/a", "b/b", "b/b", "c/c", "c/c"],
        "handwritten": [False, True, True, False, False, False],
        "pipeline": [False, True, False, False, False, False],
        "resamples": 200,
    }
    return Scores(**{**given, **changes})


def unit(label="sft", evidence="", repo="a/a", **changes) -> Unit:
    fields = {"commit": "0" * 40, "paths": ("code/train.py",), "unit": "file", "framework": "trl"}
    given = {**fields, "handwritten": False, "difficulty": "easy", **changes}
    return Unit(repo=repo, label=label, evidence=evidence, **given)


def verdict(said="sft", facts=(LINE,), **changes) -> Verdict:
    stages = () if said == "no_train" else tuple(said.split(">"))
    floors = dict.fromkeys(FLOORS, "sft")
    return Verdict(unit(**changes), Route(stages, "C", tuple(facts)), floors, 0.25)


def test_headline():
    found = {figure.name: (figure.by_unit.value, figure.by_unit.n) for figure in scores().figures()}
    # classes: right are sft, hybrid (in another order), one no_train
    assert found["accuracy (13 classes)"] == (3 / 6, 6)
    assert found["exact label"] == (2 / 6, 6)
    assert found["ordered (a>b) exact"] == (0.0, 1)
    assert found["pipelines exact"] == (0.0, 1)
    assert found["hand-written"] == (1 / 2, 2)
    # ppo and unknown, dpo and no_train are all coarse `other`; no_train said sft is not
    assert found["coarse accuracy"] == (5 / 6, 6)
    assert found["no_train said trained"] == (1 / 2, 2)
    assert found["trained said no_train"] == (1 / 4, 4)
    assert found["no verdict"] == (1 / 6, 6)
    assert found["accuracy of verdicts"] == (3 / 5, 5)
    # sft 2/3, hybrid 1, no_train 2/4, ppo 0, dpo 0
    assert found["macro-F1"] == (pytest.approx((2 / 3 + 1 + 1 / 2) / 5), 6)


def test_intervals_contain_the_figure_and_repeat():
    first, second = scores().figures(), scores().figures()
    assert first == second
    for figure in first:
        for found in (figure.by_unit, figure.by_repository):
            assert math.isnan(found.low) or found.low <= found.value <= found.high
    assert first != scores(seed=1).figures()


def test_one_repository_has_no_interval_over_repositories():
    figure = scores(repositories=["a/a"] * 6).figures()[0]
    assert math.isnan(figure.by_repository.low)
    assert not math.isnan(figure.by_unit.low)


def test_classes_and_groups():
    table = scores().by_class().set_index("class")
    assert table.loc["no_train", ["n", "said"]].tolist() == [2, 2]
    assert table.loc["no_train", ["precision", "recall", "F1"]].tolist() == [0.5, 0.5, 0.5]
    assert math.isnan(table.loc["unknown", "recall"])
    by = scores().by("repository", scores().repositories)
    assert by.set_index("repository")["accuracy"].to_dict() == {"a/a": 1.0, "b/b": 0.5, "c/c": 0.0}


# -- cited lines -------------------------------------------------------------------------------------------


def test_lines_of_the_list():
    assert unit(evidence="trainer built [L66]").lines == ((None, 66),)
    assert unit(evidence="two [train.py:3, loss.py:L61], not [x] or L5").lines == (
        ("train.py", 3),
        ("loss.py", 61),
    )


def test_lines_are_compared_within_two():
    far = Evidence("update", "weights", "code/train.py", 90)
    assert cited([verdict(evidence="[L42]", facts=(LINE, far))]) == Cited(1, 1, 1, 1, 2, 1, 0)
    assert cited([verdict(evidence="[L43]")]) == Cited(1, 0, 1, 0, 1, 0, 0)
    assert cited([verdict(evidence="[train.py:41, other.py:40]")]) == Cited(1, 1, 2, 1, 1, 1, 0)


def test_other_lines_are_listed():
    [line] = elsewhere(
        [verdict(evidence="[L43]"), verdict(evidence="[L40]"), verdict("dpo", evidence="[L9]")]
    )
    assert line == "a/a: code/train.py: sft, for :43 it cites trainer code/train.py:40"


def test_wrong_verdicts_and_units_without_lines_are_left_out():
    assert cited([verdict("dpo", evidence="[L40]"), verdict(evidence="no line")]) == Cited(
        0, 0, 0, 0, 0, 0, 0
    )
    assert cited([verdict(facts=()), verdict("no_train", (), label="no_train")]).silent == 1


# -- the whole ---------------------------------------------------------------------------------------------


@pytest.fixture
def evaluation() -> Evaluation:
    verdicts = (
        verdict(evidence="[L40]"),
        verdict("dpo", label="grpo", repo="b/b"),
        verdict("no_train", (), label="no_train", repo="c/c"),
        Verdict(unit(repo="d/d"), floors=dict.fromkeys(FLOORS, "sft"), failure="more than 60 s"),
        Verdict(unit(repo="e/e"), unreadable="no clone at e+e"),
    )
    return Evaluation(verdicts, Calibration(0.0, {"trainer": 1.0, "nothing": -1.0}))


def test_unreadable_units_are_counted_apart_and_failures_are_wrong(evaluation):
    assert len(evaluation.judged) == 4
    assert evaluation.scores[OURS].said == ["sft", "dpo", "unknown", "failed"]
    assert evaluation.scores[ALL_SAID].said == ["sft", "dpo", "no_train", "failed"]


def test_calibration_counts_what_was_withheld_by_its_first_candidate(evaluation):
    up, down = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))
    # two verdicts at .73, one right; one at .27, right
    assert evaluation.calibrated == (pytest.approx((abs(2 * up - 1) + abs(down - 1)) / 3), 3)


def test_reliability(evaluation):
    up, down = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))
    assert evaluation.reliability().to_dict("records") == [
        {"bin": "0.2–0.3", "n": 1, "confidence": pytest.approx(down), "right": 1.0},
        {"bin": "0.7–0.8", "n": 2, "confidence": pytest.approx(up), "right": 0.5},
    ]


def test_errors_are_a_line_each(evaluation):
    found = errors(evaluation).splitlines()
    assert found == [
        "b/b: code/train.py: grpo -> dpo 0.73 (trainer: a trainer is made code/train.py:40)",
        "c/c: code/train.py: no_train -> unknown [no_train 0.27] (no evidence)",
        "d/d: code/train.py: sft -> failed (more than 60 s)",
    ]


def test_tables_json_and_page(evaluation):
    assert [table.title for table in tables(evaluation)][-1] == "Not judged"
    found = evaluation.to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["units"] == 5
    assert found["verdicts"][-1]["problem"] == "no clone at e+e"
    page = markdown(evaluation)
    assert "| accuracy (13 classes) | 0.250 |" in page
    assert "### By repository" in page


def test_a_list_of_which_nothing_can_be_read():
    evaluation = Evaluation((Verdict(unit(), unreadable="no clone"),), Calibration(0.0, {}))
    assert math.isnan(evaluation.scores[OURS].figures()[0].by_unit.value)
    assert len(list(tables(evaluation))) > 3
    json.dumps(evaluation.to_json(), allow_nan=False)


# -- the fit -----------------------------------------------------------------------------------------------


def test_a_repository_is_judged_by_the_others():
    # trainers are right in a/a, wrong in b/b: each is predicted from the other alone
    verdicts = [verdict(repo="a/a")] * 8 + [verdict("dpo", repo="b/b", label="grpo")] * 8
    fitted = Fitted.of([*verdicts, verdict("unknown", label="sft")])
    assert len(fitted.routes) == 16
    assert max(fitted.elsewhere[:8]) < 0.2
    assert min(fitted.elsewhere[8:]) > 0.8
    assert fitted.quality()["brier_constant"] == 0.25
    assert fitted.quality()["ece_in_sample"] == pytest.approx(0.0, abs=0.02)
    assert fitted.quality()["ece_other_repositories"] > 0.8


def test_the_file_that_ships_says_what_it_was_fitted_on():
    text = Fitted.of([verdict(repo="a/a")] * 3 + [verdict("dpo", label="sft", repo="b/b")]).toml()
    assert "units = 4\nrepositories = 2" in text
    assert "started: 3 of 4 right\ntrainer = " in text
