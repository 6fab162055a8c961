"""Identifiers of columns and cells in words: for LaTeX and Markdown alone, files for programs keep them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import pandas as pd

from posttrace.reports.style import VERDICT_MARKS

HEADS: Final = {
    "agent_label": "agent",
    "label": "route",
    "other_label": "more than",
    "configuration": "agent",
    "submission_id": "no.",
    "is_winner": "picked",
    "n_items": "items",
    "k": "k",
    "reported_best": "best",
    "reported_gain": "reported gain",
    "corrected_gain": "corrected gain",
    "lcb": "lower bound",
    "ucb": "upper bound",
    "se": "s.e.",
    "p_raw": "p",
    "p_stepdown": "p",
    "p_holm": "p (Holm)",
    "cmh_p": "p (CMH)",
    "exact_p_holm": "p (exact, Holm)",
    "n_runs": "runs",
    "n_without_score": "no score",
    "n_with": "runs with",
    "n_without": "runs without",
    "n_one": "runs of one",
    "n_other": "runs of other",
    "gain_kind": "gain is",
    "failure_type": "failure",
    "status": "ended",
    "failed_iterations": "of them failed",
    "says": "what was found",
    "drop": "left out",
    "zero": "score of 0",
    "count": "runs",
    "of": "out of",
    "by": "over",
    "wilson_low": "low",
    "wilson_high": "high",
}
"""Column -> its head, where that is not its name without underscores."""
UNITS: Final = {
    "_pp": ", pp",
    "_pct": ", %",
    "_s": ", s",
    "_min": ", min",
    "_bytes": ", bytes",
    "_usd": ", USD",
}
"""End of a column's name -> its unit."""
CODES: Final = {
    "iqm": "IQM",
    "no_train": "no training",
    "within_noise": "within noise",
    "code_error_runtime": "error in code",
    "rollout_logic_wrong": "rollouts or reward wrong",
    "timeout_no_submission": "no submission in time",
    "copy_model_fallback": "copy of the base model",
    "base_model": "base model",
    "cell_id": "cell",
    "study": "all runs",
}
"""Identifier -> words, where those are not itself without underscores."""
CODED: Final = frozenset(
    {
        *("by", "factor", "also_varies", "relation", "statistic", "rate", "label", "route", "kind", "split"),
        *("verdict", "verdicts", "gain_kind", "says", "reason", "status", "state", "ended"),
        *("failure_type", "paper_class", "rule"),
    }
)
"""Columns of identifiers; all others are names that somebody else gave, which stay."""

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")


def head(name: Any) -> str:
    """The head of a column, with its unit where its name has one."""
    text = str(name)
    if text in HEADS:
        return HEADS[text]
    end = next((end for end in UNITS if text.endswith(end)), "")
    return text.removesuffix(end).replace("_", " ") + UNITS.get(end, "")


def coded(delta_eq: float) -> Callable[[Any], Any]:
    """What makes words of a cell of ``CODED``; ``delta_eq``: the gain on 0..1 that a verdict speaks of."""
    codes = CODES | {"no_gain_larger_than_delta": f"no gain larger than {100 * delta_eq:g} pp"}

    known = re.compile(rf"(?<![\w./-])({'|'.join(code for code in codes if '_' in code)})(?![\w./(-])")

    def words(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value in codes or _IDENTIFIER.fullmatch(value):
            return codes.get(value, value.replace("_", " "))
        return known.sub(lambda found: codes[found[0]], value)

    return words


def in_words(table: pd.DataFrame, delta_eq: float, more: Iterable[str] = ()) -> pd.DataFrame:
    """The same, identifiers in cells of ``CODED`` and of ``more`` columns as words."""
    words = coded(delta_eq)
    return table.assign(**{name: table[name].map(words) for name in table if name in {*CODED, *more}})


def legend(verdicts: Iterable[str], delta_eq: float) -> str:
    """The marks of the verdicts that there are, in words."""
    words, there = coded(delta_eq), set(verdicts)
    return ", ".join(f"{mark.symbol} {words(code)}" for code, mark in VERDICT_MARKS.items() if code in there)
