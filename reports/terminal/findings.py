"""Findings of the linter in a terminal: a table for each rule, what is common to its rows below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from posttrace.analysis.lint.finding import SEVERITIES, Finding, Findings
from posttrace.reports.display import plural

Shown = tuple[pd.DataFrame, str, list[str]]


def findings_tables(findings: Findings) -> Iterator[Shown]:
    """Frame, title and notes for each rule and severity, inconsistencies first; last what was skipped."""
    for severity in SEVERITIES:
        for rule in dict.fromkeys(each.rule for each in findings):
            group = [each for each in findings if (each.rule, each.severity) == (rule, severity)]
            if group:
                yield _group(group, f"{severity}: {rule} ({len(group)})")
    yield pd.DataFrame(), summary(findings), list(findings.notes)


def summary(findings: Findings) -> str:
    """How many findings of each severity there are."""
    counts = {name: sum(each.severity == name for each in findings) for name in SEVERITIES}
    said = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    return plural(len(findings), "finding") + (f": {said}" if said else "")


def _group(group: Sequence[Finding], title: str) -> Shown:
    common = [
        words for words in group[0].explanations if all(words in each.explanations for each in group[1:])
    ]
    rows = [
        {
            "table": each.table,
            "row": ", ".join(map(str, each.rows or (each.row,))),
            "of": each.of,
            "column": each.column,
            "value": each.value,
            "expected": each.expected,
            "would fit": "; ".join(words for words in each.explanations if words not in common),
        }
        for each in group
    ]
    frame = pd.DataFrame(rows)
    if not frame["would fit"].any():
        frame = frame.drop(columns="would fit")
    return frame, title, [f"would fit: {'; '.join(common)}"] if common else []
