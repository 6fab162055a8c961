"""Each script in ``scripts/`` trains what its author says, whatever its names and comments are.

The labels were fixed by what each script computes, from the definitions of the objectives in the literature,
before it was read by the code under test.
"""

from __future__ import annotations

import pytest

from tests.analysis.routes.obfuscate import obfuscate
from tests.analysis.routes.static.scripts import label, read, script

LABELS = {
    "np_sft": "sft",
    "np_rft": "rft",
    "np_dpo": "dpo",
    "np_grpo": "grpo",
    "np_reinforce": "reinforce",
    "np_reinforce_batch": "reinforce",
    "np_hybrid": "sft>grpo",
    "torch_sft": "sft",
    "torch_grpo": "grpo",
    "torch_ppo": "ppo",
    "torch_dpo": "dpo",
    "torch_distill": "distill",
    "jax_sft": "sft",
    "jax_grpo": "grpo",
    "varied_rloo_class": "grpo",
    "varied_functional_np": "sft",
    "varied_ipo": "dpo",
    "varied_star_file": "rft",
    "varied_accelerate_sft": "sft",
    "varied_np_dict_groups": "grpo",
    "varied_gkd": "distill",
    "varied_pretrain": "pretrain",
    "varied_a2c": "ppo",
    "varied_hill_climb": "",
    "unseen_remax": "reinforce",
    "unseen_kto": "dpo",
    "unseen_manual_torch": "sft",
    "unseen_buffer": "grpo",
    "unseen_jax_distill": "distill",
    "unseen_best_of_n": "rft",
    "unseen_soup": "",
    "unseen_eval": "",
    "unseen_layers": "sft",
    "unseen_online_dpo": "dpo",
}
ENTRY = "code/run.py"


@pytest.mark.parametrize("name", LABELS)
def test_the_loss_decides(name):
    assert label(read({ENTRY: script(name)}, "python", ENTRY)) == LABELS[name]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", LABELS)
def test_names_comments_and_a_dead_trainer_change_nothing(name, seed):
    decoy = "grpo" if "sft" in LABELS[name] else "sft"
    files, entry = obfuscate({ENTRY: script(name)}, ENTRY, decoy, seed)
    before = read({ENTRY: script(name)}, "python", ENTRY)
    after = read(files, "python", entry)
    assert label(after) == LABELS[name]
    assert [(io.kind, io.path, io.sources) for io in after.io] == [
        (io.kind, io.path, io.sources) for io in before.io
    ]


def test_the_renamed_script_shares_no_name_of_its_own_with_the_first():
    files, entry = obfuscate({ENTRY: script("np_grpo")}, ENTRY, "sft", 0)
    renamed = files[entry].decode()
    for name in ("pg_step", "old_logps", "loss_grad", "SGD", "todo", "score"):
        assert name in script("np_grpo").decode()
        assert name not in renamed
    assert "Clipped policy gradient" not in renamed
    assert obfuscate({ENTRY: script("np_grpo")}, ENTRY, "sft", 0)[0] == files


def test_a_scorer_is_a_stage_of_its_own():
    reading = read({ENTRY: script("torch_reward_model")}, "python", ENTRY)
    assert [stage.objective for stage in reading.stages] == ["reward_model"]


def test_evidence_points_to_the_line_that_shows_it():
    source = script("np_grpo").decode().splitlines()
    reading = read({ENTRY: script("np_grpo")}, "python", ENTRY)
    lines = {e.rule: e.line for e in reading.stages[0].evidence}
    # counted from 1; these are the only lines of the script that hold the text
    assert source[lines["group-baseline"] - 1].strip().startswith("a = (rs - rs.mean())")
    assert source[lines["update"] - 1].strip().startswith("p -=")
    assert "argmax" in source[lines["own-samples"] - 1]


def test_where_the_tokens_come_from():
    given = read({ENTRY: script("np_sft")}, "python", ENTRY).stages[0].attributes
    assert given["data"] == "given"
    assert given["data_path"] == "data/train.jsonl"
    assert read({ENTRY: script("np_rft")}, "python", ENTRY).stages[0].attributes["data"] == "self+filter"


def test_an_average_of_state_dicts_is_a_merge():
    last = read({ENTRY: script("unseen_soup")}, "python", ENTRY).io[-1]
    assert (last.kind, last.path) == ("merge", "output/soup")
    assert last.sources == ("output/a", "output/b", "output/c")
