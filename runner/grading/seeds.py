"""Evaluation seeds: stable over machines and Python versions, different for each evaluation."""

from __future__ import annotations

import hashlib

from posttrace.traces.events import Split


def baseline_seed(run_seed: int, replicate: int, split: Split) -> int:
    """Seed of a scoring of the base."""
    return _stable(run_seed, "baseline", replicate, split)


def submission_seed(run_seed: int, submission_id: int, split: Split) -> int:
    """Seed of the first scoring of a submission on a split."""
    return _stable(run_seed, "submission", submission_id, split)


def rescore_seed(parent_head: str, submission_id: int | str, replicate: int, split: Split) -> int:
    """Seed of a later scoring.

    It depends on the record's head hash, so nobody could know it while the run went on. On fresh items it is
    the same for every model, because the seed may choose the items and models are compared item by item.
    """
    whose = "any" if split == "fresh" else submission_id
    return _stable(parent_head, "rescore", whose, replicate, split)


def _stable(*parts: str | int) -> int:
    """31 bits, which every random generator takes as a seed."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
