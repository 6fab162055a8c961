"""Which figures a pack has, in the order in which a paper shows them."""

from __future__ import annotations

from typing import Final

from posttrace.reports import figures
from posttrace.reports.pack import course, gains
from posttrace.reports.pack.entry import Entry

GAIN = "Gains are over the run's own baseline, in percentage points, corrected for having picked the best."
MARKS = "A mark for each run says its verdict."

FIGURES: Final = (
    Entry(
        "results",
        "Main results",
        f"Mean gain of the runs of each agent on each task, with the interval named below. {GAIN} {MARKS}",
        gains.results,
        lambda rows, _, page: figures.results(rows, page=page),
    ),
    Entry(
        "forest",
        "Gain of every run",
        f"{GAIN} Hollow: as reported. Bars: simultaneous lower to upper bound over the submissions of a run.",
        gains.forest,
        lambda rows, s, page: figures.forest(rows, delta_eq_pp=100 * s.delta_eq, page=page),
    ),
    Entry(
        "trajectories",
        "Scores over submissions",
        "Every submission of every audited run, in percent; the band is the 95 % noise of one scoring of the "
        "baseline, items taken as independent.",
        course.over_submissions,
        lambda rows, _, page: figures.trajectories(rows, page=page),
    ),
    Entry(
        "trajectories_time",
        "Scores over time",
        "The same over minutes since the start of the run, evaluations included.",
        course.over_time,
        lambda rows, _, page: figures.trajectories(rows, x="elapsed_min", page=page),
    ),
    Entry(
        "trajectories_tokens",
        "Scores over tokens",
        "The same over tokens of the agent's steps until the submission (input, cached and output, as far as "
        "steps report them).",
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
)
"""Names are those of the files."""
