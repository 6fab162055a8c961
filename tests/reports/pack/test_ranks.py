import numpy as np
import pytest

from posttrace.reports.pack.entry import Unsupported
from posttrace.reports.pack.ranks import ranks


def test_ranks_are_means_over_tasks(reported):
    table = ranks(reported).set_index("configuration")
    # the same order on both tasks: 15, 10, 5, 0.1, -8
    assert table["mean_rank"].to_list() == [1, 2, 3, 4, 5]
    assert table.index[0] == "sft · large · free"
    # Demsar 2006, table 5: q of 5 at .05 is 2.728
    assert table["critical_difference"].iloc[0] == pytest.approx(2.728 * np.sqrt(5 * 6 / (6 * 2)), abs=2e-3)


def test_ranks_need_agents_on_every_task(material):
    with pytest.raises(Unsupported, match="ranks need 3 on 2"):
        ranks(material)
