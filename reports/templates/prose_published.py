"""The words of a report on printed tables."""

from __future__ import annotations

from typing import Any, Final

from posttrace.analysis.audit.wording import BY_SCORES
from posttrace.analysis.audit.wording import NOISE as MEANS
from posttrace.analysis.stats.nullmax import NUISANCE_LEVEL
from posttrace.reports.display import level, plain

NOISE: Final = f"""\
{MEANS.replace("Noise here means:", "**Noise here means:**", 1)}

Only printed scores are known here, not the outcomes on single items: {BY_SCORES.partition(": ")[2]}.
*Undetermined* says nothing against a result: it says that the scores alone, on so many items, cannot tell a
gain from luck. Where a table does not state how many submissions the best was picked from, p, bounds and MDE
(the least gain that would be found 8 times in 10) are those of one submission, the least that it can be."""

GAINS: Final = """\
**Figure 1.** Reported gain of each agent and driver; where several modes or budgets were reported, the row
with the largest gain. Mark and colour: the audit's verdict, p-values adjusted (Holm) over all reported
results. Bar: one-sided Newcombe bounds, the lower one adjusted for the stated number of submissions. Every
task has a scale of its own."""

SELECTION: Final = """\
Luck of k: what the best of k scores shows over the baseline on average when no submission is better than it,
outcomes of submissions taken as independent. Where submissions resemble one another it is less."""

MODES: Final = """\
**Figure 2.** Gain over the baseline by mode and task, one reported row a cell, of how many runs is not
stated. Hatched: the bounds, at the stated number of submissions or at one, hold 0. Not adjusted over
cells."""

TIME: Final = """\
**Figure 3.** Reported gain by time budget. Grey: where the difference of two scores of the base lies 95 times
in 100, for the task's baseline with the widest band. A larger budget also allows more submissions to pick
from, which the tables do not state."""

PASS: Final = """\
**Figure 4.** Reported best of so many runs. The expected best of several runs grows with their number also
when all runs are alike; compare agents at the same number."""

FINDINGS: Final = """\
*Inconsistent*: numbers that cannot all hold as labelled. *Information*: numbers that hold under a condition
that is not stated, such as a mean of two evaluations. Neither says which number is in error, nor why."""


def verdicts(settings: dict[str, Any]) -> str:
    """How to read the table, with the settings it was made with."""
    return f"""\
**Table 1.** Bounds: one-sided, at level {level(settings["alpha"])}, the lower one adjusted for k. p:
probability of a best score like this one when no submission is better than the base, the largest over a range
of what the base may truly score, and never below what that range may miss ({NUISANCE_LEVEL:g}; Berger and
Boos 1994); Holm: adjusted over all rows, which share that {NUISANCE_LEVEL:g}. MDE: gain that such a test
finds 8 times in 10, a property of the design. Rows that repeat a result (*best over modes*) are counted as
printed."""


def rebuild(command: str) -> str:
    """The section that says how to make this page again."""
    return f"""\
## Sources, and how to rebuild this report

In the folder of this page:

```
{plain(command)}
```

The same tables and the same version of posttrace give the same page, byte for byte. Every row of the JSON
beside this page names the table and row (*run_id*) it is of, and where that was printed. The tables:"""
