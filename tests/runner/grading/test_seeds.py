from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.grading.seeds import baseline_seed, rescore_seed, submission_seed


def test_seeds_are_stable():
    # first 31 bits of SHA-256 of the parts joined by zero bytes; they are in traces and must never change
    digest = hashlib.sha256(b"3\0submission\x0012\0sealed").hexdigest()
    assert submission_seed(3, 12, "sealed") == int(digest[:8], 16) // 2


@given(st.integers(), st.integers(0, 50), st.integers(0, 50))
def test_evaluations_have_seeds_of_their_own(seed, i, j):
    names: list[tuple[Any, int, str]] = [
        (baseline_seed, i, "feedback"),
        (baseline_seed, j, "feedback"),
        (baseline_seed, i, "sealed"),
        (submission_seed, i, "feedback"),
    ]
    seeds = {name: name[0](seed, *name[1:]) for name in names}
    assert all(0 <= value < 2**31 for value in seeds.values())
    assert len(set(seeds.values())) == len(seeds)


def test_fresh_items_are_the_same_for_every_model():
    assert rescore_seed("ab", 3, 0, "fresh") == rescore_seed("ab", "baseline", 0, "fresh")
    assert rescore_seed("ab", 3, 0, "fresh") != rescore_seed("ab", 3, 1, "fresh")
    assert rescore_seed("ab", 3, 0, "fresh") != rescore_seed("cd", 3, 0, "fresh")
    assert rescore_seed("ab", 3, 0, "sealed") != rescore_seed("ab", "baseline", 0, "sealed")
