"""Scripts that hand the training to a library: what was made, what it was told, whether it was started."""

from __future__ import annotations

import pytest

from tests.analysis.routes.static.scripts import label, read

HEAD = """
import os
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
base = os.environ["MODEL_PATH"]
out = os.environ["OUTPUT_DIR"]
net = AutoModelForCausalLM.from_pretrained(base)
tok = AutoTokenizer.from_pretrained(base)
rows = load_dataset("json", data_files="data/train.jsonl")["train"]
"""


def of(tail, *options, head=HEAD):
    return read({"code/t.py": head + tail}, "python", "code/t.py", *options)


def one(tail, **kwargs):
    (stage,) = of(tail, **kwargs).stages
    return stage


@pytest.mark.parametrize(
    ("made", "objective", "attributes"),
    [
        ("from trl import SFTTrainer as T, SFTConfig as C\nargs = C(output_dir=out)", "sft", {}),
        (
            "from trl import DPOTrainer as T, DPOConfig as C\nargs = C(loss_type='ipo')",
            "dpo",
            {"variant": "ipo"},
        ),
        (
            "from trl import DPOTrainer as T, DPOConfig as C\nargs = C()\nargs.loss_type = 'sppo_hard'",
            "dpo",
            {"variant": "sppo"},
        ),
        ("from trl import DPOTrainer as T, DPOConfig as C\nargs = C(loss_type=['sft'])", "sft", {}),
        ("from trl import KTOTrainer as T\nargs = None", "dpo", {"variant": "kto"}),
        ("from trl.experimental.orpo import ORPOTrainer as T\nargs = None", "dpo", {"variant": "orpo"}),
        (
            "from trl import CPOTrainer as T, CPOConfig as C\nargs = C(loss_type='simpo')",
            "dpo",
            {"variant": "simpo"},
        ),
        ("from trl.trainer.grpo_trainer import GRPOTrainer as T\nargs = None", "grpo", {"rollout": "text"}),
        ("from trl import RLOOTrainer as T\nargs = None", "grpo", {"variant": "rloo"}),
        (
            "import trl\nT = trl.GRPOTrainer\nargs = trl.GRPOConfig(loss_type='dapo', output_dir=out)",
            "grpo",
            {"variant": "dapo"},
        ),
        (
            "import trl\nT = trl.GRPOTrainer\n"
            "args = trl.GRPOConfig(**{'importance_sampling_level': 'sequence'})",
            "grpo",
            {"variant": "gspo"},
        ),
        ("from trl import PPOTrainer as T\nargs = None", "ppo", {}),
        ("from trl import RewardTrainer as T\nargs = None", "reward_model", {}),
        ("from trl.experimental.gkd import GKDTrainer as T\nargs = None", "distill", {}),
    ],
)
def test_the_trainer_and_what_it_is_told_decide(made, objective, attributes):
    stage = one(f"{made}\nt = T(model=net, args=args, train_dataset=rows)\nt.train()\nt.save_model(out)")
    assert stage.objective == objective
    assert attributes.items() <= stage.attributes.items()
    rules = [fact.rule for fact in stage.evidence]
    assert rules[0] in ("trainer", "setting")
    assert rules[-1] == "update"


def test_evidence_points_at_the_line_that_decides():
    tail = """from trl import DPOConfig, DPOTrainer
c = DPOConfig(
    loss_type="ipo")
t = DPOTrainer(net, None, c)
t.train()
"""
    stage = one(tail)
    start = HEAD.count("\n")
    assert [(fact.rule, fact.line) for fact in stage.evidence] == [
        ("setting", start + 4),
        ("setting", start + 2),
        ("update", start + 5),
    ]


@pytest.mark.parametrize(
    "tail",
    [
        "from trl import GRPOConfig, GRPOTrainer, SFTTrainer",
        "from trl import SFTConfig, SFTTrainer\nt = SFTTrainer(net, SFTConfig())\nprint(t.evaluate())",
        "from trl import DPOTrainer\nt = DPOTrainer(net)\nt.predict(rows)",
        "from trl import SFTTrainer\nt = SFTTrainer(net)\nt.model.train()\nt.model.eval()",
        "from trl import PPOConfig\nc = PPOConfig()\nnet.train()",
        "from peft import get_peft_model, LoraConfig\nnet = get_peft_model(net, LoraConfig())\nnet.train()",
        "from trl import SFTTrainer\nif False:\n    SFTTrainer(net).train()",
    ],
)
def test_what_is_not_started_trains_nothing(tail):
    assert of(tail).stages == ()


@pytest.mark.parametrize(("option", "expected"), [("dpo", "dpo"), ("grpo", "grpo"), (None, "sft")])
def test_a_trainer_picked_by_an_option(option, expected):
    tail = """
import argparse
from trl import DPOTrainer, GRPOTrainer, SFTTrainer
TRAINERS = {"sft": SFTTrainer, "dpo": DPOTrainer, "grpo": GRPOTrainer}
p = argparse.ArgumentParser()
p.add_argument("--algo", default="sft")
a = p.parse_args()

def build(kind):
    return TRAINERS[kind](model=net, train_dataset=rows)

def main():
    build(a.algo).train()

if __name__ == "__main__":
    main()
"""
    assert label(of(tail, *(["--algo", option] if option else []))) == expected


def test_an_open_choice_is_unknown_with_candidates():
    tail = """
from trl import DPOConfig, DPOTrainer
DPOTrainer(net, args=DPOConfig(loss_type=os.environ["LOSS"])).train()
"""
    stage = one(tail)
    assert stage.objective == "unknown"
    assert set(stage.attributes["candidates"].split(",")) == {"dpo", "sft"}


def test_stages_in_the_order_in_which_they_run():
    tail = """
from trl import GRPOTrainer, SFTTrainer
def warm(m):
    SFTTrainer(model=m, train_dataset=rows).train()
def reward(completions, **kw):
    return [float("4" in c) for c in completions]
def rl(m):
    trainer = GRPOTrainer(model=m, reward_funcs=[reward], train_dataset=rows)
    trainer.train()
warm(net)
rl(net)
"""
    assert label(of(tail)) == "sft>grpo"


def test_a_step_loop_of_the_old_interface():
    tail = """
from trl import AutoModelForCausalLMWithValueHead, PPOConfig, PPOTrainer
net = AutoModelForCausalLMWithValueHead.from_pretrained(base)
trainer = PPOTrainer(PPOConfig(batch_size=8), net, None, tok, dataset=rows)
for batch in trainer.dataloader:
    answers = trainer.generate(batch["input_ids"])
    scores = [len(tok.decode(a)) for a in answers]
    stats = trainer.step(batch["input_ids"], answers, scores)
"""
    assert one(tail).objective == "ppo"


@pytest.mark.parametrize(
    ("told", "rollout"),
    [("tools=[add]", "tool"), ("environment_factory=World", "env"), ("rollout_func=play", "env")],
)
def test_where_the_rollouts_come_from(told, rollout):
    tail = f"""
from trl import GRPOTrainer
class World: pass
def add(a, b): return a + b
def play(prompts): return prompts
GRPOTrainer(model=net, reward_funcs=len, {told}).train()
"""
    assert one(tail).attributes["rollout"] == rollout


def test_adapters_and_folders():
    tail = """
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer
trainer = SFTTrainer(model=base, args=SFTConfig(output_dir=out + "/a"), peft_config=LoraConfig(r=8))
trainer.train()
trainer.save_model(out + "/final")
"""
    head = HEAD.replace("net = AutoModelForCausalLM.from_pretrained(base)\n", "")
    reading = of(tail, head=head)
    assert reading.stages[0].attributes["weights"] == "adapter"
    assert [(io.kind, io.path, io.begun) for io in reading.io] == [
        ("read", "models/base", 0),
        ("write", "output/a", 1),
        ("write", "output/final", 1),
    ]
