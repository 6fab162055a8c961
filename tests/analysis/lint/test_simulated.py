"""No false alarm: what really happened, printed in any usual way, has no finding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.lint.lint import lint
from posttrace.analysis.published.tables import Table
from tests.analysis.lint import simulated


@pytest.mark.parametrize("table", [simulated.results, simulated.repeated, simulated.totals])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_real_results_have_no_finding(table, seed):
    frame = table(np.random.default_rng(seed))
    found = lint(Table.of(frame))
    assert not list(found), (frame.to_csv(), found.to_json())


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_tables_of_one_report_have_no_finding(seed):
    frames = simulated.report(np.random.default_rng(seed))
    tables = [Table.of(frame, f"table {i}") for i, frame in enumerate(frames)]
    found = lint(tables)
    assert not list(found), ([frame.to_csv() for frame in frames], found.to_json())


@given(seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_the_same_as_a_frame_of_numbers_and_through_a_file(tmp_path_factory, seed):
    """Floats lose how many digits were printed; that widens what is admissible and alarms nobody."""
    frame = simulated.results(np.random.default_rng(seed))
    path = tmp_path_factory.mktemp("tables") / "results.csv"
    frame.to_csv(path, index=False)
    numbers = frame.astype(dict.fromkeys(["n_test", "baseline", "best", "improvement"], "float64"))
    assert not list(lint(path))
    assert not list(lint(numbers))
    assert not list(lint([path, numbers]))
