"""What the tasks of the embedded suite share: how they tell the agent, and how they score 0 or 100."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from posttrace.runner.tasks.base import Outcome
from posttrace.traces.errors import ConfigError, GradingError
from posttrace.traces.events import Evaluator, Items, Split

SCALE_MAX: Final = 100.0
_SPLIT_KEY: Final[dict[Split, int]] = {"feedback": 0, "sealed": 1, "fresh": 2}


def check_range(**settings: tuple[int, int]) -> None:
    """Raise ``ConfigError`` for a setting, given as (value, most), that is not 1 to ``most``."""
    for name, (value, most) in settings.items():
        if not 1 <= value <= most:
            raise ConfigError(f"task.{name} must be 1 to {most}, not {value}")


def check_temperature(temperature: float) -> None:
    """Raise ``ConfigError`` for a temperature that is no finite number from 0."""
    if not 0 <= temperature < math.inf:
        raise ConfigError(f"task.temperature must be 0 or more, and finite, not {temperature}")


def write_lines(path: Path, records: Sequence[Any]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def describe(package: str, workspace: Path, *, temperature: float, **numbers: int) -> None:
    """Fill the package's ``description.md`` and write it for the agent."""
    decoding = f"sampled at temperature {temperature:g}" if temperature else "decoded greedily"
    text = (files(package) / "description.md").read_text()
    (workspace / "description.md").write_text(text.format(decoding=decoding, **numbers))


def noise(seed: int, split: Split) -> np.random.Generator:
    """The only chance of an evaluation: one seed gives two models the same noise on a split."""
    return np.random.default_rng([seed, _SPLIT_KEY[split]])


@contextmanager
def nan_refused() -> Iterator[None]:
    """Decode in here: a model that computes no finite number is a ``GradingError``."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the sampler looks at what comes of it
            yield
    except FloatingPointError as error:
        raise GradingError(f"{error}; submit an earlier checkpoint") from error


def outcome(successes: Sequence[bool], split: Split, evaluator: Evaluator) -> Outcome:
    """An item is worth 100 or 0; the score is the mean."""
    values = [SCALE_MAX * success for success in successes]
    ids = [f"{split}-{i:04d}" for i in range(len(successes))]
    return Outcome(score=float(np.mean(values)), items=Items(ids=ids, values=[*values]), evaluator=evaluator)
