"""Submits the base model as it is, then a second copy of it: no training at all."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path

# this file lies beside this one in the workspace's code/
from client import submit  # type: ignore[import-not-found]


def main() -> None:
    """Copy, submit, twice."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in ("model", "model-again"):
        target = Path(os.environ["OUTPUT_DIR"]) / name
        shutil.copytree(os.environ["MODEL_PATH"], target)
        logging.info("%s: %s", name, json.dumps(submit(target)))


if __name__ == "__main__":
    main()
