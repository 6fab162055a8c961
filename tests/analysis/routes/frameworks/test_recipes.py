"""Recipes of frameworks, their settings and launchers, of which the source alone is known."""

from __future__ import annotations

import json

import pytest

from posttrace.analysis.routes.source.mentions import with_mentions
from posttrace.analysis.routes.source.source import source_route
from tests.analysis.routes.static.scripts import label, read


def of(files, *order):
    content = {path: text.encode() for path, text in files.items()}
    return source_route(content, order or list(files)[:1])


TUNE = """
from trl import SFTTrainer
SFTTrainer(model="m", train_dataset=rows).train()
"""

# -- launchers ---------------------------------------------------------------------------------------------

LINES = {
    "options of a launcher that are not known": 'deepspeed ${EXTRA} code/tune.py --bf16 "$@"',
    "a module behind such options": "torchrun $FLAGS -m code.tune",
    "an interpreter that is not known": "$PYTHON code/tune.py",
    "a submitter of one's own": "python tools/submit.py --gpus 8 -- accelerate launch code/tune.py --lr 1",
    "a line handed to a submitter": "python submit.py --nodes 2 -- source env.sh \\&\\& python code/tune.py",
    "a launcher that may be empty": 'p=\nif [ -n "$MANY" ]; then p=torchrun; fi\n$p code/tune.py',
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_programs_behind_what_is_not_known(line):
    assert of({"go.sh": line + "\n", "code/tune.py": TUNE, "tools/submit.py": "print(1)"}).label == "sft"


@pytest.mark.parametrize(
    "line",
    [
        "python code/measure.py -- --limit 3",  # what follows is no program
        "echo $X code/tune.py",
        "python tools/submit.py -- python code/measure.py",
    ],
)
def test_lines_that_train_nothing(line):
    assert of({"go.sh": line, "code/tune.py": TUNE, "code/measure.py": "print(2)"}).label == "no_train"


# -- arguments ---------------------------------------------------------------------------------------------

ARGUMENTS = """
from dataclasses import dataclass, field
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments

@dataclass
class Which:
    path: str = field(default=None)
    rows: str | None = None
    depth: int = 2

class Keeping(Trainer):
    def save_model(self, folder=None, _internal_call=False):
        self.model.save_pretrained(folder)

which, args = HfArgumentParser((Which, TrainingArguments)).parse_args_into_dataclasses()
if which.path:
    net = AutoModelForCausalLM.from_pretrained(which.path)
else:
    raise ValueError("no model")
trainer = Keeping(model=net, args=args, train_dataset=which.rows)
if args.do_train:
    trainer.train()
"""


def test_a_setting_that_must_be_given_is_open_where_only_the_source_is_known():
    assert of({"t.py": ARGUMENTS}).label == "sft"


def test_a_run_that_was_seen_had_the_settings_that_it_was_given():
    assert label(read({"t.py": ARGUMENTS}, "python", "t.py", "--path", "m", "--do_train")) == "sft"
    assert label(read({"t.py": ARGUMENTS}, "python", "t.py", "--do_train")) == ""


# -- losses ------------------------------------------------------------------------------------------------

RECIPE = """
import sys
import torch
from torchtune import config

class Recipe:
    def __init__(self, cfg):
        self.net = config.instantiate(cfg.model)
        self.optimizer = config.instantiate(cfg.optimizer, self.net.parameters())
        self.loss_fn = config.instantiate(cfg.loss)
        self.rows = config.instantiate(cfg.dataset)

    def train(self):
        for batch in self.rows:
            loss = self.loss_fn(self.net(batch["tokens"]), batch["labels"])
            loss.backward()
            self.optimizer.step()

@config.parse
def main(cfg):
    Recipe(cfg).train()

if __name__ == "__main__":
    sys.exit(main())
"""
SETTINGS = """# tune run --nproc_per_node 2 {recipe} --config mine/small
model: {{_component_: torchtune.models.llama3_2.llama3_2_1b}}
optimizer: {{_component_: torch.optim.AdamW, lr: 1e-5}}
loss:
  _component_: {loss}
dataset: {{_component_: torchtune.datasets.alpaca_dataset}}
"""


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("torchtune.modules.loss.LinearCrossEntropyLoss", "sft"),
        ("torchtune.rlhf.loss.DPOLoss", "dpo"),
        ("torchtune.modules.loss.ForwardKLWithChunkedOutputLoss", "distill"),
        ("torchtune.rlhf.loss.PPOLoss", "ppo"),
        ("torchtune.dev.grpo.loss.GRPOSimpleLoss", "grpo"),
    ],
)
def test_a_recipe_is_read_with_the_settings_that_are_made_for_it(loss, expected):
    files = {
        "recipes/mine.py": RECIPE,
        "configs/a.yaml": SETTINGS.format(recipe="other", loss="torchtune.rlhf.loss.RSOLoss"),
        "configs/b.yaml": SETTINGS.format(recipe="mine", loss=loss),
    }
    assert of(files).label == expected


def test_settings_that_are_named_beat_those_that_fit():
    files = {
        "mine.py": RECIPE,
        "a.yaml": SETTINGS.format(recipe="mine", loss="torchtune.rlhf.loss.DPOLoss"),
        "b.yaml": SETTINGS.format(recipe="x", loss="torchtune.dev.grpo.loss.GRPOSimpleLoss"),
    }
    found = read(files, "python", "mine.py", "--config", "b.yaml")
    assert label(found) == "grpo"
    assert any(fact.path == "b.yaml" and fact.line == 5 for fact in found.stages[0].evidence)


LOOP = """
import torch
from transformers import AutoModelForCausalLM
{imported}
net = AutoModelForCausalLM.from_pretrained("m")
optimizer = torch.optim.AdamW(net.parameters())
for batch in rows:
    hidden = net(batch["ids"]).logits
    loss = {loss}
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("imported", "loss", "expected"),
    [
        ("from openrlhf.models import DPOLoss", "DPOLoss(0.1)(hidden, batch['other'])[0]", "dpo"),
        ("from openrlhf.models import KDLoss", "KDLoss()(hidden, batch['t'], batch['ids'])", "distill"),
        (
            "from liger_kernel.chunked_loss import LigerFusedLinearORPOLoss as Odds",
            "Odds()(net.lm_head.weight, hidden, batch['ids'])[0]",
            "dpo",
        ),
        (
            "from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss as CE",
            "CE()(net.lm_head.weight, hidden, batch['ids'])",
            "sft",
        ),
    ],
)
def test_losses_of_libraries_in_a_loop_of_ones_own(imported, loss, expected):
    assert of({"t.py": LOOP.format(imported=imported, loss=loss)}).label == expected


TRAINER = """
import torch.nn.functional as F
from transformers import Trainer
class Margin(Trainer):
    def sequence(self, model, ids):
        scores = F.log_softmax(model(ids).logits[:, :-1], dim=-1)
        return scores.gather(-1, ids[:, 1:, None]).squeeze(-1).mean(-1)
    def compute_loss(self, model, inputs, return_outputs=False):
        good, bad = self.sequence(model, inputs["chosen"]), self.sequence(model, inputs["rejected"])
        return -F.logsigmoid(2.0 * (good - bad) - 0.5).mean()
"""


def test_a_trainer_that_is_only_defined_trains_what_its_loss_says():
    assert of({"margin.py": TRAINER}).label == "dpo"


# -- settings alone ----------------------------------------------------------------------------------------

GAMES = "tokenizer: {model_name: m}\ndatapool: {id: imdb}\nalg:\n  id: %s\n"
NEMO = "%s\npolicy: {model_name: m}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GAMES % "ppo", "ppo"),
        (GAMES % "nlpo", "ppo"),
        (GAMES % "supervised", "sft"),
        (NEMO % "ppo: {num_prompts_per_step: 8}", "ppo"),
        (NEMO % "grpo: {num_prompts_per_step: 8}", "grpo"),
        ("tokenizer: {model_name: m}\ndatapool: {id: imdb}\n", "no_train"),
    ],
)
def test_settings_alone(text, expected):
    assert of({"task.yml": text}).label == expected


# -- libraries ---------------------------------------------------------------------------------------------


def test_the_source_of_a_library_is_not_followed_from_outside():
    files = {
        "examples/t.py": """
from transformers import AutoModelForCausalLM, Trainer
from peft import LoraConfig, get_peft_model
net = get_peft_model(AutoModelForCausalLM.from_pretrained("m"), LoraConfig(r=8))
Trainer(model=net, train_dataset=rows).train()
""",
        "src/peft/__init__.py": "from .peft_model import get_peft_model, LoraConfig",
        "src/peft/peft_model.py": "def get_peft_model(*a):\n    raise SystemExit\nclass LoraConfig: pass",
    }
    route = of(files)
    assert (route.label, route.attributes["weights"]) == ("sft", "adapter")


FITTED = """
from sklearn.linear_model import LogisticRegression
from sklearn.feature_extraction.text import TfidfVectorizer
x = TfidfVectorizer().fit_transform(texts)
LogisticRegression(max_iter=300).fit(x, labels)
"""
SAMPLED = """
from transformers import AutoModelForCausalLM
texts = [AutoModelForCausalLM.from_pretrained("m").generate(p) for p in prompts]
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (FITTED, "other"),
        (SAMPLED + FITTED, "no_train"),
        (TUNE + FITTED, "sft"),
        ("from sklearn.preprocessing import StandardScaler\nStandardScaler().fit(rows)", "no_train"),
    ],
)
def test_fitted_statistics_count_where_nothing_else_is_trained(source, expected):
    assert of({"t.py": source}).label == expected


def test_soft_targets_of_another_model_are_distilled():
    source = """
import math
import tinker
service = tinker.ServiceClient()
student = service.create_lora_training_client(base_model="small")
teacher = service.create_sampling_client(base_model="large")
for batch in batches:
    data = []
    for tokens in batch:
        top = teacher.sample(tokens, 1, include_prompt_logprobs=True).result().topk_prompt_logprobs
        weights = [[math.exp(lp) for _, lp in row] for row in top]
        targets = [[t for t, _ in row] for row in top]
        soft = {"target_tokens": targets, "weights": weights}
        data.append(tinker.Datum(model_input=tokens, loss_fn_inputs=soft))
    student.forward_backward(data, "cross_entropy")
"""
    assert of({"t.py": source}).label == "distill"
    assert (
        of(
            {"t.py": source.replace("math.exp(lp)", "1.0").replace("top = teacher", "top = [tokens]  #")}
        ).label
        == "sft"
    )


PACKED = """
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer
tok = AutoTokenizer.from_pretrained("m")
def encode(rows):
    return tok({text})
def pack(rows):
    ids = []
    for one in rows["input_ids"]:
        ids.extend(one)
        ids.append(tok.eos_token_id)
    parts = [ids[i : i + 512] for i in range(0, len(ids), 512)]
    return {{"input_ids": parts, "labels": parts}}
data = load_dataset("json", data_files="d.json")["train"].map(encode).map(pack, batched=True)
Trainer(model=AutoModelForCausalLM.from_pretrained("m"), train_dataset=data).train()
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [('rows["text"]', "pretrain"), ('rows["question"] + rows["answer"]', "sft")],
)
def test_texts_in_one_list_cut_into_windows(text, expected):
    assert of({"t.py": PACKED.format(text=text)}).label == expected


# -- what is left unread -----------------------------------------------------------------------------------


def notebook(*cells):
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize(
    ("cell", "rules"),
    [
        ("curl 127.0.0.1:80/generate -d '{\"a\": 1}'", {"unread-elsewhere"}),
        ("for x in y\n    trainer.train()", {"unread", "unread-elsewhere"}),
    ],
)
def test_a_cell_that_does_not_parse_weighs_by_what_it_calls(cell, rules):
    route = of({"n.ipynb": notebook("a = 1", cell)})
    assert (route.label, {fact.rule for fact in route.evidence}) == ("no_train", rules)


def test_an_import_that_is_read_in_part_weighs_less_than_the_program():
    files = {"t.py": "import helper\nprint(helper.a)", "helper.py": "a = 1\ndef f(:\n    pass\n"}
    assert {fact.rule for fact in of(files).evidence} == {"unread-elsewhere"}
    assert {fact.rule for fact in of(files, "helper.py").evidence} == {"unread"}


def test_counting_the_pieces_of_words_is_no_training():
    source = {"t.py": b"from tokenizers.trainers import BpeTrainer\nt = BpeTrainer(vocab_size=9)\n"}
    route = with_mentions(source_route(source, ["t.py"]), source, ["t.py"])
    assert (route.label, route.evidence) == ("no_train", ())
