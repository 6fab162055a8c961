"""Which column is which? Names that tables of results use, and what a metric's name says about its scores."""

from __future__ import annotations

import re
from typing import Final

NAMES: Final = {
    "task": "task benchmark dataset env environment",
    "agent": "agent system scaffold",
    "driver": "driver driver_model llm",
    "mode": "mode setting variant",
    "base_model": "base_model",
    "budget": "budget time_budget",
    "workspace": "workspace run_id run",
    "metric": "metric",
    "note": "note notes comment",
    "error_is": "error_is error_kind",
    "submission": "submission submission_id",
}
"""Role of a column that says what a row is about -> its names."""

NUMBERS: Final = {
    "score": "score value accuracy acc em exact_match success_rate pass_rate solve_rate",
    "best": "best best_score final final_score",
    "baseline": "baseline base baseline_score base_score",
    "improvement": "improvement gain delta",
    "n_items": "n_test n_items n n_questions n_examples n_eval test_size",
    "n_runs": "n_runs n_runs_stated runs n_seeds seeds n_repeats",
    "submissions": "submissions n_submissions",
    "best_at": "best_at_submission best_at",
    "mean": "mean mean_delta mean_gain mean_score avg average",
    "sd": "sd std std_delta std_score stdev standard_deviation",
    "sem": "sem se stderr std_err standard_error",
    "max": "max max_delta max_gain max_score",
    "min": "min min_delta min_gain min_score",
}
"""Role of a column of numbers -> its names; there is one such column in a table."""

PATTERNS: Final = {
    "best_of_k": re.compile(r"(pass|best|max)(@|_at_|_of_)(?P<k>\d+)"),
    "at_budget": re.compile(r"(?P<stem>\w+)_(?P<hours>\d+)_?h(ours)?"),
    "rate": re.compile(r"(improve|improvement|positive|exec|execution|coding|run)\w*_(sr|rate)"),
    "error": re.compile(r"(?P<stem>\w+)_(err|error)"),
    "part": re.compile(
        r"grpo|ppo|rl|sft|dpo|rft|sft_rl|hybrid|copy|missing|copy_or_missing|placeholder|other"
    ),
    "count": re.compile(r"(n|num)_\w+|\w*(calls|files|versions|evaluations|tokens|tokens_[km]|usd|cost)"),
}
"""Role -> what its names look like; a table may have many such columns."""

PERCENT: Final = re.compile(r"_?(pct|percent|percentage|pp)\b|%")
CHANGE: Final = re.compile(r"delta|gain|improvement|change|relative|increase|growth|reduction")
"""Words of a column whose numbers may be below zero or above 100 %."""

SHARE: Final = re.compile(
    r"accuracy|\bacc\b|pass@1|success|correct|exact.match|solve|medal|resolved|error.rate", re.IGNORECASE
)
NO_SHARE: Final = re.compile(
    r"length.controlled|\blc\b|win.?rate|reward|\bf1\b|bleu|rouge|elo|loss|perplexity|rating|weighted|macro|"
    r"balanced|mean score|correlation",
    re.IGNORECASE,
)
"""Metrics that are no counts over items: a tie counts half, items weigh differently, scores are dense."""
SUCCESS: Final = re.compile(r"success|pass@1|correct", re.IGNORECASE)

_ALIASES: Final = {
    alias: role for roles in (NAMES, NUMBERS) for role, aliases in roles.items() for alias in aliases.split()
}


def normal(name: str) -> str:
    """A column's name in lower case, its words joined by underscores; @ and % stay."""
    return re.sub(r"[^\w@%]+", "_", name.strip().lower()).strip("_")


def is_percent(column: str) -> bool:
    """The column's name says that its numbers are per cent."""
    return bool(PERCENT.search(normal(column)))


def is_change(column: str) -> bool:
    """The column holds differences rather than levels."""
    return bool(CHANGE.search(normal(column)))


def role_of(column: str) -> str | None:
    """Role of a column; None for a name that no rule reads."""
    bare = PERCENT.sub("", normal(column)).strip("_")
    if bare in _ALIASES:
        return _ALIASES[bare]
    for role, pattern in PATTERNS.items():
        if pattern.fullmatch(bare):
            return role
    return "percent" if is_percent(column) and not is_change(column) else None


def roles(columns: list[str]) -> dict[str, str]:
    """Column -> role. ``model`` is the base model if no column else is; ``n`` beside an SD counts runs."""
    found = {column: role for column in columns if (role := role_of(column))}
    taken = set(found.values())
    for column in columns:
        if normal(column) == "model":
            found[column] = "base_model" if "base_model" not in taken else "driver"
        if normal(column) == "n" and "n_runs" not in taken and taken & {"mean", "sd", "sem", "max"}:
            found[column] = "n_runs"
    return _first_of_each(found)


def _first_of_each(found: dict[str, str]) -> dict[str, str]:
    single, kept = {*NAMES, *NUMBERS}, dict[str, str]()
    for column, role in found.items():
        if role not in single or role not in kept.values():
            kept[column] = role
    return kept


def is_share(metric: str | None) -> bool | None:
    """Scores are means of 0/1 items: yes, no, or None when no metric is stated."""
    if metric is None:
        return None
    if NO_SHARE.search(metric) and not SUCCESS.search(metric):
        return False
    return bool(SHARE.search(metric))


def recognised() -> str:
    """Some names of columns of numbers, for a message."""
    return (
        "score, best, baseline, improvement, n_test, n_runs, mean_delta, std_delta, max_delta, pass@k, *_pct"
    )
