"""What each figure of the pack draws where."""

import numpy as np
import pytest

from posttrace.reports import figures, style
from posttrace.reports.figures import legend
from posttrace.reports.figures.ranks import cliques
from posttrace.reports.figures.results import marks
from tests.reports.figures import tables


def texts(axes):
    return [text.get_text() for text in axes.texts]


def labels(figure):
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


def line(axes, number: int = 0) -> list[tuple[float, float]]:
    drawn = [one for one in axes.lines if len(one.get_xdata()) > 2 or one.get_marker() not in ("", "None")]
    return list(
        zip(np.asarray(drawn[number].get_xdata()), np.asarray(drawn[number].get_ydata()), strict=True)
    )


def test_results_say_gain_interval_and_the_mark_of_every_run():
    figure = figures.results(tables.main_results())
    said = texts(figure.axes[0])
    assert {"+39.4", "[37.0, 41.5]", "▲▲◇", "−1.0†", "[−1.4, −0.3]", "▼", "–", "no scored run"} <= set(said)
    assert {"[ ] t interval over runs", "[ ] † bounds of a single run", "exceeds"} <= labels(figure)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["spell", "house $5"]


def test_many_runs_are_counted():
    assert marks("exceeds " * 6) == "▲" * 6
    assert marks("exceeds " * 6 + "regression") == "6▲ 1▼"


def test_modes_hatch_what_is_not_told_apart():
    axes = figures.modes(tables.by_mode()).axes[0]
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [False, True, True]
    assert texts(axes) == ["+10.0", "3 runs", "+0.3", "3 runs", "–", "1 run"]


def test_modes_of_reported_gains_claim_no_number_of_runs():
    table = tables.by_mode().assign(n_runs=np.nan)
    figure = figures.modes(table)
    assert texts(figure.axes[0]) == ["+10.0", "+0.3", "–"]
    assert "no number: runs not stated" in labels(figure)
    assert labels(figures.modes(table.assign(significant=True, n_runs=2.0))) == set()


def test_slopes_skip_a_level_that_a_block_lacks():
    axes = figures.slopes(tables.by_driver()).axes[0]
    ends = {tuple(one.get_xdata()): list(one.get_ydata()) for one in axes.lines if one.get_marker() != "None"}
    # levels in the order of the table: small, large, huge; house has no run with large
    assert ends == {(0, 1): [2.0, 9.0], (0, 2): [-1.0, 5.0]}


def test_failures_name_their_denominators():
    runs, iterations = figures.failures(tables.failed()).axes
    assert [axes.get_title(loc="left") for axes in (runs, iterations)] == [
        "3 of 10 runs failed",
        "5 of 40 iterations failed",
    ]
    assert [patch.get_width() for patch in runs.patches] == [2, 1]
    assert texts(runs) == ["2 · cumulative 67 %", "1 · cumulative 100 %"]


def test_power_has_a_line_for_each_k_and_a_circle_for_each_run():
    figure = figures.power(tables.detectable())
    assert labels(figure) == {"k = 1", "k = 30", "audited result"}
    axes = figure.axes[0]
    hollow = [one for one in axes.lines if one.get_markerfacecolor() == "none"]
    assert [(tuple(one.get_xdata()), tuple(one.get_ydata())) for one in hollow] == [((200,), (6.0,))]
    assert (axes.get_title(loc="left"), texts(axes)) == ("spell", ["base 20.0 %"])


def test_wins_hatch_unless_one_half_is_left_out():
    axes = figures.wins(tables.pairs()).axes[0]
    hatched = [bool(patch.get_hatch()) for patch in axes.patches]
    # 0.7 to 0.97 and its mirror leave 0.5 out; the others hold it, are undefined, or have no interval
    assert hatched == [False, False, True, True, False, True]
    assert {"0.90", "[0.70, 0.97]", "0.80", "no interval", "–"} <= set(texts(axes))


def test_wins_on_fewer_tasks_say_so():
    pairs = tables.pairs()
    names = list(dict.fromkeys(pairs["one"]))
    few = (pairs["one"] == names[-1]) | (pairs["other"] == names[-1])
    axes = figures.wins(pairs.assign(tasks=few.map({True: 1, False: 6}))).axes[0]
    said = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]
    assert said == [*names[:-1], f"{names[-1]} (1 of 6 tasks)"]


def test_many_agents_are_numbered():
    names = [f"agent {i}" for i in range(9)]
    rows = tables.pairs().iloc[:1]
    many = rows.loc[rows.index.repeat(len(names))].assign(one=names, other=names[::-1])
    axes = figures.wins(many).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(i) for i in range(1, 10)]
    assert axes.get_yticklabels()[8].get_text() == "9 · agent 8"


@pytest.mark.parametrize(
    ("ranks", "critical", "expected"),
    [
        ([1.0, 2.0, 3.25, 3.75], 1.5, [(1.0, 2.0), (2.0, 3.25), (3.25, 3.75)]),
        ([1.0, 2.0, 3.0], 5.0, [(1.0, 3.0)]),
        ([1.0, 3.0], 1.0, []),
        ([1.5, 1.5, 3.0], 1.0, []),
    ],
)
def test_cliques_are_the_longest_stretches(ranks, critical, expected):
    assert cliques(ranks, critical) == expected


def test_ranks_say_what_they_rest_on():
    said = texts(figures.ranks(tables.ranked()).axes[0])
    assert "critical difference 1.50, 4 tasks; Friedman p 0.010" in said
    assert "grpo (2.00)" in said


def test_profiles_stand_in_panels_when_there_are_many():
    one = figures.profiles(tables.steps())
    assert len(one.subfigs) == 1
    many = figures.profiles(tables.steps(tuple("abcdefgh")))
    said = [[text.get_text() for text in part.legends[0].get_texts()] for part in many.subfigs]
    assert said == [list("abcdef"), list("gh")]
    steps = many.subfigs[0].axes[0].lines[0]
    assert list(steps.get_ydata()) == [100, 50, 0]


def test_profiles_of_fewer_tasks_say_so():
    table = tables.steps()
    fewer = table.assign(tasks=table["tasks"].where(table["configuration"] != "grpo", 1))
    said = [text.get_text() for text in figures.profiles(fewer).subfigs[0].legends[0].get_texts()]
    assert said == ["sft", "grpo (1 of 2 tasks)"]


def test_medals_show_seeds_and_competitions_apart():
    axes = figures.medals(tables.rates()).axes[0]
    heights = [[tuple(path.vertices[:, 1]) for path in bars.get_paths()] for bars in axes.collections]
    # thin, then thick, of each system; a system without a printed error has no thick bar
    assert heights[0] == [(20.0, 41.0), (25.0, 46.0)]
    assert heights[1] == [(29.0, 31.0), (34.5, 35.5)]
    assert heights[2] == [(10.0, 27.0)]
    assert np.isnan(heights[3][0]).all() if heights[3] else True


def test_medals_without_printed_errors_have_no_key_for_them():
    assert "± one standard error over seeds" in labels(figures.medals(tables.rates()))
    bare = tables.rates().assign(seed_low_pct=np.nan, seed_high_pct=np.nan)
    assert labels(figures.medals(bare)) == {"one", "other", "95 % interval over competitions"}


def test_crossover_has_its_interval_or_none():
    table = tables.crossing()
    axes = figures.crossover(table).axes[0]
    (strip,) = axes.patches
    assert (strip.get_x(), strip.get_x() + strip.get_width()) == (9.0, 15.0)
    open_ = table.assign(low_strength=np.nan, high_strength=np.nan)
    assert not figures.crossover(open_).axes[0].patches
    assert "crossover" in labels(figures.crossover(open_))
    assert "crossover and its interval" not in labels(figures.crossover(open_))
    outside = table.assign(strength=table["strength"].where(table["kind"] != "crossover", 99.0))
    assert "crossover and its interval" not in labels(figures.crossover(outside))


def test_best_of_k_has_a_panel_a_task():
    figure = figures.best_of_k(tables.best())
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["spell", "house"]
    assert line(figure.axes[1]) == [(1, 3.0), (2, 4.0), (3, 5.0)]


def test_a_mean_of_one_run_is_no_bar():
    figure = figures.route_gains(tables.gained())
    bars = [one for axes in figure.axes for one in axes.lines if one.get_linewidth() == 1.4]
    assert len(bars) == 1  # of sft on spell, which two runs came by


def test_route_gains_keep_a_route_without_runs_on_a_task():
    spell, house = figures.route_gains(tables.gained()).axes
    assert texts(spell) == ["n = 2"]
    assert texts(house) == ["n = 1"]
    at = [
        one.get_xdata()[0] for one in spell.lines if one.get_marker() == style.VERDICT_MARKS["exceeds"].marker
    ]
    assert at == [10.0, 12.0]
    means = [list(one.get_xdata()) for one in spell.lines if one.get_linewidth() == 1.4]
    assert means == [[11.0, 11.0]]


def test_a_legend_has_as_many_columns_as_fit():
    with style.applied():
        # 14 digits of DejaVu Sans are 14 x 0.636 em, 7 % more on a screen; with 5 em beside them 14.5 em of
        # 8 pt: 1.61 in each
        assert legend.columns(["0" * 14] * 9, 6.5) == 4
        assert legend.columns(["0" * 14] * 9, 6.3) == 3
        assert legend.columns(["0" * 14] * 2, 6.3) == 2
        # a column is as wide as its longest: (30 + 4 + 4) x 0.68 + 3 x 5 em are 4.54 in
        assert legend.columns(["0" * 30, "0" * 4, "0" * 4], 4.6) == 3
        assert legend.columns(["0" * 30, "0" * 4, "0" * 4], 4.4) == 2
        assert legend.columns(["x" * 140], 1.0) == 1
