"""Medals by competition and seed, from a tidy frame or from the reports that ``mlebench grade`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from posttrace.analysis.arrays import FloatArray
from posttrace.traces.errors import InputError

BoolArray = NDArray[np.bool_]
Medal = Literal["any_medal", "gold_medal", "silver_medal", "bronze_medal"]
MEDALS: Final = ("gold_medal", "silver_medal", "bronze_medal")
SPLITS: Final = Path(__file__).parent / "data" / "mlebench_splits.csv"


def complexity() -> dict[str, str]:
    """Competition id -> low, medium or high: 22, 38 and 15 of MLE-bench (arXiv 2410.07095)."""
    table = pd.read_csv(SPLITS, dtype=str)
    return dict(zip(table["competition"], table["complexity"], strict=True))


@dataclass(frozen=True)
class Grades:
    """``outcomes``: (competition, seed), whether the medal was won; rows named by ``competitions``."""

    competitions: tuple[str, ...]
    seeds: tuple[str, ...]
    outcomes: BoolArray

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        medal: Medal = "any_medal",
        competitions: Iterable[str] | None = None,
        absent: Literal["refuse", "no medal"] = "refuse",
    ) -> Grades:
        """From columns ``competition``, ``seed`` and ``medal`` (bool or 0/1), one row a grading.

        ``competitions``: those that count (default: all in the frame). ``absent``: what a competition
        without a grading for some seed is; "no medal" pads it with a failure, as some rows of the MLE-bench
        leaderboard say they do.
        """
        won = _won(frame, medal)
        wanted = sorted({str(name) for name in competitions}) if competitions is not None else None
        table = won.unstack().reindex(wanted) if wanted is not None else won.unstack()
        gaps = table.isna()
        if absent == "refuse" and gaps.to_numpy().any():
            row, column = np.argwhere(gaps.to_numpy())[0]
            raise InputError(
                f"{int(gaps.to_numpy().sum())} gradings are missing, the first of {table.index[row]} "
                f"with seed {table.columns[column]}; "
                'add them or count them as failures with absent="no medal"'
            )
        outcomes = (table == 1).to_numpy(dtype=bool)
        return cls(tuple(map(str, table.index)), tuple(map(str, table.columns)), outcomes)

    @property
    def rates(self) -> FloatArray:
        """(competition,) share of the seeds with the medal."""
        return np.asarray(self.outcomes.mean(axis=1), dtype=np.float64)

    @property
    def seed_rates(self) -> FloatArray:
        """(seed,) share of the competitions with the medal."""
        return np.asarray(self.outcomes.mean(axis=0), dtype=np.float64)

    def take(self, competitions: Iterable[str]) -> Grades:
        """The same grades of these competitions alone. Raises ``InputError`` for one that was not graded."""
        row = {name: i for i, name in enumerate(self.competitions)}
        names = tuple(sorted(set(competitions)))
        lacking = [name for name in names if name not in row]
        if lacking or not names:
            raise InputError(f"not graded: {', '.join(lacking) or 'no competition was named'}")
        return Grades(names, self.seeds, self.outcomes[[row[name] for name in names]])

    def split(self, groups: Mapping[str, str] | None = None) -> dict[str, Grades]:
        """Grades by group of competitions; ``groups``: competition -> group (default: ``complexity()``)."""
        group_of = complexity() if groups is None else groups
        unknown = [name for name in self.competitions if name not in group_of]
        if unknown:
            raise InputError(
                f"{', '.join(unknown[:3])}: no group is known; pass groups that name every competition"
            )
        names = list(dict.fromkeys(group_of.values()))
        parts = {name: [c for c in self.competitions if group_of[c] == name] for name in names}
        return {name: self.take(members) for name, members in parts.items() if members}


def _won(frame: pd.DataFrame, medal: str) -> pd.Series:
    """(competition, seed) -> 1.0 or 0.0. Raises ``InputError`` for what cannot be read as that."""
    missing = [column for column in ("competition", "seed", medal) if column not in frame]
    if missing:
        raise InputError(
            f"grades have no column {', '.join(missing)}; competition, seed and {medal} are needed"
        )
    if frame.empty:
        raise InputError("grades without a row; one row a competition and seed is needed")
    values = pd.to_numeric(frame[medal], errors="coerce").astype("float64")
    if not values.isin((0.0, 1.0)).all():
        raise InputError(f"column {medal} has a value that is neither true nor false; say which it is")
    keys = [frame["competition"].astype(str), frame["seed"].astype(str)]
    won = pd.Series(values.to_numpy(), index=pd.MultiIndex.from_arrays(keys))
    twice = won.index[won.index.duplicated()].tolist()
    if twice:
        name, seed = twice[0]
        raise InputError(f"{name} is graded twice with seed {seed}; give every grading a seed of its own")
    return won


def read_reports(paths: Sequence[str | Path], seeds: Literal["file", "order"] = "file") -> pd.DataFrame:
    """Tidy frame (competition, seed, any_medal, gold_medal, silver_medal, bronze_medal) of grading reports.

    ``paths``: JSON reports of ``mlebench grade``. ``seeds``: "file", one report a seed; "order", the k-th
    grading of a competition over the reports in the order given is seed k, as MLE-bench itself aggregates
    run groups that hold a part of a seed or several.
    """
    rows = [
        {"competition": _field(path, report, "competition_id"), "seed": number, **_medals(path, report)}
        for number, path in enumerate(paths)
        for report in _reports(Path(path))
    ]
    if not rows:
        raise InputError("no grading in any report; give the JSON files that mlebench grade wrote")
    frame = pd.DataFrame(rows)
    if seeds == "order":
        frame["seed"] = frame.groupby("competition").cumcount()
    return frame


def _reports(path: Path) -> list[dict[str, object]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise InputError(f"{path}: not JSON; a Git LFS pointer is fetched with git lfs pull") from None
    found = content.get("competition_reports") if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(report, dict) for report in found):
        raise InputError(f"{path}: no list competition_reports; give a report of mlebench grade")
    return found


def _field(path: str | Path, report: Mapping[str, object], name: str) -> object:
    if name not in report:
        raise InputError(f"{path}: a competition report without {name}; give a report of mlebench grade")
    return report[name]


def _medals(path: str | Path, report: Mapping[str, object]) -> dict[str, bool]:
    each = {name: bool(_field(path, report, name)) for name in MEDALS}
    return {"any_medal": any(each.values()), **each}
