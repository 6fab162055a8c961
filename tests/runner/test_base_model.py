from __future__ import annotations

import pytest
from msgspec import UNSET

from posttrace.runner.artifacts import hash_directory
from posttrace.runner.base_model import BaseModel
from posttrace.runner.cells import cell_id
from posttrace.runner.compose import groups, resolve
from posttrace.runner.sweep import launch, prepare
from posttrace.traces import find_traces, read_events
from posttrace.traces.errors import ConfigError
from posttrace.traces.events import RunStarted
from tests.support import QUICK


@pytest.mark.parametrize("task", ["spell", "style", "house"])
def test_shipped_bases_have_the_recorded_hashes(task):
    one = groups(resolve([f"task={task}"]))["base_model"]
    five = groups(resolve([f"task={task}", f"base_model={task}_five"]))["base_model"]
    assert one["id"] == task  # the base follows the task
    bases = [BaseModel.of(one, 0), *(BaseModel.of(five, seed) for seed in range(5))]
    for base in bases:
        base.check()
    hashes = [hash_directory(base.path)[0].sha256 for base in bases]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 5


def test_a_seed_takes_the_member_of_its_number():
    five = groups(resolve(["base_model=spell_five"]))["base_model"]
    assert [BaseModel.of(five, seed).id for seed in (0, 4, 7)] == [f"spell_five-{n}" for n in (0, 4, 2)]


def test_a_seed_beyond_the_members_is_told_that_its_base_is_not_new(tmp_path):
    words = ["agent=copy", "base_model=spell_five", *QUICK, f"out={tmp_path}"]
    plans = [prepare([*words, f"seed={seed}"])[0].plan.why for seed in (4, 5, 12)]
    # five members: 5 = 0 and 12 = 2 (mod 5)
    assert plans == [
        "not run yet",
        "not run yet; base 0 of spell_five again, as of seed 0",
        "not run yet; base 2 of spell_five again, as of seed 2",
    ]
    assert prepare([*words, "base_model=spell", "seed=5"])[0].plan.why == "not run yet"  # always the same one
    for seed in (4, 5):
        launch(prepare([*words, f"seed={seed}"]))
    first = {e.seed: e for t in find_traces([tmp_path]) for e in read_events(t, [RunStarted])}
    assert first[5].base_model.id == "spell_five-0"
    assert first[5].extra == {"base_model": "base 0 of spell_five again, as of seed 0"}
    assert first[4].extra is UNSET


def test_seeds_that_differ_in_their_base_are_one_cell():
    cells = {cell_id(groups(resolve(["base_model=spell_five", f"seed={seed}"]))) for seed in (0, 1)}
    assert len(cells) == 1


def test_another_content_is_refused():
    config = groups(resolve(["base_model=spell", "base_model.sha256=" + "0" * 64]))["base_model"]
    with pytest.raises(ConfigError, match=r"has hash \w+..., not 000000000000...; restore it"):
        BaseModel.of(config, 0).check()


@pytest.mark.parametrize("words", [["base_model.path=null"], ["base_model.by_seed=[{path: x}]"]])
def test_a_path_or_members_but_not_both(words):
    config = groups(resolve(["base_model=spell", *words]))["base_model"]
    with pytest.raises(ConfigError, match="give path, or by_seed"):
        BaseModel.of(config, 0)
