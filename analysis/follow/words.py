"""What is said of a run that is still going."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from posttrace.analysis.audit.wording import pp
from posttrace.analysis.digits import rounded
from posttrace.analysis.follow.watch import Began, Ended, Sight, Step
from posttrace.analysis.stats.items.evalue import Evidence, e_value

HEARS: Final = (
    "The agent hears scores of the items it is tested on. If it climbs on them, neither E nor p holds: take "
    "them as a description and test the winner on fresh items."
)
DEAF: Final = "The agent hears no score of the items it is tested on."
NOISE: Final = "E and p hold whenever the agent or you stop; items must be independent."


def words(sight: Sight, alpha: float) -> list[str]:
    """Lines to print."""
    if isinstance(sight, Began):
        return [
            f"{sight.run_id}: {sight.agent} on {sight.task}; weight of a submission {sight.weights}",
            f"{HEARS if sight.hears else DEAF} {NOISE}",
        ]
    if isinstance(sight, Ended):
        return [f"run finished: {sight.status}; {so_far(sight.evidence, alpha, sight.hears)}"]
    return [f"submission {sight.submission_id}: {_said(sight)}; {so_far(sight.evidence, alpha, sight.hears)}"]


def so_far(evidence: Evidence, alpha: float, hears: bool) -> str:
    """The verdict so far; ``hears``: the agent is told the scores that it rests on."""
    if evidence.log_e == -math.inf:
        return "no evidence so far"
    said = f"evidence so far: E = {_number(evidence.log_e)}, p <= {_bound(evidence.log_e)}"
    if evidence.beyond(alpha):
        but = ", unless the agent climbed on these items" if hears else ""
        return f"{said}; beyond 1/alpha = {1 / alpha:g}: some submission has a true gain{but}"
    return f"{said}; not yet beyond 1/alpha = {1 / alpha:g}"


def as_json(sight: Sight, alpha: float) -> dict[str, Any]:
    """One plain object; null where a number is undefined or too large."""
    kind = type(sight).__name__.lower()
    if isinstance(sight, Began):
        return {"kind": kind, **asdict(sight), "weights": str(sight.weights)}
    evidence = sight.evidence
    e = {"e": _plain(evidence.e), "log_e": _plain(evidence.log_e), "p": evidence.p}
    running = {f"running_{name}": value for name, value in e.items()} | {"beyond": evidence.beyond(alpha)}
    if isinstance(sight, Ended):
        return {"kind": kind, "status": sight.status, **running}
    own = {name: _plain(getattr(sight, name)) for name in ("score", "gain")}
    compared = sight.compared
    own |= {name: _plain(getattr(compared, name)) for name in ("gained", "lost", "log_e")}
    own["e"] = None if math.isnan(compared.log_e) else _plain(e_value(compared.log_e))
    about = {name: getattr(sight, name) for name in ("submission_id", "state", "split", "counts")}
    return {"kind": kind, **about, **own, "why": compared.why, **running}


def _said(step: Step) -> str:
    if math.isnan(step.score):
        return step.state if step.compared.why is None else f"{step.state} ({step.compared.why})"
    where = " on sealed items" if step.split == "sealed" else ""
    scored = f"score {rounded(100 * step.score, '.1f')} %{where}, gain {pp(step.gain)}"
    if step.state != "scored":
        return f"{scored}, {step.state}: not counted"
    if step.compared.why is not None:
        return f"{scored}, {step.compared.why}"
    counted = f"{step.compared.gained:.3g} gained, {step.compared.lost:.3g} lost"
    e = f"e = {_number(step.compared.log_e)}{'' if step.counts else ', beyond the budget: not counted'}"
    return f"{scored}, {counted}, {e}"


def _number(log_e: float) -> str:
    return f"{math.exp(log_e):.3g}" if log_e < 14 else f"10^{rounded(log_e / math.log(10), '.1f')}"


def _bound(log_e: float) -> str:
    """p = min(1, 1/E) with two digits, rounded up: a bound stays one."""
    exponent = -max(0.0, log_e) / math.log(10)
    if exponent < -4:
        return f"10^{rounded(math.ceil(10 * exponent - 1e-9) / 10, '.1f')}"
    digits = 1 - math.floor(exponent)
    p = math.ceil(10 ** (exponent + digits) - 1e-9) / 10**digits
    return f"{p:.{digits}f}" if p < 1 else "1"


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
