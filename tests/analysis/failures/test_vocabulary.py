"""Rules, their names and the two vocabularies."""

import csv
from pathlib import Path
from typing import get_args

import pytest

import posttrace.analysis.published as published
from posttrace.analysis.failures import judge, launches, training
from posttrace.analysis.failures.finding import CODE, RULES, Cause, Cited, FailureType, PaperClass, ranked
from posttrace.analysis.failures.patterns import PATTERNS, WORDS, in_rollout, kind_of

TAXONOMY = Path(published.__file__).parent / "data" / "agent2_failure_taxonomy.csv"


def labels(scheme):
    with TAXONOMY.open(newline="") as stream:
        return {row["label"] for row in csv.DictReader(stream) if row["scheme"] == scheme}


def test_the_words_are_those_that_were_published():
    assert set(get_args(FailureType)) == labels("skill.md failure_type")
    assert set(get_args(PaperClass)) == labels("paper T13")


def test_every_word_can_be_reached():
    assert {rule.failure_type for rule in RULES.values()} == set(get_args(FailureType))
    reached = {rule.paper_class for rule in RULES.values()} - {None}
    assert reached | {"early coding failure"} == set(get_args(PaperClass))
    assert set(RULES) >= CODE


def test_ranks_differ():
    ranks = [rule.rank for rule in RULES.values()]
    assert len(set(ranks)) == len(ranks)


def test_every_rule_has_a_place_that_fires_it():
    folder = Path(judge.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "finding.py")
    assert {name for name in RULES if f'"{name}"' not in text} == set()


def test_every_rule_of_training_is_asked():
    asked = {rule.__name__ for rules in (training.BELOW_BASE, training.UNCHANGED) for rule in rules}
    assert asked <= set(RULES)


def test_what_ended_the_run_comes_before_any_rule():
    found = ranked(
        [Cause("exception", "a", (Cited("x"),)), Cause("agent_failed", "b", (Cited("y"),), first=True)]
    )
    assert [cause.rule for cause in found] == ["agent_failed", "exception"]


def test_kinds_have_words():
    silent = {"interrupt", "wrapper"}
    assert {pattern.kind for pattern in PATTERNS} - silent <= set(WORDS)
    assert launches.KILLED.isdisjoint(launches.INTERRUPTED)


@pytest.mark.parametrize(
    ("name", "message", "kind"),
    [
        ("OSError", "[Errno 28] No space left on device", "disk_full"),
        ("RuntimeError", "CUDA out of memory. Tried to allocate", "memory"),
        ("RuntimeError", "CUDA error: device-side assert triggered", "device"),
        ("numpy.core._exceptions._ArrayMemoryError", "Unable to allocate", "memory"),
        ("ValueError", "loss is nan, stopping", "nonfinite"),
        ("ValueError", "NaN is not a valid learning rate", "value"),
        ("subprocess.TimeoutExpired", "", "timeout"),
        ("KeyError", "'No such file or directory'", "missing_file"),
        ("Whatever", "", "other"),
    ],
)
def test_kind_of_an_exception(name, message, kind):
    assert kind_of(name, message) == kind


def test_packages_of_rollouts_are_found_by_where_they_are_installed():
    assert in_rollout(["/v/lib/python3.11/site-packages/vllm/engine.py"]) == "vllm"
    assert in_rollout(["/w/workspace/vllm/engine.py", "/v/site-packages/gymnastics/a.py"]) is None
