"""Submit a checkpoint to the grading API and return what it answers. Standard library only."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def submit(checkpoint: Path, timeout_s: float = 900.0) -> dict[str, Any]:
    """POST the path of ``checkpoint``; waits until it is graded.

    When the budget is spent (429) the answer says so and has no score. Raises ``urllib.error.HTTPError`` when
    the submission is refused for another reason (400, 404, ...).
    """
    request = urllib.request.Request(
        os.environ["GRADING_SERVER_URL"] + "/submit",
        data=json.dumps({"model_path": str(checkpoint)}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            answer: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        if error.code != 429:
            raise
        answer = json.load(error)
    return answer
