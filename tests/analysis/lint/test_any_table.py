"""Any text in columns with known names is read without an error, whatever it says."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.lint.lint import lint
from posttrace.analysis.lint.vocabulary import NAMES, NUMBERS
from posttrace.analysis.published.tables import Table

PATTERNED = (
    "pass@1 pass@3 best_6h best_12h improve_rate exec_sr_pct low_err all_err GRPO copy usd x_pct model"
)
COLUMNS = [*" ".join((*NAMES.values(), *NUMBERS.values(), PATTERNED)).split()]
CELLS = st.one_of(
    st.sampled_from(
        ["", "0", "1", "-1", "10", "TOTAL", "best", "baseline", "1e300", "1e-300", "1e999", "11-13"]
    ),
    st.integers(-(10**9), 10**9).map(str),
    st.decimals(-200, 200, places=2).map(str),
    st.text(max_size=5),
)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_nothing_but_findings(data):
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=12, unique=True))
    rows = data.draw(st.lists(st.tuples(*[CELLS] * len(columns)), min_size=1, max_size=6))
    table = Table.of(pd.DataFrame({"score": "1", **dict(zip(columns, zip(*rows, strict=True), strict=True))}))
    for finding in lint([table, table]):
        assert finding.explanations
        assert finding.row in finding.rows
        assert 1 <= finding.row <= len(rows)


def test_numbers_of_items_that_nobody_counted():
    # their product is beyond what a float holds
    rows = pd.DataFrame({"task": ["a"], "score": ["0.5"], "n_test": ["1e300"], "n_runs": ["1e300"]})
    assert list(lint([Table.of(rows)])) == []
