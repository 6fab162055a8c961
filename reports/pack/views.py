"""How each table is printed: its caption, the columns that are read, and their units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from posttrace.reports.pack import spread
from posttrace.reports.terminal.study import View


@dataclass(frozen=True)
class Only:
    """Rows that are printed, and what the ``others`` are."""

    rows: Callable[[pd.DataFrame], pd.Series]
    others: str


@dataclass(frozen=True)
class Printing(View):
    """``title``: a caption that stands alone, with ``{level}`` for that of intervals.

    ``points`` are differences of scores, ``scores`` are themselves: percentage points and percent in print.
    """

    scores: str = ""
    codes: str = ""
    """Columns of identifiers, where those of other tables with the name are not."""
    marked: str = ""
    """Column of verdicts that are marks."""
    telling: str = ""
    """Column without which a row says nothing but its reason."""
    only: Only | None = None
    """The rows that have something to say."""
    main: Only | None = None
    """The rows that stay of a table that is too long."""
    shape: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    """Puts a column across."""


PRINTINGS: Final[Mapping[str, Printing]] = {
    "audit": Printing(
        "Audit of every run: the reported gain of its best submission over the baseline, that gain "
        "corrected for having picked the best where the record allows it, and bounds (each one-sided, "
        "{level}) that hold for all of the k distinct scored submissions at once. p: of no gain, allowing "
        "for the pick; Holm: over all runs. Where items were held back, corrected gain, bounds and p are "
        "of these alone.",
        "task agent_label seed n_items k baseline reported_gain corrected_gain lcb ucb p_raw p_holm verdict",
        points="reported_gain corrected_gain lcb ucb",
        chances="p_raw p_holm",
        scores="baseline",
        marked="verdict",
    ),
    "audit_submissions": Printing(
        "Submissions of the audited runs: gain over the baseline with its standard error (s.e.) and "
        "bounds that hold for all submissions of a run at once (each one-sided, {level}). Picked: the "
        "best score of the run.",
        "task agent_label seed submission_id state score gain se lcb ucb p_stepdown is_winner",
        points="gain se lcb ucb",
        chances="p_stepdown",
        scores="score",
        main=Only(lambda table: table["is_winner"], "submissions that are not the best of their run"),
    ),
    "study_runs": Printing(
        "Runs of the study, each with the one gain that all statistics over runs take. k: distinct scored "
        "submissions.",
        "task agent_label seed route verdict baseline k gain gain_kind ended",
        points="gain",
        scores="baseline",
    ),
    "failed_runs": Printing(
        "Runs that failed, and what in their records says so. An iteration is the work up to a submission "
        "or a failed launch.",
        "task agent_label seed status failure_type says iterations failed_iterations",
        only=Only(lambda table: table["failure_type"].notna(), "runs that did not fail"),
    ),
    "association": Printing(
        "Routes of training and gain: mean gain of runs that took a route less that of all others on the "
        "same task. p: labels permuted within tasks. Odds ratio, Cochran-Mantel-Haenszel (CMH) and exact "
        "p: of any gain. An agent chooses its route: this is association and no effect.",
        "label n_with n_without tasks difference p p_holm odds_ratio cmh_p exact_p_holm reason",
        points="difference",
        chances="p p_holm cmh_p exact_p_holm",
        telling="difference",
        shape=lambda table: table.assign(reason=table["says"]),
    ),
    "contrasts": Printing(
        "Contrasts on matched runs: mean gain of one level of a factor less that of the other, all else "
        "alike, with {level} t intervals of the mean over these very tasks, where a task has several "
        "matched runs. p: of no difference on any task, labels permuted; Holm: over the rows of all "
        "tasks, and apart over those of single tasks.",
        "factor one other task n_one n_other difference low high p p_holm reason",
        points="difference low high",
        chances="p p_holm",
        telling="difference",
        main=Only(lambda table: table["task"] == "all tasks", "contrasts of single tasks"),
    ),
    "cells": Printing(
        "Mean gain of the runs of each agent on each task, {level} intervals over other runs on these "
        "items, and how many runs got which verdict.",
        "task agent_label n_runs n_without_score mean_gain low high interval gain_kind verdicts",
        points="mean_gain low high",
    ),
    "best_of_k": Printing(
        "Expected best gain of k runs drawn without replacement from the runs of an agent on a task, in "
        "percentage points. No interval: the runs are all there is.",
        "*",
        telling="expected_best",
        shape=spread.best_of_k,
    ),
    "aggregates": Printing(
        "Gain as a share of the headroom (100 % less the baseline) over tasks, in percent, with {level} "
        "bootstrap intervals over runs within tasks. IQM: interquartile mean. Optimality gap: what is "
        "left to 100 %, the less the better.",
        "*",
        telling="value",
        shape=spread.aggregates,
    ),
    "profiles": Printing(
        "Performance profiles: percent of an agent's runs, averaged over tasks, whose gain is more than a "
        "share of the headroom (100 % less the baseline), with pointwise {level} bootstrap intervals over "
        "runs within tasks.",
        "*",
        shape=spread.profiles,
    ),
    "sensitivity": Printing(
        "Mean gain of the runs of each agent on each task when a run without a score is left out, gets a "
        "score of 0, or keeps the baseline.",
        "task agent_label runs n_without_score drop zero baseline reason",
        points="drop zero baseline",
        always="drop",
        only=Only(
            lambda table: (table["failed"] > 0) | (table["cells"] > 1),
            "cells where every run has a score, and all three are the same",
        ),
        shape=lambda table: table.rename(columns={"failed": "n_without_score"}),
    ),
    "items": Printing(
        "Mean gain of an agent on a task, or how much more than another agent's it is, with {level} "
        "intervals over other runs and other items.",
        "task agent_label other_label runs items gain low high reason",
        points="gain low high",
        telling="gain",
    ),
    "rates": Printing(
        "Rates of runs with {level} Wilson intervals, each out of the runs that its name says.",
        "by group rate count of share wilson_low wilson_high",
    ),
    "aliasing": Printing(
        "Which factors of the study vary apart. An effect of one of two factors that do not is also one "
        "of the other.",
        "factor other says",
        codes="other",
    ),
    "improvement": Printing(
        "Probability that a run of one agent gains more than a run of another, ties one half, averaged "
        "over the tasks that both have, with {level} bootstrap intervals over runs within tasks.",
        "one other tasks probability low high reason",
        telling="probability",
    ),
    "mixed": Printing(
        "Mixed model of gains, gain ~ factor + (1 | task): effect (beta) of a level of a factor against a "
        "reference, with standard error (s.e.) and {level} interval. Not adjusted for factors that also "
        "vary.",
        "factor level reference beta se low high runs tasks also_varies reason",
        points="beta se low high",
        telling="beta",
    ),
}
"""Table of a study, or sheet -> how it is printed."""
