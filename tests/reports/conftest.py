"""Fixtures around one small study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from posttrace.analysis.audit.audit import Audit, audit
from posttrace.analysis.runs.load import load
from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.runs import frames
from tests.reports.routed import by_hand
from tests.reports.study import QUICK, write_study


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reports of tests neither use nor fill the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSTTRACE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that holds the study's traces."""
    return write_study(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def traces(study: Path) -> TraceSet:
    return load([study])


@pytest.fixture(scope="session")
def checked(traces: TraceSet) -> Audit:
    return audit(traces, QUICK)


@pytest.fixture(scope="session")
def verdicts(checked: Audit, traces: TraceSet) -> pd.DataFrame:
    return frames.with_integrity(frames.verdicts(checked), traces)


@pytest.fixture(scope="session")
def routed(verdicts: pd.DataFrame, traces: TraceSet) -> pd.DataFrame:
    """Every submission with a route made by hand (``tests.reports.routed``)."""
    return by_hand(traces).submissions(verdicts, frames.trajectories(traces, verdicts))
