"""Which figures a pack has, in the order in which a paper shows them."""

from __future__ import annotations

from typing import Final

from posttrace.reports import figures
from posttrace.reports.pack import comparing, course, gains, planning, ranks, siblings
from posttrace.reports.pack.entry import Entry

GAIN = (
    "Gains are over the run's own baseline, in percentage points, corrected for having picked the best "
    "where the record allows it."
)
AS_REPORTED = (
    "Gains are over the reported baseline, in percentage points, as reported: nothing corrects them for "
    "having picked the best."
)
MARKS = "A mark for each run says its verdict."
APART = (
    "Hatched: not told apart from no gain, by the interval over runs, or where there is none by the verdicts "
    "on all of its runs."
)
SCORES = (
    "Lines: the best so far. The band is the 95 % noise of one scoring of the baseline, items taken as "
    "independent."
)

FIGURES: Final = (
    Entry(
        "results",
        "Main results",
        f"Mean gain of the runs of each agent on each task, with the interval named in the legend. {GAIN} "
        f"{MARKS}",
        gains.results,
        lambda rows, _, page: figures.results(rows, page=page),
        f"Gain of each agent on each task, with its bounds. {AS_REPORTED} The mark says the verdict.",
    ),
    Entry(
        "forest",
        "Gain of every run",
        f"{GAIN} Circles: as reported, beside corrected gains. Bars: simultaneous lower to upper bound over "
        "the submissions of a run.",
        gains.forest,
        lambda rows, s, page: figures.forest(rows, delta_eq_pp=100 * s.delta_eq, page=page),
        f"{AS_REPORTED} Bars: simultaneous lower to upper bound over the submissions of a run.",
    ),
    Entry(
        "modes",
        "Gain by mode and task",
        f"Mean gain of the runs of each mode. {GAIN} {APART}",
        comparing.modes,
        lambda rows, _, page: figures.modes(rows, page=page),
        f"Gain of each mode. {AS_REPORTED} {APART}",
    ),
    Entry(
        "trajectories",
        "Scores over submissions",
        f"Score of every submission of every audited run, in percent. {SCORES}",
        course.over_submissions,
        lambda rows, _, page: figures.trajectories(rows, page=page),
    ),
    Entry(
        "trajectories_time",
        "Scores over time",
        "Score of every submission of every audited run, in percent, over minutes since the start of the "
        f"run, evaluations included. {SCORES}",
        course.over_time,
        lambda rows, _, page: figures.trajectories(rows, x="elapsed_min", page=page),
    ),
    Entry(
        "trajectories_tokens",
        "Scores over tokens",
        "Score of every submission of every audited run, in percent, over tokens of the agent's steps until "
        f"the submission (input, cached and output, as far as steps report them). {SCORES}",
        course.over_tokens,
        lambda rows, _, page: figures.trajectories(rows, x="tokens_k", page=page),
    ),
    Entry(
        "routes",
        "Routes",
        "Share of the submissions received from each agent by the route they came about by.",
        course.routes,
        lambda rows, _, page: figures.routes(rows, page=page),
    ),
    Entry(
        "route_gains",
        "Gain by route",
        f"Runs by the route of their best submission; a bar at the mean. {GAIN} An agent chooses its route: "
        "this is association and no effect.",
        gains.route_gains,
        lambda rows, _, page: figures.route_gains(rows, page=page),
    ),
    Entry(
        "best_of_k",
        "Best of k runs",
        "Expected best gain of k runs drawn without replacement from the scored runs of a cell (exact), in "
        "percentage points. No interval: the runs are all there is.",
        gains.best_of_k,
        lambda rows, _, page: figures.best_of_k(rows, page=page),
    ),
    Entry(
        "slopes_driver",
        "Drivers on matched cells",
        f"Mean gain of cells that differ in the driver alone. {GAIN}",
        comparing.drivers,
        lambda rows, _, page: figures.slopes(rows, page=page),
        f"Gain of cells that differ in the driver alone. {AS_REPORTED}",
    ),
    Entry(
        "slopes_agent",
        "Scaffolds on matched cells",
        f"Mean gain of cells that differ in the agent alone. {GAIN}",
        comparing.scaffolds,
        lambda rows, _, page: figures.slopes(rows, page=page),
        f"Gain of cells that differ in the agent alone. {AS_REPORTED}",
    ),
    Entry(
        "failures",
        "Failures",
        "Types of failure of runs and of iterations (the work up to a submission or a failed launch), the "
        "most frequent first, out of all audited runs and all of their iterations.",
        course.failures,
        lambda rows, _, page: figures.failures(rows, page=page),
    ),
    Entry(
        "wins",
        "Win matrix",
        "Probability that a run of the agent of a row gains more than one of the column's, ties one half, "
        "averaged over the tasks that both have; bootstrap interval over runs within tasks.",
        comparing.wins,
        lambda rows, _, page: figures.wins(rows, page=page),
    ),
    Entry(
        "ranks",
        "Mean ranks over tasks",
        "Ranks of mean gains within tasks, 1 is the best; bars join agents that differ by less than "
        "Nemenyi's critical difference, which is rough for few tasks. Friedman's p is from permutations "
        "within tasks. Both take tasks as independent and use order alone, not the size of gains.",
        ranks.ranks,
        lambda rows, _, page: figures.ranks(rows, page=page),
    ),
    Entry(
        "profiles",
        "Performance profiles",
        "Share of runs, averaged over tasks, whose gain is more than a share of the headroom (100 % less the "
        "baseline); bands are pointwise bootstrap intervals over runs within tasks.",
        comparing.profiles,
        lambda rows, _, page: figures.profiles(rows, page=page),
    ),
    Entry(
        "power",
        "Detectable gain",
        "Smallest gain found with probability 0.8 when the best of k submissions is picked, for 0/1 items at "
        "the task's baseline p0, of which 2 p0 (1 - p0) differ without any gain. Circles: audited runs, from "
        "their own items and their own k.",
        planning.power,
        lambda rows, _, page: figures.power(rows, page=page),
    ),
    Entry(
        "medals",
        "Medal rate over hours",
        "Share of competitions with a medal. Thick: one printed standard error over seeds each way, of these "
        "competitions. Thin: 95 % Wilson interval for other competitions, as if seeds always agreed.",
        siblings.medals,
        lambda rows, _, page: figures.medals(rows, page=page),
    ),
    Entry(
        "crossover",
        "Crossover of strategies",
        "Success rates with 95 % Wilson intervals, logistic lines, and the strength at which they cross with "
        "its bootstrap interval where the data bound it.",
        siblings.crossover,
        lambda rows, _, page: figures.crossover(rows, page=page),
    ),
)
"""Names are those of the files."""
