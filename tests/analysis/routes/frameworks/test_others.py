"""Frameworks other than those of Hugging Face: small programs as their documentation has them."""

from __future__ import annotations

import pytest

from tests.analysis.routes.static.scripts import label, read

PROGRAMS = {
    "lightning language model": (
        """
import lightning as L
import torch
from transformers import AutoModelForCausalLM
class Tuner(L.LightningModule):
    def __init__(self, path):
        super().__init__()
        self.lm = AutoModelForCausalLM.from_pretrained(path)
    def training_step(self, batch, index):
        loss = self.lm(input_ids=batch["ids"], labels=batch["labels"]).loss
        self.log("train", loss)
        return loss
    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-5)
L.Trainer(max_epochs=1).fit(Tuner("m"), [])
""",
        "sft",
    ),
    "keras classifier": (
        """
import tensorflow as tf
net = tf.keras.Sequential([tf.keras.layers.Dense(8), tf.keras.layers.Dense(2)])
net.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
net.fit(x, y, epochs=3)
""",
        "other",
    ),
    "keras language model": (
        """
import keras_hub
lm = keras_hub.models.GemmaCausalLM.from_preset("gemma_2b_en")
lm.backbone.enable_lora(rank=4)
lm.compile(optimizer="adamw")
lm.fit(data, epochs=1, batch_size=1)
""",
        "sft",
    ),
    "tinker supervised": (
        """
import tinker
from tinker import types
service = tinker.ServiceClient()
client = service.create_lora_training_client(base_model="Qwen/Qwen3-8B", rank=32)
for batch in batches:
    step = client.forward_backward(batch, "cross_entropy")
    client.optim_step(types.AdamParams(learning_rate=1e-4)).result()
    step.result()
""",
        "sft",
    ),
    "tinker recipe": (
        """
import asyncio
from tinker_cookbook.rl import train
asyncio.run(train.main(train.Config(model_name="m", log_path="/tmp/x")))
""",
        "grpo",
    ),
    "trlx by its arguments": (
        """
import trlx
trlx.train("gpt2", reward_fn=lambda samples, **kw: [len(s) for s in samples], prompts=["a"])
""",
        "ppo",
    ),
    "trlx by its method": (
        """
from trlx import train
from trlx.data.configs import TRLConfig
from trlx.data.default_configs import default_ilql_config
config = TRLConfig.update(default_ilql_config().to_dict(), {"train.seq_length": 64})
train(samples=texts, rewards=scores, config=config)
""",
        "other",
    ),
    "trlx supervised": ("import trlx\ntrlx.train('gpt2', samples=['a', 'b'])", "sft"),
    "sentence embeddings": (
        """
from sentence_transformers import InputExample, SentenceTransformer, losses
net = SentenceTransformer("all-MiniLM-L6-v2")
net.fit(train_objectives=[(loader, losses.CosineSimilarityLoss(net))], epochs=1)
""",
        "other",
    ),
    "agents that are trained on what they did": (
        """
import art
from art.local import LocalBackend
model = art.TrainableModel(name="a", project="p", base_model="Qwen/Qwen2.5-7B-Instruct")
async def main():
    await model.register(LocalBackend())
    for step in range(10):
        groups = await art.gather_trajectory_groups(play(model) for _ in range(4))
        await model.train(groups, config=art.TrainConfig(learning_rate=1e-5))
import asyncio
asyncio.run(main())
""",
        "grpo",
    ),
    "verifiers": (
        """
import verifiers as vf
env = vf.load_environment("wordle")
model, tok = vf.get_model_and_tokenizer("m")
trainer = vf.GRPOTrainer(model=model, processing_class=tok, env=env, args=vf.grpo_defaults(run_name="w"))
trainer.train()
""",
        "grpo",
    ),
    "a tuning service": (
        """
from openai import OpenAI
client = OpenAI()
file = client.files.create(file=open("d.jsonl", "rb"), purpose="fine-tune")
job = client.fine_tuning.jobs.create(
    model="gpt-4o-mini", training_file=file.id, method={"type": "dpo", "dpo": {"beta": 0.1}}
)
""",
        "dpo",
    ),
    "asking a service": (
        """
from openai import OpenAI
client = OpenAI()
print(client.chat.completions.create(model="gpt-4o", messages=[]))
""",
        "",
    ),
    "games": (
        """
import gymnasium as gym
from stable_baselines3 import PPO
PPO("MlpPolicy", gym.make("CartPole-v1")).learn(total_timesteps=1000)
""",
        "ppo",
    ),
    "a factory of another package": (
        """
from llamafactory.train.tuner import run_exp
run_exp({"stage": "dpo", "do_train": True, "model_name_or_path": "m", "output_dir": "o"})
""",
        "dpo",
    ),
    "swift": (
        """
from swift.llm import RLHFArguments, rlhf_main
rlhf_main(RLHFArguments(rlhf_type="kto", model="m"))
""",
        "dpo",
    ),
    "statistics": (
        """
from sklearn.feature_extraction.text import TfidfVectorizer
TfidfVectorizer().fit(["a b", "c"])
""",
        "",
    ),
    "unsloth": (
        """
from unsloth import FastLanguageModel, unsloth_train
from unsloth.chat_templates import train_on_responses_only
from trl import SFTConfig, SFTTrainer
net, tok = FastLanguageModel.from_pretrained("unsloth/Qwen3-4B")
net = FastLanguageModel.get_peft_model(net, r=16)
trainer = SFTTrainer(model=net, tokenizer=tok, train_dataset=data, args=SFTConfig(max_steps=60))
trainer = train_on_responses_only(trainer, instruction_part="<u>", response_part="<a>")
stats = unsloth_train(trainer)
""",
        "sft",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_of_a_framework(name):
    source, expected = PROGRAMS[name]
    assert label(read({"t.py": source}, "python", "t.py")) == expected


ROLLOUTS = """
import tinker
from tinker import types
service = tinker.ServiceClient()
client = service.create_lora_training_client(base_model="m")
for questions in batches:
    sampler = client.save_weights_and_get_sampling_client()
    data = []
    for row in questions:
        drawn = sampler.sample(prompt=row["prompt"], num_samples=8, sampling_params=None).result()
        rewards = [float(row["answer"] in tok.decode(s.tokens)) for s in drawn.sequences]
        mean = sum(rewards) / len(rewards)
        for one, reward in zip(drawn.sequences, rewards):
            weights = [{advantage}] * len(one.tokens)
            given = {{"target_tokens": one.tokens, "logprobs": one.logprobs, "advantages": weights}}
            data.append(types.Datum(model_input=row["prompt"], loss_fn_inputs=given))
    client.forward_backward(data, loss_fn="{loss}")
    client.optim_step(types.AdamParams(learning_rate=1e-5))
"""


@pytest.mark.parametrize(("advantage", "expected"), [("reward - mean", "grpo"), ("reward", "reinforce")])
@pytest.mark.parametrize("loss", ["importance_sampling", "ppo"])
def test_what_is_subtracted_from_rewards_decides_where_a_library_is_given_advantages(
    advantage, expected, loss
):
    source = ROLLOUTS.format(advantage=advantage, loss=loss)
    assert label(read({"t.py": source}, "python", "t.py")) == expected


def test_a_loss_that_is_given_to_a_library():
    source = """
import tinker
import torch
client = tinker.ServiceClient().create_lora_training_client(base_model="m")
def margin(data, logprobs):
    good = torch.stack([lp.sum() for lp in logprobs[::2]])
    bad = torch.stack([lp.sum() for lp in logprobs[1::2]])
    return -torch.nn.functional.logsigmoid(0.1 * (good - bad - offset)).mean(), {}
for pairs in batches:
    client.forward_backward_custom(pairs, margin).result()
    client.optim_step(None)
"""
    assert label(read({"t.py": source}, "python", "t.py")) == "dpo"


def test_a_framework_whose_source_lies_below_another_folder():
    files = {
        "src/art/__init__.py": "from .model import TrainableModel",
        "src/art/model.py": "class TrainableModel:\n    def train(self, groups): raise SystemExit",
        "examples/play.py": """
import art
model = art.TrainableModel(base_model="m")
model.train(groups)
""",
    }
    assert label(read(files, "python", "examples/play.py")) == "grpo"


def test_a_package_of_the_same_name_that_is_none_is_followed():
    files = {
        "art/__init__.py": "class TrainableModel:\n    def train(self, groups):\n        return groups",
        "play.py": "import art\nart.TrainableModel().train([])",
    }
    assert label(read(files, "python", "play.py")) == ""
