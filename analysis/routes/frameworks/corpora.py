"""Public data sets of running text: training on them is language modelling, not instruction."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files


def raw(name: str) -> bool:
    """Whether a data set, by its name on a hub or its builder, holds text without prompt and response."""
    last = name.lower().rsplit("/", 1)[-1]
    return any(fnmatchcase(last, pattern) for pattern in _patterns())


@lru_cache(maxsize=1)
def _patterns() -> tuple[str, ...]:
    path = files("posttrace.analysis.routes.frameworks") / "data" / "corpora.toml"
    return tuple(tomllib.loads(path.read_text("utf-8"))["raw"])
