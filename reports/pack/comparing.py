"""Rows of the figures that compare: modes, drivers and scaffolds on matched cells, who beats whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from posttrace.analysis.across.runs import BASE, FACTORS, UNSET
from posttrace.analysis.across.summaries import configurations
from posttrace.reports.figures.modes import COLUMNS as MODES
from posttrace.reports.figures.names import PARTS
from posttrace.reports.figures.profiles import COLUMNS as PROFILES
from posttrace.reports.figures.slopes import COLUMNS as SLOPES
from posttrace.reports.figures.wins import COLUMNS as WINS
from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.gains import results

if TYPE_CHECKING:
    from posttrace.reports.pack.material import Material

MEASURED: Final = ("gain", "normalised", "baseline", "k")
NO_CONDITIONS: Final = {
    *("run_id", "cell_id", "task", "seed", "route", "verdict", "failed", "gain_kind", "improved", "ended"),
    *MEASURED,
}
"""Columns of the runs of a study that are no setting of a run."""
APART: Final = ("exceeds", "regression")


def modes(material: Material) -> pd.DataFrame:
    """One row a cell of an agent that ran in several modes: ``figures.modes.COLUMNS``."""
    cells = results(material)
    runs = material.verdicts.drop_duplicates("cell_id").set_index("cell_id")
    kept = cells[cells["mode"].notna()].copy()
    if kept["mode"].nunique() < 2:
        raise Unsupported("one mode: there is nothing to compare")
    parts = [name for name in ("agent", "driver", "base_model") if runs[name].nunique() > 1]
    # a base model that goes with the task tells no agents apart
    if runs.groupby("task")["base_model"].nunique().max() < 2 and "base_model" in parts:
        parts.remove("base_model")
    named = _joined(runs[parts]) if parts else runs["agent"]
    kept["group"] = kept["cell_id"].map(named)
    several = kept.groupby("group")["mode"].transform("nunique") > 1
    if not several.any():
        raise Unsupported("no agent ran in two modes")
    kept = kept[several]
    told = [name for name in parts if kept["cell_id"].map(runs[name]).nunique() > 1]  # of those that are left
    kept["group"] = _joined(runs.loc[kept["cell_id"], told]).to_numpy() if told else ""
    alone = kept["group"].nunique() == 1
    kept["row_label"] = kept["mode"] if alone else kept["mode"] + PARTS + kept["group"]
    kept["significant"] = [_told_apart(row) for row in kept.to_dict("records")]
    kept = kept.sort_values(["group", "mode", "task"], kind="stable")
    return kept[[*MODES, "low_pp", "high_pp", "verdicts", "run_ids"]].reset_index(drop=True)


def drivers(material: Material) -> pd.DataFrame:
    """Matched cells that differ in the driver alone: ``figures.slopes.COLUMNS``."""
    return _slopes(material, "driver")


def scaffolds(material: Material) -> pd.DataFrame:
    """Matched cells that differ in the agent alone: ``figures.slopes.COLUMNS``."""
    return _slopes(material, "agent")


def wins(material: Material) -> pd.DataFrame:
    """One row an ordered pair of agents: ``figures.wins.COLUMNS``, the strongest first."""
    found = material.study.improvement
    found = found[found["probability"].notna()]
    if found.empty:
        raise Unsupported(material.study.reasons.get("improvement", "no two agents have runs on one task"))
    turned = found.rename(columns={"one": "other", "other": "one"}).assign(
        probability=1 - found["probability"], low=1 - found["high"], high=1 - found["low"]
    )
    both = pd.concat([found, turned], ignore_index=True)
    order = both.groupby("one")["probability"].mean().sort_values(ascending=False, kind="stable").index
    places = {name: i for i, name in enumerate(order)}
    both = both.sort_values(["one", "other"], key=lambda names: names.map(places), kind="stable")
    behind = _behind(material)
    runs = [behind[a] + behind[b] for a, b in zip(both["one"], both["other"], strict=True)]
    both = both.assign(run_ids=pd.Series(runs, index=both.index, dtype=object), n_runs=list(map(len, runs)))
    return both[[*WINS, "reason", "n_runs", "run_ids"]].reset_index(drop=True)


def profiles(material: Material) -> pd.DataFrame:
    """One row an agent and threshold: ``figures.profiles.COLUMNS``."""
    found = material.study.profiles
    if found.empty:
        raise Unsupported("no run with a gain and a known baseline")
    if material.study.runs["gain"].notna().sum() <= found["configuration"].nunique():
        raise Unsupported("one run an agent: a profile would be a single step")
    behind = _behind(material)
    ids = found["configuration"].map(behind)
    return found[list(PROFILES)].assign(n_runs=ids.map(len), run_ids=ids)


def _behind(material: Material) -> dict[str, list[str]]:
    """Configuration -> its runs with a gain."""
    runs = material.study.runs
    runs = runs.assign(configuration=configurations(runs))[runs["gain"].notna()]
    return {str(name): list(part["run_id"]) for name, part in runs.groupby("configuration", sort=False)}


def _joined(parts: pd.DataFrame) -> pd.Series:
    return parts.fillna("").astype(str).agg(" · ".join, axis=1)


def _told_apart(row: dict[Any, Any]) -> bool:
    """By the interval over runs where there is one, else by the verdicts on all of its runs."""
    if "t interval" in row["interval"]:
        return bool(row["low_pp"] > 0 or row["high_pp"] < 0)
    verdicts = set(row["verdicts"].split())
    return any(verdicts == {code} for code in APART)


def _slopes(material: Material, factor: str) -> pd.DataFrame:
    runs = material.study.runs
    levels = sorted(set(runs[factor]) - {UNSET})
    if len(levels) < 2:
        raise Unsupported(f"{len(levels)} {factor}{'' if len(levels) == 1 else 's'}: no slope")
    settings = [name for name in runs.columns if name not in NO_CONDITIONS and name != factor]
    counted = runs[runs["gain"].notna() & (runs[factor] != UNSET)]
    blocks = counted.groupby(["task", *settings], sort=True)
    matched = [rows for _, block in blocks if (rows := _block(block, factor, settings))]
    if not matched:
        raise Unsupported(f"no two cells differ in the {factor} and in nothing else")
    frame = _over_bases(pd.DataFrame([row for rows in matched for row in rows]), ["task", *settings])
    varying = [name for name in settings if name in (*FACTORS, BASE) and _tells(frame, name)]
    frame["line"] = frame[["task", *varying]].agg(" · ".join, axis=1)
    if frame.groupby("line")["block"].nunique().max() > 1:
        frame["line"] = frame["line"] + " · " + frame["block"]
    means = frame.groupby("level")["gain_pp"].mean().sort_values(kind="stable")
    order = {level: i for i, level in enumerate(means.index)}
    frame = frame.sort_values(["level"], key=lambda names: names.map(order), kind="stable")
    return frame.assign(factor=factor)[[*SLOPES, "task", "run_ids"]].reset_index(drop=True)


def _block(block: pd.DataFrame, factor: str, settings: list[str]) -> list[dict[str, Any]]:
    """One row a level; none for a single level, or where a level's cells differ in what is not seen."""
    cells = block.groupby(factor)["cell_id"].nunique()
    if len(cells) < 2 or cells.max() > 1:
        return []
    head = {name: block[name].iloc[0] for name in ("task", *settings)}
    return [
        {
            **head,
            "block": str(block["cell_id"].iloc[0])[:6],
            "level": level,
            "gain_pp": 100 * float(own["gain"].mean()),
            "n_runs": len(own),
            "run_ids": list(own["run_id"]),
        }
        for level, own in block.groupby(factor)
    ]


def _over_bases(frame: pd.DataFrame, settings: list[str]) -> pd.DataFrame:
    """Blocks that differ in the base model alone as one, where all of them have the same levels."""
    keys = [name for name in settings if name != BASE]
    parts = []
    for _, part in frame.groupby(keys, sort=False):
        blocks = part[BASE].nunique()
        if blocks == 1 or (part["level"].value_counts() != blocks).any():
            parts.append(part)
            continue
        first = dict.fromkeys([*keys, "block"], "first")
        sums = {"gain_pp": "mean", "n_runs": "sum", "run_ids": "sum"}
        parts.append(
            part.groupby("level", as_index=False, sort=False).agg(first | sums).assign(**{BASE: UNSET})
        )
    return pd.concat(parts, ignore_index=True)


def _tells(frame: pd.DataFrame, name: str) -> bool:
    """Whether a setting varies, and not only with the task."""
    return bool(np.any(frame.groupby("task")[name].nunique() > 1))
