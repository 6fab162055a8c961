"""Do routes agree with the labels that a person, or the agent itself, gave?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from posttrace.analysis.routes.estimates import Clusters, Estimate
from posttrace.analysis.routes.route import NO_TRAIN, STEP, UNKNOWN, Objective, coarse_of
from posttrace.analysis.routes.routes import Routes
from posttrace.analysis.stats.agreement import Kappa, confusion, kappa
from posttrace.traces.errors import InputError

HYBRID: Final = "hybrid"
NOTHING_SUBMITTED: Final = "none"
"""Said of a run that has a label and no graded submission, so no route."""
_KNOWN: Final = frozenset({*get_args(Objective), NO_TRAIN, UNKNOWN})


def class_of(label: str) -> str:
    """One of 13 classes: an objective, ``no_train``, ``unknown``, or ``hybrid`` for a sequence of several."""
    several = len([name for name, _ in groupby(label.split(STEP))]) > 1
    return HYBRID if several else label.split(STEP)[0]


@dataclass(frozen=True)
class Agreement:
    """How far routes agree with labels; intervals from runs drawn anew.

    ``items``: one row a labelled run or submission (run_id, submission_id, label, route, same).
    ``accuracy``: the whole label is the same, order included. ``coarse``: its coarse class is (SFT, GRPO,
    hybrid, other). ``macro_f1``, ``kappa``, ``confusion``: over the 13 classes.
    """

    items: pd.DataFrame
    accuracy: Estimate
    coarse: Estimate
    macro_f1: Estimate
    kappa: Kappa
    confusion: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a figure: value, low, high, n."""
        n = len(self.items)
        figures = {
            "same label": self.accuracy,
            "same coarse class": self.coarse,
            "macro-F1": self.macro_f1,
            "Cohen's kappa": Estimate(self.kappa.kappa, self.kappa.low, self.kappa.high, n),
        }
        return pd.DataFrame([{"figure": name, **asdict(found)} for name, found in figures.items()])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, null where a number is undefined."""
        figures = {
            "accuracy": asdict(self.accuracy),
            "coarse": asdict(self.coarse),
            "macro_f1": asdict(self.macro_f1),
            "kappa": asdict(self.kappa),
        }
        items = self.items.astype(object).where(self.items.notna(), None)
        return {
            **{name: {k: _plain(v) for k, v in found.items()} for name, found in figures.items()},
            "confusion": {
                "classes": list(self.confusion.columns),
                "counts": self.confusion.to_numpy().tolist(),
            },
            "items": items.to_dict("records"),
        }


def read_labels(path: Path) -> pd.DataFrame:
    """Labels of a CSV file with a header: run_id, label, and submission_id where one submission is meant.

    Raises ``InputError`` when a column is missing, a label is none, or a run is labelled twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}; give labels as CSV with columns run_id, label") from error
    missing = [name for name in ("run_id", "label") if name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; needed are run_id and label")
    return _checked(table, str(path))


def _checked(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The columns run_id, submission_id (<NA>: the run's best graded one) and label, each row once."""
    label = table["label"].astype(str).str.replace(r"\s", "", regex=True)
    wrong = sorted({text for text in label if text != HYBRID and not _KNOWN.issuperset(text.split(STEP))})
    if wrong:
        allowed = ", ".join(sorted({*_KNOWN, HYBRID}))
        raise InputError(f"{name}: no label: {', '.join(map(repr, wrong))}; use {allowed}, or a>b in order")
    number = table.get("submission_id", pd.Series("", index=table.index)).astype("string").fillna("")
    stray = number[~number.str.fullmatch(r"\d*")]
    if len(stray):
        raise InputError(
            f"{name}: submission_id {stray.iloc[0]!r} is no number; leave it empty for the best one"
        )
    submission = pd.to_numeric(number.mask(number == "")).astype("Int64")
    found = pd.DataFrame({"run_id": table["run_id"].astype(str), "submission_id": submission, "label": label})
    twice = found.loc[found.duplicated(["run_id", "submission_id"]), "run_id"]
    if len(twice):
        raise InputError(f"{name}: labelled twice: {', '.join(twice.unique())}; leave one row each")
    return found


def agreement(
    routes: Routes, labels: pd.DataFrame, *, rng: np.random.Generator, resamples: int = 2000
) -> Agreement:
    """Compare ``routes`` with ``labels`` (columns as ``read_labels`` gives them).

    Raises ``InputError`` when a run or submission of the labels is not among the routes.
    """
    items = labels.assign(route=_said(routes, labels))
    items["same"] = [_same(label, route) for label, route in zip(items["label"], items["route"], strict=True)]
    truth, said = items["label"].tolist(), items["route"].tolist()
    classes = [class_of(label) for label in truth], [class_of(label) for label in said]
    clusters = Clusters(tuple(items["run_id"]), resamples)
    weights = clusters.weights(rng)
    everyone = [True] * len(items)
    coarse = [_coarse(a) == _coarse(b) for a, b in zip(truth, said, strict=True)]
    names = sorted({*classes[0], *classes[1]})
    counts = confusion(*classes)
    return Agreement(
        items=items,
        accuracy=clusters.share(items["same"].tolist(), everyone, weights),
        coarse=clusters.share(coarse, everyone, weights),
        macro_f1=clusters.macro_f1(*classes, weights),
        kappa=kappa(counts),
        confusion=pd.DataFrame(counts, index=pd.Index(names, name="label"), columns=names),
    )


def _said(routes: Routes, labels: pd.DataFrame) -> list[str]:
    """The route of each row of ``labels``."""
    known = {run.run_id for run, _ in routes.found}
    unknown = [name for name in labels["run_id"].unique() if name not in known]
    if unknown:
        raise InputError(f"no such run: {', '.join(unknown)}; load them or drop the rows")
    said = []
    for run_id, number in zip(labels["run_id"], labels["submission_id"], strict=True):
        found = routes.of(run_id)
        if pd.notna(number) and int(number) not in found.submissions:
            raise InputError(f"run {run_id} has no submission {number}; the submissions table lists them")
        route = found.submitted if pd.isna(number) else found.submissions[int(number)]
        said.append(NOTHING_SUBMITTED if route is None else route.label)
    return said


def _same(label: str, route: str) -> bool:
    """A person who wrote ``hybrid`` named no order."""
    return class_of(route) == HYBRID if label == HYBRID else label == route


def _coarse(label: str) -> str:
    """A run without a route is in no coarse class."""
    return label if label in (HYBRID, NOTHING_SUBMITTED) else coarse_of(label)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
