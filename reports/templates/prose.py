"""The words around the numbers. Ordinary Markdown; nothing here is computed from traces."""

from __future__ import annotations

from typing import Any, Final

from posttrace.analysis.audit.wording import BOUNDS, NOISE, SELECTION
from posttrace.reports.display import escaped, level, plain
from posttrace.reports.one_run.story import RULE

NOISE_BOX: Final = f"""\
{NOISE.replace("Noise here means:", "**Noise here means:**", 1)}

An agent that submits k times and reports its best has picked the luckiest of k. The p values, the lower
bound and the corrected gain all allow for that pick. Where decoding is deterministic, only the items are
random: scoring the same model again gives the same score, and other items could reverse it, so fresh items
help and replicates do not."""

TRAJECTORIES: Final = """\
**Figure 1.** Score of every submission in the order of arrival: one panel for each task and agent, one
colour for each seed. The steps follow the best so far; the run's best submission carries the mark of its
verdict. Dashed: the run's own baseline. Grey: where one scoring of the baseline falls 95 times in 100 when
the items are drawn anew (1.96 standard errors over items). It is the noise of *one* scoring: the best of k
leaves it by luck far more often, which is why no verdict is read off this band. Submissions without a score
stand as marks on the floor of a panel; none is drawn as 0."""

FOREST: Final = f"""\
**Figure 2.** Hollow circle: the gain as reported, best of k minus baseline. Mark, in the shape and
colour of the verdict: the gain corrected for having picked the best, estimated on items that took no part
in the pick. {SELECTION} Bar: from the lower bound that *exceeds noise* rests on to the upper bound that
*no gain larger than* rests on. {BOUNDS}"""

ROUTES: Final = """\
**Figure 3.** Submissions by route: the objectives that moved the submitted weights away from the base, in
order (*a>b*: first a, then b). The share is of all submissions received, scored or not. A route is read from
the commands that ran, the code they ran, the model folders they wrote and their content, never from what
an agent says of itself. *no_train*: the weights of the base, or nothing trained. *unknown*: what was recorded
leaves more than one route open."""

STORY: Final = f"""\
**Figure 4.** One run in full: {RULE}.
Above: the score of each submission, with its number where there is room. Below, on the same clock: the
submissions by route; the commands that were seen, by script; changes of the code, with lines where there is
room; model folders, when they were written. A script that ended without any model folder having changed is
hollow; one that ended with an error is crossed. Commands are seen by sampling: a short one may be missing,
and its exit code may not be known."""

ONE_TRAJECTORY: Final = """\
**Figure 1.** Score of every submission in the order of arrival. The steps follow the best so far; the best
carries the mark of the verdict. Dashed: the run's own baseline. Grey: where one scoring of the baseline falls
95 times in 100 when the items are drawn anew (1.96 standard errors over items): the noise of *one* scoring,
which the best of k leaves by luck far more often. Submissions without a score stand on the floor."""

ONE_STORY: Final = """\
**Figure 2.** Above: the score of each submission, with its number where there is room. Below, on the same
clock: the submissions by route; the commands that were seen, by script; changes of the code, with lines where
there is room; model folders, when they were written. A script that ended without any model folder having
changed is hollow; one that ended with an error is crossed."""

STAGES: Final = """\
**Figure 3.** What the time was spent on. Every moment belongs to one stage, by the rules in the table below;
they rest on what the recorder saw and not on what the agent said it did."""

NO_SCORE: Final = {
    "drop": "a run without a score is left out of it",
    "zero": "a run without a score enters it with a score of 0",
    "baseline": "a run without a score enters it with a gain of 0",
}
"""``exclude_policy`` -> what it does to a mean over runs."""

FLAGS: Final = """\
An observation is something that a reader of a score should know; it is not a verdict on the agent. No
observation is no proof of good conduct: processes, for example, are seen by sampling."""

HEADS: Final = """\
The head hash is the last link of the chain through a trace: any later change of any line gives another one.
A copy of these hashes kept elsewhere is what shows that a trace was not rewritten as a whole."""


def heading(title: str) -> str:
    """Title as an inert line of Markdown."""
    return escaped(title)


def verdict_caption(settings: dict[str, Any]) -> str:
    """How to read the verdict table, with the settings it was made with."""
    alpha, delta_min = settings["alpha"], 100 * settings["delta_min"]
    return f"""\
**Table 1.** k: distinct scored submissions that the best was picked from; a copy of the base is none of
them, but one more scoring of the baseline. Gain: the best of these minus baseline, in percentage points.
Corrected: the same without the luck of the pick, estimated on items that took no part in it, or measured on
items that were scored afterwards (a note says for which runs); in brackets the simultaneous lower bound (LCB)
of the gain at level {level(alpha)}. p: probability of a gain like this one, as the best of k, when no
submission is better than the base; Holm: adjusted over all runs of this report. MDE, in a verdict: the least
gain that would be found 8 times in 10. Route: the objectives that trained the best submission (Figure 3).
Integrity: what the recorder flagged and a reader should know before believing the
score. A gain *exceeds noise* when the adjusted p is at most {alpha:g} and the lower bound lies above
{delta_min:g} pp. *Regression*: every submission lies below the baseline, tested at level {alpha:g}; *no gain
larger than*: the upper bound lies below that. Neither is adjusted over runs: of many runs that changed
nothing, some are called a regression by chance."""


def cells_caption(settings: dict[str, Any]) -> str:
    """What a cell is, what its mean is over, and what the interval is."""
    return f"""\
A cell is one task, agent and setting; its runs differ in the seed alone. The unit of replication for a
claim about an *agent* is the run: one run has no spread to show, two a range, three or more an interval
(Student's t, two-sided {level(settings["alpha"])}). Mean gain: over the runs of the cell;
{NO_SCORE[settings["exclude_policy"]]}."""


def submissions_caption(settings: dict[str, Any]) -> str:
    """How to read the submissions of one run, with the settings of its audit."""
    return f"""\
**Table 1.** ±: 1.96 standard errors over the items of that one scoring. Gain: over the run's own baseline,
with the two-sided {level(settings["alpha"])} interval that holds for all submissions together; only
submissions that are scored and not the base itself have one. Route: the objectives that moved the weights
away from the base, in order (*a>b*: first a, then b; *no_train*: the weights of the base, or nothing
trained). Tier: what the route rests on. A: code that ran, its logs, and the origin of the weights; B: code
that ran; C: code alone; D: names alone. Evidence: the main one, as file:line at a commit of *revisions.git*.
A number leads to what was run and changed before that submission."""


def rebuild(command: str) -> str:
    """The section that says how to make this page again."""
    return f"""\
## Rebuild this report

In the folder of this page:

```
{plain(command)}
```

The same traces and the same version of posttrace give the same page, byte for byte. The notebook beside
this page holds the code; the JSON beside it holds every number with its runs. *posttrace report --check* with
that JSON computes the numbers again and says what differs; it does not read this page.

The traces behind this page:"""
