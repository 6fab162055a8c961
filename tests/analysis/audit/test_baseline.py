from dataclasses import replace

from posttrace.analysis.audit.baseline import Baseline
from posttrace.analysis.audit.clean import clean
from tests.analysis.inmemory import evaluation, record, submission

OWN = evaluation([1, 0, 0, 1, 0], eval_seed=0)
COPY = submission(1, evaluation([1, 0, 0, 1, 1], eval_seed=1), is_base_copy=True)
TRAINED = submission(2, evaluation([1, 1, 0, 1, 0]))


def test_copies_of_the_base_are_scorings_of_the_baseline():
    run = record([OWN], [COPY, TRAINED], baseline_rescored=(replace(OWN, eval_seed=2),))
    found = Baseline.of(run)
    assert (found.split, found.n, found.n_copies) == ("feedback", 3, 1)
    assert found.scorings == clean(run).baseline
    note = "baseline: mean of 3 scorings, including 1 copy of the base that the agent submitted"
    assert found.note == note
    assert note in clean(run).flags


def test_a_baseline_of_the_recorder_alone_has_no_note():
    assert Baseline.of(record([OWN], [TRAINED])).note is None
    # the same seed and the same outcomes are one scoring: the mean is the recorder's
    same = submission(1, OWN, is_base_copy=True)
    found = Baseline.of(record([OWN], [same, TRAINED]))
    assert (found.n, found.n_copies, found.note) == (1, 0, None)


def test_only_the_split_of_the_submissions_counts():
    sealed = replace(OWN, split="sealed")
    assert Baseline.of(record([OWN, sealed], [TRAINED])).own == (OWN,)
    # without another submission the copy says where it was graded
    assert Baseline.of(record([OWN, sealed], [COPY])).n == 2
    assert Baseline.of(record([OWN, sealed], [])).split is None
