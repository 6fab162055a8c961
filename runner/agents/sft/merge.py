"""Average the weights of several checkpoints and submit the result."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import numpy as np

# these files lie beside this one in the workspace's code/
from client import submit  # type: ignore[import-not-found]
from training import load, save  # type: ignore[import-not-found]


def main() -> None:
    """Load all, average, save, submit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    models = [load(path) for path in args.checkpoints]
    merged = models[0]
    merged.weights = {name: np.mean([m.weights[name] for m in models], axis=0) for name in merged.weights}
    logging.info("%s", json.dumps(submit(save(merged, args.out))))


if __name__ == "__main__":
    main()
