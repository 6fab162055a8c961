"""The rows behind the figures, against the audit and the study that they come from."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from posttrace.reports.pack import comparing, course, gains, planning
from posttrace.reports.pack.contents import FIGURES
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.material import Material
from posttrace.reports.style import WIDE
from posttrace.traces.errors import InputError
from tests.reports.study import QUICK, Sketch, write_study

ON_TABLES = (
    "results",
    "forest",
    "modes",
    "slopes_driver",
    "slopes_agent",
    "wins",
    "ranks",
    "profiles",
    "power",
)


def test_names_are_told_apart():
    names = [entry.name for entry in FIGURES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", FIGURES, ids=lambda entry: entry.name)
def test_what_the_data_support_is_drawn_and_the_rest_has_a_reason(entry, material, reported, nothing):
    for given in (material, reported, nothing):
        try:
            rows = entry.rows(given)
        except Unsupported:
            continue
        assert len(rows)
        assert {"run_id", "run_ids"} & set(rows) or entry.name in ("medals", "crossover")
        assert entry.draw(rows, given.settings, WIDE).get_figwidth() > 0


def test_no_run_supports_no_figure(nothing):
    for entry in FIGURES:
        with pytest.raises(Unsupported, match=r"\w"):
            entry.rows(nothing)


@pytest.mark.parametrize("name", ON_TABLES)
def test_reported_tables_have_figures_too(name, reported):
    entry = next(entry for entry in FIGURES if entry.name == name)
    assert len(entry.rows(reported))


def test_results_have_the_numbers_of_the_audit(material):
    table = gains.results(material).set_index(["task", "agent_label"])
    cell = next(c for c in material.audit.cells if c.task == "spell" and c.agent == "sft")
    row = table.loc[("spell", "sft")]
    assert row["mean_gain_pp"] == pytest.approx(100 * cell.mean_gain)
    assert row["n_runs"] == 2
    assert row["interval"] == "range"
    assert row["verdicts"] == "exceeds exceeds"
    assert len(row["run_ids"]) == 2
    # one run: its own bounds
    lottery = next(run for run in material.audit.runs if run.agent == "lottery")
    row = table.loc[("spell", "lottery")]
    assert (row["low_pp"], row["high_pp"]) == pytest.approx((100 * lottery.lcb, 100 * lottery.ucb))
    assert row["interval"] == gains.ONE_RUN
    assert np.isnan(table["mean_gain_pp"]["spell", "crash"])


def test_best_of_two_runs(material):
    table = gains.best_of_k(material)
    runs = material.verdicts[(material.verdicts["task"] == "spell") & (material.verdicts["agent"] == "sft")]
    expected = runs["corrected_gain_pp"]
    # of two runs: the mean, then the larger
    assert list(table["expected_best_pp"]) == pytest.approx([expected.mean(), expected.max()])
    assert list(table["n_runs"]) == [2, 2]


def test_time_of_submissions(material):
    table = course.over_time(material)
    own = table[table["run_id"] == table["run_id"].iloc[0]]
    # submitted at 245, 490, ... s: 240 s of work, 5 s of grading
    assert own["elapsed_min"].iloc[:3].tolist() == pytest.approx([0.0, 245 / 60, 490 / 60])


def test_tokens_are_summed_up_to_each_submission(material):
    run_id = material.submissions["run_id"].iloc[0]
    steps = pd.DataFrame(
        {
            "run_id": run_id,
            "t_s": [100.0, 300.0, 400.0, np.nan],
            "input_tokens": pd.array([1000, 2000, None, 5], dtype="Int64"),
            "cached_tokens": pd.array([None, 500, None, 5], dtype="Int64"),
            "output_tokens": pd.array([10, 20, None, 5], dtype="Int64"),
        }
    )
    traces = replace(material.traces)
    traces.__dict__["steps"] = steps
    own = replace(material, found=traces)
    own.__dict__.update(verdicts=material.verdicts, submissions=material.submissions)
    table = course.over_tokens(own)
    assert set(table["run_id"]) == {run_id}
    # baseline at 0 s; submissions at 245 s (1010 tokens) and 490 s (3530)
    assert table["tokens_k"].iloc[:3].tolist() == pytest.approx([0.0, 1.010, 3.530])


def test_modes_are_told_apart_by_verdicts_where_runs_are_single(reported):
    table = comparing.modes(reported)
    # only sft with the small driver ran in two modes
    assert set(table["row_label"]) == {"fixed", "free"}
    by = table.set_index(["task", "row_label"])["significant"]
    assert not by["spell", "fixed"]
    exceeds = gains.results(reported).set_index(["task", "agent_label"])["verdicts"]
    assert by["spell", "free"] == (exceeds["spell", "sft · small · free"] == "exceeds")


@pytest.mark.parametrize("name", ["results", "forest", "modes", "slopes_driver"])
def test_captions_of_reported_gains_do_not_speak_of_corrected_ones(name, material, reported):
    entry = next(entry for entry in FIGURES if entry.name == name)
    assert "corrected for having picked the best" in entry.caption(material)
    assert "as reported: nothing corrects them" in entry.caption(reported)
    assert "Circles" not in entry.caption(reported)


def test_every_caption_stands_alone():
    assert not [entry.name for entry in FIGURES if "the same" in entry.says.lower()]


def test_an_interval_over_runs_says_its_level(tmp_path):
    runs = tuple(Sketch("spell", "sft", seed, 40, [50 + seed, 60 + 2 * seed]) for seed in range(5))
    write_study(tmp_path, runs)
    table = gains.results(Material.read([tmp_path], replace(QUICK, alpha=0.1)))
    assert table["interval"].tolist() == ["90 % t interval over runs, shared baseline"]


def test_slopes_match_all_but_one_factor(reported):
    table = comparing.drivers(reported)
    rows = table[["line", "level", "gain_pp"]].sort_values(["line", "level"]).to_numpy().tolist()
    # sft in the mode free on each task: nothing else has two drivers
    expected = [
        ["house", "large", 15.0],
        ["house", "small", 10.0],
        ["spell", "large", 15.0],
        ["spell", "small", 10.0],
    ]
    assert [row[:2] for row in rows] == [row[:2] for row in expected]
    assert [row[2] for row in rows] == pytest.approx([row[2] for row in expected])
    scaffolds = comparing.scaffolds(reported)
    # levels from the least to the largest mean gain
    assert list(dict.fromkeys(scaffolds["level"])) == ["rft", "grpo", "sft"]


def test_one_driver_has_no_slope(material):
    with pytest.raises(Unsupported, match="driver"):
        comparing.drivers(material)
    with pytest.raises(Unsupported, match="one mode"):
        comparing.modes(material)


def test_blocks_of_several_base_models_are_one_line():
    rows = [
        ("spell", "free", base, base, level, gain, 1, [f"{base}{level}"])
        for base, shift in (("b0", 0.0), ("b1", 2.0))
        for level, gain in (("x", 1.0 + shift), ("y", 4.0 + shift))
    ]
    columns = ["task", "mode", "base_model", "block", "level", "gain_pp", "n_runs", "run_ids"]
    frame = pd.DataFrame(rows, columns=columns)
    found = comparing._over_bases(frame, ["task", "mode", "base_model"])
    assert found["gain_pp"].tolist() == [2.0, 5.0]
    assert found["n_runs"].tolist() == [2, 2]
    assert found["run_ids"].tolist() == [["b0x", "b1x"], ["b0y", "b1y"]]
    # a block without a level would compare other base models: they stay apart
    assert len(comparing._over_bases(frame.iloc[:3], ["task", "mode", "base_model"])) == 3


def test_wins_of_a_pair_add_up_to_one(reported):
    table = comparing.wins(reported).set_index(["one", "other"])["probability"]
    assert all(table[a, b] + table[b, a] == pytest.approx(1) for a, b in table.index)


def test_power_curves_fall_and_rise_with_k(reported):
    curves = planning.power(reported).query("task == 'spell' and kind == 'curve'")
    table = curves.pivot(index="n_items", columns="k", values="detectable_pp").dropna()
    assert (np.diff(table.to_numpy(), axis=0) < 0).all()
    assert (np.diff(table.to_numpy(), axis=1) > 0).all()
    assert set(curves["baseline_pct"]) == {20.0}


def test_power_takes_the_scorings_of_the_baseline(material):
    said = planning.power(material)
    assert said.loc[said["kind"] == "curve", "assumes"].str.contains("1 scoring of the baseline").all()
    runs = said[said["kind"] == "run"]
    mde = {run.run_id: 100 * run.mde80 for run in material.audit.runs}
    assert [mde[ids[0]] for ids in runs["run_ids"]] == pytest.approx(runs["detectable_pp"].tolist())


def test_failures_add_up(material):
    table = course.failures(material)
    for scope, rows in table.groupby("scope"):
        assert rows["count"].sum() == rows["failed"].iloc[0]
        assert rows["cumulative_pct"].iloc[-1] == pytest.approx(100)
        assert rows["count"].is_monotonic_decreasing
        if scope == "runs":
            assert rows["of"].iloc[0] == len(material.traces.final)


def test_tables_and_traces_do_not_mix(study, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("task,baseline,best,n_test\n")
    with pytest.raises(InputError):
        Material.read([study, path])


def test_base_models_of_a_reported_table_are_in_its_labels(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "task,agent,base_model,baseline,best,n_test,submissions\nspell,sft,a,20,30,100,1\nspell,sft,b,20,40,100,1\n"
    )
    table = Material.read([path], QUICK).verdicts
    assert table["agent_label"].tolist() == ["sft · a", "sft · b"]
    assert table["agent"].tolist() == ["sft", "sft"]


@pytest.mark.parametrize("name", ["results", "slopes", "wins", "modes", "best_of_k", "failures", "power"])
def test_columns_are_those_of_the_figure(name, material, reported):
    entry = next(entry for entry in FIGURES if entry.name.startswith(name))
    columns = import_module(f"posttrace.reports.figures.{name}").COLUMNS
    rows = entry.rows(material if name in ("best_of_k", "failures") else reported)
    assert set(columns) <= set(rows)
