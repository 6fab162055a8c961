"""The evaluation as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
from rich.table import Table

from benchmarks.routes.cited import elsewhere
from benchmarks.routes.evaluation import OURS, Evaluation, label_of
from benchmarks.routes.scores import GOALS, Figure
from benchmarks.routes.verdicts import Verdict
from posttrace.analysis.routes.agreement import class_of
from posttrace.analysis.routes.estimates import Estimate

DASH = "–"


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """All tables, the headline first."""
    yield headline(evaluation)
    yield _frame("Classes", evaluation.scores[OURS].by_class())
    for name, found in evaluation.groups.items():
        yield _frame(f"By {name}", found)
    yield _frame("Confidence", evaluation.reliability())
    yield lines(evaluation)
    apart = [verdict for verdict in evaluation.verdicts if verdict.unreadable or verdict.failure]
    if apart:
        yield _apart(apart)


def headline(evaluation: Evaluation) -> Table:
    """The figures of ours with both intervals, beside the floors."""
    figures = {name: scores.figures() for name, scores in evaluation.scores.items()}
    floors = [name for name in figures if name != OURS]
    title = f"{len(evaluation.judged)} units (intervals: 95 %, bootstrap)"
    table = Table("figure", OURS, "over units", "over repositories", *floors, "n", "goal", title=title)
    for i, figure in enumerate(figures[OURS]):
        beside = [_share(figures[name][i].by_unit.value) for name in floors]
        n, goal = str(figure.by_unit.n), GOALS.get(figure.name, "")
        table.add_row(figure.name, *_cells(figure), *beside, n, goal)
    return table


def lines(evaluation: Evaluation) -> Table:
    """Cited lines, confidence and time."""
    found, seconds = evaluation.cited, evaluation.seconds
    error, sure = evaluation.calibrated
    times = " / ".join(f"{value:.2f}" for value in seconds.values())
    rows = (
        (
            "right verdicts that cite a line of the list (±2)",
            _of(found.hit, found.units),
            found.units,
            "≥ .95",
        ),
        ("lines of the list that are cited (±2)", _of(found.found, found.listed), found.listed, ""),
        ("cited lines that are in the list (±2)", _of(found.near, found.lines), found.lines, ""),
        ("right verdicts of training without any line", str(found.silent), "", "0"),
        ("calibration error of the confidences (10 bins)", _share(error), sure, "≤ .05"),
        ("seconds a unit: median, 95 %, longest", times, "", ""),
    )
    table = Table("evidence, confidence, time", "value", "of", "goal")
    for name, value, of, goal in rows:
        table.add_row(name, value, str(of), goal)
    return table


def markdown(evaluation: Evaluation) -> str:
    """The headline, classes, groups and lines as Markdown."""
    found = [headline(evaluation), _frame("Classes", evaluation.scores[OURS].by_class())]
    found += [_frame(f"By {name}", table) for name, table in evaluation.groups.items()]
    found += [_frame("Confidence", evaluation.reliability()), lines(evaluation)]
    return "\n\n".join(_markdown(table) for table in found)


def _markdown(table: Table) -> str:
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    head = [str(column.header) for column in table.columns]
    rows = [head, ["---"] * len(head), *zip(*columns, strict=True)]
    title = f"### {table.title}\n\n" if table.title else ""
    return title + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def errors(evaluation: Evaluation) -> str:
    """One line each unit that was judged wrongly, and each right one that cites other lines than the list."""
    wrong = (
        verdict
        for verdict in evaluation.judged
        if class_of(label_of(verdict)) != class_of(verdict.unit.label)
    )
    return "\n".join([*map(_error, wrong), *elsewhere(evaluation.judged)])


def _error(verdict: Verdict) -> str:
    unit = verdict.unit
    fact = verdict.route.evidence[0] if verdict.route and verdict.route.evidence else None
    why = verdict.failure or (f"{fact.rule}: {fact.says} {fact.where}".strip() if fact else "no evidence")
    route = verdict.route
    sure = f" {route.confidence:.2f}" if route and route.confidence is not None else ""
    withheld = f" [{','.join(route.candidates)}{sure}]" if route and route.candidates else sure
    return f"{unit.name}: {unit.label} -> {label_of(verdict)}{withheld} ({why})"


def _apart(verdicts: list[Verdict]) -> Table:
    table = Table("unit", "counts", "why", title="Not judged")
    for verdict in verdicts:
        counts = "not at all" if verdict.unreadable else "as wrong"
        table.add_row(verdict.unit.name, counts, verdict.unreadable or verdict.failure)
    return table


def _frame(title: str, frame: pd.DataFrame) -> Table:
    table = Table(*frame.columns, title=title)
    for row in frame.itertuples(index=False):
        table.add_row(*(_share(cell) if isinstance(cell, float) else str(cell) for cell in row))
    return table


def _cells(figure: Figure) -> tuple[str, str, str]:
    return _share(figure.by_unit.value), _interval(figure.by_unit), _interval(figure.by_repository)


def _interval(found: Estimate) -> str:
    return DASH if math.isnan(found.low) else f"{_share(found.low)}–{_share(found.high)}"


def _share(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.3f}"


def _of(part: int, whole: int) -> str:
    return _share(part / whole if whole else math.nan)
