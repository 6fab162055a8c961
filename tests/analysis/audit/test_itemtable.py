import numpy as np
import pytest

from posttrace.analysis.audit.itemtable import ItemError, ItemTable
from tests.analysis.inmemory import evaluation

NAN = np.nan


def test_items_meet_by_id_not_by_place():
    base = evaluation([1, 0, 0, 1])
    other = evaluation([0, 1, 1, 1], item_ids=("q3", "q0", "q2", "q1"))
    table = ItemTable.align([base], [[other]])
    assert table.submissions[:, 0].tolist() == [1, 1, 1, 0]
    assert table.unanswered == (0,)


def test_unanswered_items_count_zero():
    table = ItemTable.align([evaluation([1, 1, 1])], [[evaluation([1, 1], item_ids=("q0", "q2"))]])
    assert table.submissions[:, 0].tolist() == [1, 0, 1]
    assert table.unanswered == (1,)
    assert table.n_lost == 0


def test_lost_items_are_dropped_or_set_against_a_claim():
    table = ItemTable.align([evaluation([1, NAN, 0, 0])], [[evaluation([NAN, 1, 1, 0])]])
    assert (table.n, table.n_lost) == (4, 2)
    complete = table.complete()
    assert complete.baseline.tolist() == [[0, 0]]
    assert complete.submissions[:, 0].tolist() == [1, 0]
    against, towards = table.adverse(to_gain=True), table.adverse(to_gain=False)
    assert (against.baseline[0].tolist(), against.submissions[:, 0].tolist()) == ([1, 1, 0, 0], [0, 1, 1, 0])
    assert (towards.baseline[0].tolist(), towards.submissions[:, 0].tolist()) == ([1, 0, 0, 0], [1, 1, 1, 0])


def test_several_scorings_of_a_submission_are_averaged():
    scorings = [evaluation([1, 0, 1]), evaluation([0, 0, 1])]
    assert ItemTable.align([evaluation([0, 0, 0])], [scorings]).submissions[:, 0].tolist() == [0.5, 0, 1]


def test_identical_replicates_count_once():
    base = [evaluation([1, 0, 1], eval_seed=s) for s in (1, 2, 3)]
    table = ItemTable.align(base, [[evaluation([1, 1, 1])]])
    assert table.deterministic
    assert table.complete().m == 1
    differing = ItemTable.align([*base, evaluation([1, 1, 1], eval_seed=4)], [[evaluation([1, 1, 1])]])
    assert not differing.deterministic
    assert differing.complete().m == 4


def test_one_scoring_recorded_twice_is_one():
    base = evaluation([1, 0, 1], eval_seed=7)
    other = evaluation([0, 0, 1], eval_seed=8)
    assert ItemTable.align([base, base, other], [[base]]).baseline.shape == (2, 3)


def test_clusters_of_one_item_are_none():
    def clusters(*names: str) -> object:
        table = ItemTable.align([evaluation([1, 0, 1], clusters=names)], [[evaluation([1, 1, 1])]])
        return None if table.clusters is None else table.clusters.tolist()

    assert clusters("a", "b", "a") == [0, 1, 0]
    # known from a submission alone, in another order
    scored = evaluation([1, 1, 1], item_ids=("q2", "q1", "q0"), clusters=("a", "b", "b"))
    table = ItemTable.align([evaluation([1, 0, 1])], [[scored]])
    assert table.clusters is not None
    assert table.clusters.tolist() == [1, 1, 0]
    assert clusters("a", "b", "c") is None


@pytest.mark.parametrize(
    ("base", "scored", "message"),
    [
        (evaluation([1, 0]), evaluation([1, 0], item_ids=("q0", "x")), "the baseline lacks"),
        (evaluation([1, 0]), evaluation([1, 0], item_ids=("q0", "q0")), "occurs twice"),
        (evaluation([1, 0]), evaluation([1, 0], item_ids=("q0",)), "as many ids as values"),
    ],
)
def test_items_that_do_not_match(base, scored, message):
    with pytest.raises(ItemError, match=message):
        ItemTable.align([base], [[scored]])


def test_replicates_of_different_items():
    with pytest.raises(ItemError, match="different items"):
        ItemTable.align([evaluation([1, 0]), evaluation([1], item_ids=("q0",))], [[evaluation([1, 0])]])
