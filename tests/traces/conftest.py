"""Traces to test with: the golden run's events, and a way to write any."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from posttrace.traces import TraceWriter
from posttrace.traces.events import Event

GOLDEN = Path(__file__).parents[1] / "golden"

# Examples here write files: on a busy machine one of them may take any time.
settings.register_profile("files", deadline=None)
settings.load_profile("files")

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def make() -> dict[str, Any]:
    """Names of the golden generator: ``trace_events``, ``write``, ``clock``, ``SECRETS``, ..."""
    return runpy.run_path(str(GOLDEN / "make.py"))


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder with the golden ``trace.jsonl`` and ``rescore-1.jsonl``."""
    return GOLDEN / "posttrace-1"


@pytest.fixture
def events(make: dict[str, Any]) -> list[Event]:
    """Fresh events of the golden run."""
    return list(make["trace_events"]())


@pytest.fixture
def write(tmp_path: Path, make: dict[str, Any]) -> Write:
    """Write events as a new trace under the test's folder and return its path."""

    def write_trace(events: Iterable[Event], name: str = "trace.jsonl") -> Path:
        path = tmp_path / name
        with TraceWriter(path, clock=make["clock"]()) as writer:
            for event in events:
                writer.write(event)
        return path

    return write_trace
