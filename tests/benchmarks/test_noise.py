"""The simulations behind ``docs/noise.md`` do what their tables say."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.noise import adaptive, clusters, detection, no_items, practice, type_one
from benchmarks.noise.estimate import Estimate, generator, limit, lowest, share
from benchmarks.noise.experiment import Experiment
from benchmarks.noise.figure import SHOWN, draw, save
from benchmarks.noise.tables import SIMULATIONS, section, simulate
from posttrace.analysis.stats.items.paired import Paired
from posttrace.reports import style

DOCS = Path(__file__).parents[2] / "docs"
TABLES = DOCS / "noise_tables.md"


def test_share_and_its_limits():
    # sqrt(.2 * .8 / 100) = .04; one error is never zero: sqrt(.01 * .99 / 100) = .00995
    assert share(20, 100) == Estimate(0.2, pytest.approx(0.04))
    assert share(0, 100) == Estimate(0.0, pytest.approx(0.00995, abs=1e-5))
    assert (limit(0.2, 100), lowest(0.2, 100)) == (pytest.approx(0.32), pytest.approx(0.08))
    assert str(share(20, 100)) == "0.200 (0.040)"


def test_experiments_have_the_means_they_promise():
    # 400 draws of 300 items: an error of one mean is at most sqrt(.25 / 120,000) = .0014
    rng, experiment = np.random.default_rng(0), Experiment(300, 0.4, 0.5, 3, m=2, gain=0.1, alone=True)
    drawn = [experiment.draw(rng) for _ in range(400)]
    means = np.mean([paired.submissions.mean(axis=0) for paired in drawn], axis=0)
    assert means == pytest.approx(0.4 + experiment.gains, abs=0.007)
    assert experiment.gains.tolist() == [0.0, 0.0, 0.1]
    # two scorings of one item agree as icc p0 (1 - p0) = .12 says
    both = np.mean([(paired.baseline[0] * paired.baseline[1]).mean() for paired in drawn])
    assert both - 0.16 == pytest.approx(0.12, abs=0.007)


def test_the_better_submission_loses_no_more_than_a_null_one():
    case = detection.Case(400, 0.3, 0.5, 2, 1)
    rng = np.random.default_rng(0)
    drawn = [case._adding(0.05, rng) for _ in range(300)]
    gained, lost = (
        np.mean([x / 400 for x in column], axis=0)
        for column in zip(*((paired.gained, paired.lost) for paired in drawn), strict=True)
    )
    # E[c (1 - c)] = .3 * .7 * .5 = .105 either way
    assert lost == pytest.approx([0.105, 0.105], abs=0.004)
    assert gained == pytest.approx([0.105, 0.155], abs=0.004)


def test_no_climber_is_better_on_other_items():
    # a climber that draws everything anew is no climber: its last submission is a fresh draw
    rng, case = np.random.default_rng(0), adaptive.Case(1.0, 0.3, 0.5, 4, 1)
    last = np.mean([case.draw(rng).submissions[:, -1].mean() for _ in range(300)])
    assert last == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 300 / adaptive.N))


def test_a_climber_climbs_and_a_vote_beats_its_panel():
    rng = np.random.default_rng(0)
    climbed, voted = (
        np.mean([case.draw(rng).units.gains for _ in range(200)], axis=0)
        for case in (adaptive.Case(0.2, 0.5, 0.5, 20, 1), adaptive.Case(None, 0.5, 0.0, 20, 1))
    )
    assert climbed[-1] > climbed[0] + 0.03
    assert voted[-1] > voted[:-1].max() + 0.03


def test_clusters_of_every_size_and_no_gain():
    case, rng = clusters.Case(30, 0.3, 2, 1), np.random.default_rng(0)
    paired = case.draw(rng)
    sizes = np.bincount(paired.clusters)
    assert len(sizes) == 30
    assert sizes.min() >= 3
    assert sizes.max() <= 17
    gains = np.mean([case.draw(rng).units.gains for _ in range(400)], axis=0)
    assert gains == pytest.approx([0, 0], abs=0.02)


def test_practices_by_hand():
    # 20 of 100 right, baseline 10: z = .1 / sqrt(.2 * .8 / 100) = 2.5; ten gained, none lost: p = 2^-10
    base, scored = np.zeros((1, 100)), np.zeros((100, 1))
    base[0, :10] = 1.0
    scored[:20] = 1.0
    paired = Paired(base, scored)
    assert practice.constant(paired)
    assert practice.winner_alone(paired)
    # 15 of 100: z = .05 / sqrt(.15 * .85 / 100) = 1.40; five gained: p = 1/32
    scored[15:] = 0.0
    paired = Paired(base, scored)
    assert not practice.constant(paired)
    assert practice.winner_alone(paired)


def test_scores_alone_are_tested_at_the_whole_interval():
    found = no_items.Case(Experiment(82, 0.5, 0.0, 5), 40).row(np.random.default_rng(0))
    assert isinstance(found["claims"], Estimate)
    assert found["claims"].value <= limit(0.05, 40)


def test_a_row_depends_on_its_case_and_the_seed_alone(monkeypatch):
    few = [type_one.Case(Experiment(60, 0.4, 0.0, k), 10) for k in (1, 3)]
    monkeypatch.setattr(type_one, "cases", lambda full: few)
    both = list(simulate("type_one", full=False, seed=0, processes=2))
    monkeypatch.setattr(type_one, "cases", lambda full: few[1:])
    assert list(simulate("type_one", full=False, seed=0, processes=1)) == both[1:]
    assert generator(0, "a").random() != generator(1, "a").random() != generator(1, "b").random()


def test_section_has_title_summary_and_rows():
    rows = [type_one.Case(Experiment(60, 0.4, 0.0, k), 5).row(generator(0, "x")) for k in (1, 2)]
    text = section("type_one", rows)
    assert text.startswith("## Type I error and coverage")
    assert text.count("| 60 ") == 2
    assert "promise broken" in text


def test_committed_tables_have_every_simulation():
    text = TABLES.read_text()
    assert [f"## {module.TITLE}" in text for module in SIMULATIONS.values()] == [True] * len(SIMULATIONS)
    broken = [line for line in text.splitlines() if line.endswith("| NO     |") and "skewed" not in line]
    assert broken == []


def test_every_rate_on_the_page_is_in_the_tables():
    rates = re.findall(r"(?<![\d.])\.\d{3}\b", (DOCS / "noise.md").read_text().partition("Sources:")[0])
    tables = TABLES.read_text()
    assert len(rates) > 20
    assert [rate for rate in rates if f"0{rate} (" not in tables and rate != ".055"] == []


def test_figure_is_the_same_twice(tmp_path):
    gains = practice.best_gains(generator(0, "x"), SHOWN, 50)
    row = {name: share(3, 50) for name in (practice.CONSTANT, practice.MCNEMAR, practice.AUDIT)}
    for name in ("a", "b"):
        with style.applied():
            save(draw(gains, [{"k": k, **row} for k in (1, 30)]), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert gains[30].mean() > gains[1].mean()
