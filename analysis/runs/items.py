"""The table of per-item outcomes, from records alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from posttrace.analysis.arrays import FloatArray
from posttrace.analysis.runs.frames import ITEMS, frame
from posttrace.analysis.runs.records import Evaluation, RunRecord

Codes = NDArray[np.int32]


class _Part(NamedTuple):
    """One evaluation that recorded items: what all its rows share, and its values."""

    run_id: str
    source: str
    submission_id: int | None
    scoring: Evaluation
    values: FloatArray


def items_table(runs: Iterable[RunRecord]) -> pd.DataFrame:
    """Table ``ITEMS``: one row for each item of each evaluation that recorded items, in their order.

    Texts are categories, so a row takes about 40 bytes.
    """
    parts = [part for run in runs for part in _parts(run)]
    if not parts:
        return frame((), ITEMS)
    lengths = np.array([len(part.values) for part in parts])
    values = np.concatenate([part.values for part in parts])
    columns = {
        "run_id": _repeated([part.run_id for part in parts], lengths),
        "source": _repeated([part.source for part in parts], lengths),
        "submission_id": pd.array([part.submission_id for part in parts], dtype="Int64").repeat(lengths),
        "replicate": pd.array([part.scoring.replicate for part in parts], dtype="Int64").repeat(lengths),
        "split": _repeated([part.scoring.split for part in parts], lengths),
        "item_id": _texts([part.scoring.item_ids for part in parts], lengths),
        "value": values,
        "cluster": _texts([part.scoring.clusters for part in parts], lengths),
        "lost": pd.array(np.isnan(values), dtype="boolean"),
    }
    return pd.DataFrame({name: columns[name] for name in ITEMS}, copy=False)


def _parts(run: RunRecord) -> list[_Part]:
    found: list[tuple[str, int | None, Evaluation | None]] = []
    found += [("baseline", None, scoring) for scoring in run.baseline]
    found += [("submission", item.submission_id, item.evaluation) for item in run.submissions]
    found += [("rescore", None, scoring) for scoring in run.baseline_rescored]
    for item in run.submissions:
        found += [("rescore", item.submission_id, scoring) for scoring in item.rescored]
    return [
        _Part(run.run_id, source, submission_id, scoring, scoring.values)
        for source, submission_id, scoring in found
        if scoring is not None and scoring.values is not None
    ]


def _repeated(texts: list[str], lengths: NDArray[Any]) -> Any:
    categories = list(dict.fromkeys(texts))
    codes = np.array([categories.index(text) for text in texts], dtype=np.int32)
    return _categorical(np.repeat(codes, lengths), categories)


def _texts(columns: list[tuple[str, ...] | None], lengths: NDArray[Any]) -> Any:
    """One text a row; evaluations of the same items share one tuple, which is coded once."""
    vocabulary: dict[str, int] = {}
    coded: dict[int, Codes] = {}
    codes = []
    for texts, length in zip(columns, lengths, strict=True):
        if texts is None:
            codes.append(np.full(length, -1, dtype=np.int32))
            continue
        if id(texts) not in coded:
            numbers = [vocabulary.setdefault(text, len(vocabulary)) for text in texts]
            coded[id(texts)] = np.array(numbers, dtype=np.int32)
        codes.append(coded[id(texts)])
    return _categorical(np.concatenate(codes), list(vocabulary))


def _categorical(codes: Codes, categories: list[str]) -> Any:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories))
