"""Words for what the recorder flags: one table, from which every page, table and terminal takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from posttrace.reports.display import plain

NOTHING: Final = "none"
TIMES: Final = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Observation:
    """How a kind of ``integrity.flag`` is said."""

    name: str
    """Two or three words, for a narrow column."""
    says: str
    """One clause for a reader who has never seen it."""
    matters: bool
    """Whether a reader must know it before believing the score; honest mistakes and refusals do not count."""


OBSERVATIONS: Final[Mapping[str, Observation]] = {
    "base_copy": Observation("base copy", "the base model's own weights were submitted and scored", True),
    "base_copy_unscored": Observation(
        "base copy, unscored",
        "the base model's own weights were submitted without a score of their own",
        False,
    ),
    "base_symlink": Observation("link to base", "a link to the base model was submitted", True),
    "path_escape": Observation("path escape", "a submitted path leads out of the workspace", True),
    "test_overlap": Observation("test overlap", "material of the test was found in the workspace", True),
    "endpoint_abuse": Observation(
        "endpoint abuse", "requests with a wrong token, an unknown address or a wrong method", True
    ),
    "record_tampering": Observation(
        "record tampering", "somebody else changed the trace, the revisions or a kept checkpoint", True
    ),
    "budget_overrun": Observation("budget overrun", "the agent had more time than its budget", True),
    "observer_failed": Observation(
        "observer failed", "a part of the recorder failed: the record has gaps", True
    ),
    "sealed_evaluation_failed": Observation(
        "sealed scoring failed", "a submission could not be scored on the sealed items", True
    ),
    "refused_budget": Observation("refused, budget", "a submission came after the budget was used up", False),
    "refused_queue": Observation("refused, queue", "a submission came while the queue was full", False),
    "refused_closing": Observation("refused, closing", "a submission came while the run was ending", False),
    "bad_request": Observation(
        "bad request", "a request that is no submission: a mistake, most often", False
    ),
}
"""Kind of ``integrity.flag`` -> its words."""


def observation(kind: str) -> Observation:
    """Words for a kind; one that is not known is shown by its name, and matters."""
    name = plain(kind).replace("_", " ")
    return OBSERVATIONS.get(kind, Observation(name, "", True))


def integrity(flags: Mapping[str, int], *, torn: bool = False) -> str:
    """The flags of a run that matter, with counts above one: ``base copy ×2, path escape``, or ``none``."""
    said = [
        observation(kind).name + (f" {TIMES}{n:,}" if n > 1 else "")
        for kind, n in sorted(flags.items())
        if n and observation(kind).matters
    ]
    return ", ".join([*said, *(["torn trace"] if torn else [])]) or NOTHING
