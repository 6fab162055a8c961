"""Cases over several runs and tasks: aggregates, association, mixed models."""

import numpy as np

from posttrace.analysis.stats.across.aggregate import ExhaustiveBootstrap, iqm
from posttrace.analysis.stats.across.association import StratifiedPermutation, cmh
from posttrace.analysis.stats.across.improvement import wins
from posttrace.analysis.stats.across.mixed import RandomIntercept

ROUTE, GAIN = ("route", "r", "label", "x", "rl"), ("gain", "gains", "y", "g")


def tasks(scores):
    """One array (run,) a task, of runs x tasks, of one list of runs, or of named lists of runs."""
    if isinstance(scores, dict):
        return [np.array(runs, dtype=float) for runs in scores.values()]
    table = np.array(scores, dtype=float)
    return list(table.reshape(len(table), -1).T)


def interquartile(scores, **_):
    return {
        "iqm": float(iqm(tasks(scores))),
        "note": "of runs x tasks pooled, a quarter left out at each end",
    }


def improvement(x, y, **_):
    poi, u = wins(np.array(x), np.array(y))
    return {"poi": poi, "U": u}


def stratified_bootstrap(scores_runs_x_tasks, **_):
    found = ExhaustiveBootstrap()(tasks(scores_runs_x_tasks))
    return {"mean": found.value, "se": found.se, "q025": found.low, "q975": found.high}


def cmh_tables(tables, **_):
    found = cmh(np.array(tables))
    return {
        "chi2": found.chi2,
        "p": found.p,
        "or_mh": found.odds_ratio,
        "p_exact_two_sided": found.p_two_sided,
        "p_exact_greater": found.p_greater,
    }


def permuted_routes(data, **_):
    rows = triples(data)
    names = sorted({str(task) for task, _, _ in rows})
    strata = np.array([names.index(str(task)) for task, _, _ in rows])
    labelled = np.array([bool(route) for _, route, _ in rows])
    gain = np.array([gain for _, _, gain in rows], dtype=float)
    found = StratifiedPermutation()(gain, labelled, strata, np.random.default_rng(0))
    return {"T": found.difference, "p_greater": found.p_greater, "n_arrangements": found.arrangements}


def triples(data):
    """(task, route, gain) of rows, of columns, or of one entry a task."""
    if isinstance(data, dict) and "task" in data:
        return list(zip(data["task"], _named(data, ROUTE), _named(data, GAIN), strict=True))
    if isinstance(data, list) and not _is_stratum(data[0]):
        return [_row(row) for row in data]
    strata = data.items() if isinstance(data, dict) else enumerate(data)
    return [(task, route, gain) for task, stratum in strata for route, gain in _stratum(stratum)]


def _is_stratum(entry):
    """Does an entry hold many runs, not one?"""
    return any(isinstance(value, list) for value in (entry.values() if isinstance(entry, dict) else entry))


def _row(row):
    return (row["task"], _named(row, ROUTE), _named(row, GAIN)) if isinstance(row, dict) else tuple(row)


def _named(entry, names):
    return next(entry[name] for name in names if name in entry)


def _stratum(stratum):
    """(route, gain) pairs: of named lists, of pairs, or of [routes, gains]; a route is 0 or 1."""
    if isinstance(stratum, dict):
        if any(name in stratum for name in GAIN):
            return list(zip(_named(stratum, ROUTE), _named(stratum, GAIN), strict=True))
        # gains by route, "1" or "RL" being the one that is asked about
        return [(int(name in ("1", "RL", "rl")), gain) for name, gains in stratum.items() for gain in gains]
    for pairs in (stratum, list(zip(*stratum, strict=False))):
        if all(len(pair) == 2 and pair[0] in (0, 1) for pair in pairs):
            return pairs
        if all(len(pair) == 2 and pair[1] in (0, 1) for pair in pairs):
            return [(route, gain) for gain, route in pairs]
    raise ValueError(f"no routes of 0 and 1 in {stratum}")


def random_intercept(gain, agent, **_):
    found = RandomIntercept(min_groups=2)(np.array(gain, dtype=float), [str(x) for x in agent])
    return {
        "var_agent": found.var_group,
        "var_run": found.var_residual,
        "mean": found.intercept,
        "se": found.intercept_se,
    }


def driver_effect(y, driver, task, **_):
    names = [str(x) for x in driver]
    found = RandomIntercept(min_groups=2)(np.array(y, dtype=float), [str(x) for x in task], names)
    beta, se = ([getattr(effect, name) for effect in found.effects] for name in ("beta", "se"))
    one = len(beta) == 1
    return {
        "beta": beta[0] if one else beta,
        "se": se[0] if one else se,
        "vc": found.var_group,
        "residual": found.var_residual,
    }


CASES = {
    "iqm": interquartile,
    "probability_of_improvement": improvement,
    "stratified_bootstrap_exact": stratified_bootstrap,
    "cmh_stratified": cmh_tables,
    "stratified_permutation_route": permuted_routes,
    "mixedlm_random_intercept": random_intercept,
    "mixedlm_driver_effect": driver_effect,
}
