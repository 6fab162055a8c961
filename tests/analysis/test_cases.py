"""Every method that a careful reader would check, answered by its name and held against expected values.

Case files are JSON lists of {id, name, inputs, expected, tolerance, how}: what is published here, what was
derived on an independent path (``own_cases.json``), and any named in the environment variable
``POSTTRACE_CASES`` (paths, separated as in PATH).
"""

import csv
import inspect
import json
import math
import os
from pathlib import Path

import pytest

from tests.analysis.cases import across, counts, maxima, resampled
from tests.analysis.cases.readings import READINGS

HERE = Path(__file__).parent / "cases"
SHIPPED = [HERE / "stats_cases.json", HERE / "own_cases.json"]
METHODS = {row["name"]: row for row in csv.DictReader((HERE / "methods.csv").read_text().splitlines())}
ANSWERS = counts.CASES | resampled.CASES | maxima.CASES | across.CASES
LEAST_TOLERANCE = 1e-9


def evaluate(name, inputs):
    """Outputs of the method ``name``, as JSON would hold them; undefined is NaN."""
    if name not in ANSWERS:
        raise KeyError(f"no method is called {name!r}; known: {', '.join(sorted(ANSWERS))}")
    return ANSWERS[name](**inputs)


def disagreement(expected, actual, tolerance):
    """Why ``actual`` is not what is expected, or nothing."""
    if expected in (None, "NaN", "nan") or (isinstance(expected, float) and math.isnan(expected)):
        undefined = actual is None or (isinstance(actual, float) and math.isnan(actual))
        return "" if undefined else f"{actual} where nothing is defined"
    if isinstance(expected, str):
        return "" if isinstance(actual, str) and actual else f"{actual!r} is no text"
    if isinstance(expected, dict):
        expected = list(expected.values())
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{actual} is not a list of {len(expected)}"
        found = (disagreement(e, a, tolerance) for e, a in zip(expected, actual, strict=True))
        return "; ".join(reason for reason in found if reason)
    if actual is None or isinstance(actual, (str, list)):
        return f"{actual!r} is not the number {expected}"
    near = math.isclose(actual, expected, rel_tol=LEAST_TOLERANCE, abs_tol=tolerance)
    return "" if near else f"{actual!r} is not {expected!r}"


def read(case, name, answer):
    """An output, in the shape in which the case states it."""
    reading = READINGS.get((case["name"], name))
    return reading(case["expected"][name], answer, name, case["inputs"]) if reading else answer[name]


def cases(environ):
    named = [Path(path) for path in environ.get("POSTTRACE_CASES", "").split(os.pathsep) if path]
    return [
        pytest.param(case, id=f"{path.stem}-{case['id']}-{case['name']}")
        for path in SHIPPED + named
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("case", cases(os.environ))
def test_case(case):
    answer = evaluate(case["name"], case["inputs"])
    tolerance = max(case.get("tolerance") or 0.0, LEAST_TOLERANCE)
    missing = set(case["expected"]) - set(answer)
    assert not missing, f"not answered: {missing}"
    reasons = {
        name: disagreement(value, read(case, name, answer), tolerance)
        for name, value in case["expected"].items()
    }
    assert not {name: reason for name, reason in reasons.items() if reason}


def test_every_method_of_the_index_is_answered():
    assert set(METHODS) == set(ANSWERS)


def test_every_method_has_a_case_with_all_its_outputs():
    # a method that nothing is expected of could answer anything
    covered = {}
    for path in SHIPPED:
        for case in json.loads(path.read_text(encoding="utf-8")):
            covered.setdefault(case["name"], set()).update(case["expected"])
    unchecked = {
        name: set(row["outputs"].split()) - covered.get(name, set()) for name, row in METHODS.items()
    }
    assert {name: outputs for name, outputs in unchecked.items() if outputs} == {}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_the_inputs_of_the_index(name):
    taken = inspect.signature(ANSWERS[name]).parameters
    inputs = set(METHODS[name]["inputs"].split())
    assert {key for key, one in taken.items() if one.default is one.empty} <= inputs | {"_"}
    # what is left over is for a reader of the case file
    assert inputs - set(taken) <= {"n_flips", "K", "Sigma", "alternative"}


def test_files_named_in_the_environment_are_read(tmp_path):
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path in paths:
        path.write_text(json.dumps([{"id": "X1", "name": "iqm", "inputs": {}, "expected": {}}]))
    found = cases({"POSTTRACE_CASES": os.pathsep.join(map(str, paths))})
    assert len(found) == len(cases({})) + 2
    assert [param.id for param in found[-2:]] == ["one-X1-iqm", "two-X1-iqm"]


def test_an_unknown_method_is_named():
    with pytest.raises(KeyError, match="no method is called 'mcnemer'"):
        evaluate("mcnemer", {})


@pytest.mark.parametrize(
    ("expected", "actual", "agrees"),
    [
        (1.0, 1.0 + 5e-10, True),
        (1.0, 1.1, False),
        (None, math.nan, True),
        (None, 0.5, False),
        ("NaN", math.nan, True),
        ("NaN", 0.5, False),
        (0.5, None, False),
        (math.nan, 0.5, False),
        ("undefined", "another wording", True),
        ("undefined", "", False),
        ([1, 2], [1, 2], True),
        ([1, 2], [1], False),
        ([1, None], [1, math.nan], True),
        ([1, 2], [1, 3], False),
        ({"low": 1, "high": 2}, [1, 2], True),
    ],
)
def test_agreement_is_what_one_would_call_so(expected, actual, agrees):
    assert (disagreement(expected, actual, LEAST_TOLERANCE) == "") is agrees
