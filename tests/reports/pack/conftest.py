"""Material of the small study, and of reported tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from posttrace.analysis.runs.tables import TraceSet
from posttrace.reports.pack.material import Material
from tests.reports.study import QUICK


@pytest.fixture(scope="session")
def material(study: Path) -> Material:
    return Material.read([study], QUICK)


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Two tasks, three agents, one with two drivers and two modes; 1000 items, one submission."""
    rows = [
        (task, agent, driver, mode, base, base + gain, 1000, 1)
        for task, base in (("spell", 20.0), ("house", 60.0))
        for agent, driver, mode, gain in (
            ("sft", "small", "free", 10.0),
            ("sft", "large", "free", 15.0),
            ("sft", "small", "fixed", 0.1),
            ("grpo", "small", "free", 5.0),
            ("rft", "small", "free", -8.0),
        )
    ]
    columns = ["task", "agent", "driver", "mode", "baseline", "best", "n_test", "submissions"]
    path = tmp_path_factory.mktemp("reported") / "results.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return Material.read([path], QUICK)


@pytest.fixture(scope="session")
def nothing() -> Material:
    return Material(("none",), QUICK, TraceSet(()))
