"""Routes against labels: figures by hand, intervals by enumeration, and what a wrong label file is told."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.routes.agreement import agreement, class_of, read_labels
from posttrace.analysis.routes.classify import RunRoutes
from posttrace.analysis.routes.estimates import Clusters
from posttrace.analysis.routes.route import Route
from posttrace.analysis.routes.routes import Routes
from posttrace.traces.errors import InputError

LABELS = st.lists(st.sampled_from(["sft", "grpo", "dpo"]), min_size=1, max_size=8)


def routes(**submitted):
    """Routes of runs by id: stages of the best graded submission, number 1; None without one."""
    found = []
    for run_id, stages in submitted.items():
        route = None if stages is None else Route(tuple(stages.split()), "B")
        numbers = {} if route is None else {1: route, 2: Route((), "A")}
        run = SimpleNamespace(run_id=run_id, state="final")
        found.append((run, RunRoutes((), route, 1 if route else None, numbers, {})))
    return Routes(tuple(found))


def labels(path: Path, text: str) -> pd.DataFrame:
    file = path / "labels.csv"
    file.write_text(text)
    return read_labels(file)


def test_figures_of_four_runs(tmp_path):
    found = agreement(
        routes(a="sft", b="sft grpo", c="grpo", d="dpo"),
        labels(tmp_path, "run_id,label\na,sft\nb,sft>grpo\nc,sft>grpo\nd,ppo\n"),
        rng=np.random.default_rng(0),
    )
    # a and b are right; d is wrong but both are coarse `other`
    assert found.accuracy.value == 0.5
    assert found.coarse.value == 0.75
    # of the true classes: sft 1, hybrid 2*1/(2+1), ppo 0
    assert found.macro_f1.value == pytest.approx((1 + 2 / 3 + 0) / 3)
    # agreement 2/4; by chance sft 1*1 + hybrid 2*1 of 16: kappa = (1/2 - 3/16) / (13/16)
    assert found.kappa.kappa == pytest.approx(5 / 13)
    assert found.confusion.loc["hybrid"].to_dict() == {"dpo": 0, "grpo": 1, "hybrid": 1, "ppo": 0, "sft": 0}
    assert found.table()["figure"].tolist() == [
        "same label",
        "same coarse class",
        "macro-F1",
        "Cohen's kappa",
    ]


def test_order_counts_unless_the_label_is_just_hybrid(tmp_path):
    found = agreement(
        routes(a="grpo sft", b="grpo sft"),
        labels(tmp_path, "run_id,label\na,sft > grpo\nb,hybrid\n"),
        rng=np.random.default_rng(0),
    )
    assert found.items["same"].tolist() == [False, True]
    assert found.coarse.value == 1.0
    assert found.macro_f1.value == 1.0


def test_a_run_without_a_submission_agrees_with_nothing(tmp_path):
    found = agreement(
        routes(a=None, b="sft"),
        labels(tmp_path, "run_id,label\na,dpo\nb,sft\n"),
        rng=np.random.default_rng(0),
    )
    assert found.items["route"].tolist() == ["none", "sft"]
    assert found.coarse.value == 0.5


def test_single_submissions_may_be_labelled(tmp_path):
    table = labels(tmp_path, "run_id,submission_id,label\na,1,sft\na,2,no_train\na,,sft\n")
    found = agreement(routes(a="sft"), table, rng=np.random.default_rng(0))
    assert found.items["route"].tolist() == ["sft", "no_train", "sft"]
    # one run: there is nothing to draw anew
    assert math.isnan(found.accuracy.low)


def test_json_is_plain(tmp_path):
    table = labels(tmp_path, "run_id,submission_id,label\na,,sft\nb,1,sft\n")
    found = agreement(routes(a="sft", b="sft"), table, rng=np.random.default_rng(0)).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["kappa"]["kappa"] is None  # both raters use one class
    assert found["items"][0]["submission_id"] is None


def test_the_same_seed_gives_the_same_intervals(tmp_path):
    of, table = routes(a="sft", b="grpo", c="dpo"), labels(tmp_path, "run_id,label\na,sft\nb,sft\nc,dpo\n")
    first, second = (agreement(of, table, rng=np.random.default_rng(7)) for _ in range(2))
    assert first.table().equals(second.table())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("run,label\na,sft\n", "no column run_id; needed are run_id and label"),
        ("run_id,label\na,SFT\n", "no label: 'SFT'; use"),
        ("run_id,label\na,sft>\n", "no label: 'sft>'"),
        ("run_id,label\na,sft\na,dpo\n", "labelled twice: a"),
        ("run_id,submission_id,label\na,best,sft\n", "submission_id 'best' is no number"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, text, says):
    with pytest.raises(InputError, match=says) as raised:
        labels(tmp_path, text)
    assert "\n" not in str(raised.value)


def test_no_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match="give labels as CSV"):
        read_labels(tmp_path / "none.csv")


def test_unknown_runs_and_submissions_are_listed(tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"no such run: x, y; "):
        agreement(routes(a="sft"), labels(tmp_path, "run_id,label\na,sft\nx,sft\ny,sft\n"), rng=rng)
    with pytest.raises(InputError, match="run a has no submission 7"):
        agreement(routes(a="sft"), labels(tmp_path, "run_id,submission_id,label\na,7,sft\n"), rng=rng)


@pytest.mark.parametrize(
    ("label", "name"),
    [("sft", "sft"), ("sft>grpo", "hybrid"), ("sft>sft", "sft"), ("no_train", "no_train")],
)
def test_class_of(label, name):
    assert class_of(label) == name


# -- intervals ---------------------------------------------------------------------------------------------


def test_an_interval_is_that_of_all_possible_draws():
    hit, n = [True, False, False, True], 4
    shares = sorted(np.mean([hit[i] for i in drawn]) for drawn in itertools.product(range(n), repeat=n))
    clusters = Clusters(tuple("abcd"), resamples=20_000, level=0.8)
    found = clusters.share(hit, [True] * n, clusters.weights(np.random.default_rng(0)))
    assert (found.low, found.high) == pytest.approx(np.quantile(shares, [0.1, 0.9]))


def test_items_of_a_cluster_are_drawn_together():
    clusters = Clusters(("a", "a", "b"), resamples=500)
    weights = clusters.weights(np.random.default_rng(0))
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 0] + weights[:, 2] == 2).all()


def test_all_alike_is_not_certain():
    clusters = Clusters(tuple("abcde"), resamples=100)
    found = clusters.share([True] * 5, [True] * 5, clusters.weights(np.random.default_rng(0)))
    # exact interval of 5 of 5: low = .025^(1/5)
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 5), 1.0))


def test_nothing_among_is_undefined():
    clusters = Clusters(("a", "b"), resamples=10)
    found = clusters.share([True, True], [False, False], clusters.weights(np.random.default_rng(0)))
    assert math.isnan(found.value)
    assert found.n == 0


@given(LABELS, st.randoms())
def test_macro_f1_of_relabelled_classes_is_the_same(truth, random):
    said = [random.choice(["sft", "grpo", "dpo"]) for _ in truth]
    swap = {"sft": "grpo", "grpo": "dpo", "dpo": "sft"}
    clusters = Clusters(tuple(map(str, range(len(truth)))), resamples=2)
    weights = clusters.weights(np.random.default_rng(0))
    plain = clusters.macro_f1(truth, said, weights)
    swapped = clusters.macro_f1([swap[t] for t in truth], [swap[s] for s in said], weights)
    assert plain.value == pytest.approx(swapped.value)
    assert clusters.macro_f1(truth, truth, weights).value == 1.0
