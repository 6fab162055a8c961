"""Runs of real python and shell, read as code of users is read."""

from __future__ import annotations

from typing import Final

from tests.analysis.routes.made import Story
from tests.analysis.routes.stories import known

TRL_SFT: Final = """
import argparse
from datasets import load_dataset
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="models/base")
parser.add_argument("--out", default="output/sft")
args = parser.parse_args()
rows = load_dataset("json", data_files="data/train.jsonl", split="train")
model = AutoModelForCausalLM.from_pretrained(args.model)
trainer = SFTTrainer(model=model, args=SFTConfig(output_dir=args.out, max_steps=60), train_dataset=rows)
trainer.train()
trainer.save_model(args.out)
"""
TRL_GRPO: Final = """
import sys
from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer


def right(completions, answer, **rest):
    return [float(text.strip().endswith(a)) for text, a in zip(completions, answer)]


source, out = sys.argv[1], sys.argv[2]
rows = load_dataset("json", data_files="data/prompts.jsonl", split="train")
config = GRPOConfig(output_dir=out, num_generations=8, beta=0.0)
trainer = GRPOTrainer(model=source, reward_funcs=right, args=config, train_dataset=rows)
trainer.train()
trainer.save_model(out)
"""
TRL_DPO: Final = """
from datasets import load_dataset
from transformers import AutoModelForCausalLM
from trl import DPOConfig, DPOTrainer

pairs = load_dataset("json", data_files="data/pairs.jsonl", split="train")
model = AutoModelForCausalLM.from_pretrained("output/sft")
trainer = DPOTrainer(model=model, args=DPOConfig(output_dir="output/dpo"), train_dataset=pairs)
trainer.train()
trainer.save_model("output/dpo")
"""
LORA: Final = """
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

rows = load_dataset("json", data_files="data/train.jsonl", split="train")
model = AutoModelForCausalLM.from_pretrained("models/base")
trainer = SFTTrainer(
    model=model, args=SFTConfig(output_dir="output/lora"), train_dataset=rows, peft_config=LoraConfig(r=16)
)
trainer.train()
trainer.save_model("output/lora")
"""
MERGE_LORA: Final = """
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("models/base")
model = PeftModel.from_pretrained(base, "output/lora").merge_and_unload()
model.save_pretrained("output/merged")
"""
DRIVER: Final = """
import subprocess
import sys

subprocess.run([sys.executable, "code/sft.py", "--out", "output/sft"], check=True)
subprocess.run([sys.executable, "code/grpo.py", "output/sft", "output/rl"], check=True)
"""
BROKEN: Final = "import flash_attn_that_is_not_there\n" + TRL_GRPO


@known("sft", "sft", tier="A", real=True)
def trl_sft_with_its_log(story: Story) -> None:
    story.start(sft=TRL_SFT)
    story.ran(10, 40, "code/sft.py")
    story.log(15, 38, "output/sft/checkpoint-60/trainer_state.json", "loss", "mean_token_accuracy", "epoch")
    story.model(42, "output/sft", "s", written_s=39)
    story.submit(1, 43, "output/sft", "s")


@known("sft>grpo", "sft", "grpo", tier="A", real=True)
def trl_sft_then_grpo(story: Story) -> None:
    story.start(sft=TRL_SFT, grpo=TRL_GRPO)
    story.ran(10, 40, "code/sft.py", "--out", "output/warm")
    story.log(15, 38, "output/warm/trainer_state.json", "loss", "mean_token_accuracy")
    story.model(42, "output/warm", "s", written_s=39)
    story.ran(50, 90, "code/grpo.py", "output/warm", "output/rl")
    story.log(55, 88, "output/rl/trainer_state.json", "reward", "reward_std", "frac_reward_zero_std", "kl")
    story.model(92, "output/rl", "g", written_s=89)
    story.submit(1, 93, "output/rl", "g")


@known("sft>dpo", "sft", "dpo", tier="A", real=True)
def trl_sft_then_dpo(story: Story) -> None:
    story.start(sft=TRL_SFT, dpo=TRL_DPO)
    story.ran(10, 40, "code/sft.py")
    story.log(15, 38, "output/sft/trainer_state.json", "loss", "epoch")
    story.model(42, "output/sft", "s", written_s=39)
    story.ran(50, 90, "code/dpo.py")
    story.log(55, 88, "stdout", "loss", "rewards/chosen", "rewards/margins", "logps/rejected")
    story.model(92, "output/dpo", "d", written_s=89)
    story.submit(1, 93, "output/dpo", "d")


@known("sft", "sft", tier="B", merge="adapter", real=True)
def lora_that_is_merged(story: Story) -> None:
    story.start(lora=LORA, merge=MERGE_LORA)
    story.ran(10, 40, "code/lora.py")
    story.model(42, "output/lora", "l", written_s=39, adapter=True)
    story.ran(50, 60, "code/merge.py")
    story.model(62, "output/merged", "m", written_s=59)
    story.submit(1, 63, "output/merged", "m")


@known("sft>grpo", "sft", "grpo", tier="B", real=True)
def by_a_shell_script_whose_commands_were_seen(story: Story) -> None:
    story.start(
        session="set -e\npython code/sft.py\npython code/grpo.py output/sft output/rl\n",
        sft=TRL_SFT,
        grpo=TRL_GRPO,
    )
    story.ran(9, 91, "bash", "code/session.sh", pid=7)
    story.ran(10, 40, "code/sft.py", ppid=7)
    story.model(42, "output/sft", "s", written_s=39)
    story.ran(41, 90, "code/grpo.py", "output/sft", "output/rl", ppid=7)
    story.model(92, "output/rl", "g", written_s=89)
    story.submit(1, 93, "output/rl", "g")


@known("sft>grpo", "sft", "grpo", tier="B", real=True)
def by_a_shell_script_whose_commands_were_not_seen(story: Story) -> None:
    story.start(
        session="set -e\npython code/sft.py\npython code/grpo.py output/sft output/rl\n",
        sft=TRL_SFT,
        grpo=TRL_GRPO,
    )
    story.ran(9, 91, "bash", "code/session.sh", pid=7)
    story.model(92, "output/rl", "g", written_s=89)
    story.submit(1, 93, "output/rl", "g")


@known("sft>grpo", "sft", "grpo", tier="B", real=True)
def by_python_that_starts_python(story: Story) -> None:
    story.start(driver=DRIVER, sft=TRL_SFT, grpo=TRL_GRPO)
    story.ran(9, 91, "code/driver.py", pid=7)
    story.ran(10, 40, "code/sft.py", "--out", "output/sft", ppid=7)
    story.model(42, "output/sft", "s", written_s=39)
    story.ran(41, 90, "code/grpo.py", "output/sft", "output/rl", ppid=7)
    story.model(92, "output/rl", "g", written_s=89)
    story.submit(1, 93, "output/rl", "g")


@known("sft", "sft", tier="B", real=True)
def by_nohup(story: Story) -> None:
    """The shell is gone; the training belongs to process 1."""
    story.start(sft=TRL_SFT)
    story.step(9.5, "nohup python code/sft.py > train.log 2>&1 &", 9.7)
    story.ran(10, 40, "code/sft.py", ppid=1)
    story.model(42, "output/sft", "s", written_s=39)
    story.submit(1, 43, "output/sft", "s")


@known("sft", "sft", tier="B", real=True)
def by_tmux(story: Story) -> None:
    story.start(sft=TRL_SFT)
    story.ran(9, 99, "tmux", "new-session", "-d", "python code/sft.py", pid=7)
    story.ran(10, 40, "code/sft.py", ppid=7)
    story.model(42, "output/sft", "s", written_s=39)
    story.submit(1, 43, "output/sft", "s")


@known("sft", "sft", tier="B", real=True)
def by_make(story: Story) -> None:
    story.start(sft=TRL_SFT)
    story.ran(9, 41, "make", "train", pid=7)
    story.ran(9.5, 41, "/bin/sh", "-c", "python3 code/sft.py --out output/sft", pid=8, ppid=7)
    story.ran(10, 40, "code/sft.py", "--out", "output/sft", ppid=8)
    story.model(42, "output/sft", "s", written_s=39)
    story.submit(1, 43, "output/sft", "s")


@known("sft", "grpo", "sft", tier="B", real=True)
def a_broken_script_beside_one_that_works(story: Story) -> None:
    story.start(grpo=BROKEN, sft=TRL_SFT)
    story.ran(5, 6, "code/grpo.py", "models/base", "output/sft", exit_code=1)
    story.ran(10, 40, "code/sft.py")
    story.submit(1, 43, "output/sft", "s")


@known("sft>grpo", "sft", "grpo", tier="B", rules="typed", real=True)
def typed_in_one_line(story: Story) -> None:
    """An imported run: no process was seen, no artefact hashed."""
    story.start(sft=TRL_SFT, grpo=TRL_GRPO)
    story.step(10, "python code/sft.py && python code/grpo.py output/sft output/rl", 80, "ok")
    story.step(81, "cp -r output/rl output/final", 82, "")
    story.submit(1, 90, "output/final", "", 60.0)


@known("sft", "sft", tier="B", rules="typed", real=True)
def typed_into_a_here_document(story: Story) -> None:
    """The process reads its program from standard input, which nobody recorded; the step has the text."""
    story.start()
    story.step(9.8, f"python3 - <<'EOF'{TRL_SFT}EOF", 41, "saved")
    story.ran(10, 40, "python3", "-")
    story.model(42, "output/sft", "s", written_s=39)
    story.submit(1, 43, "output/sft", "s")


@known("sft>grpo", "sft", "grpo", tier="B", real=True)
def published_names_and_a_judge(story: Story) -> None:
    story.start(sft=TRL_SFT.replace("models/base", "someone/base"), grpo=TRL_GRPO)
    story.ran(10, 40, "code/sft.py")
    story.model(42, "output/sft", "s", written_s=39)
    story.ran(50, 90, "accelerate", "launch", "code/grpo.py", "output/sft", "output/rl", pid=70)
    story.ran(51, 90, "code/grpo.py", "output/sft", "output/rl", ppid=70)
    story.model(92, "output/rl", "g", written_s=89)
    story.submit(1, 93, "output/rl", "g")
