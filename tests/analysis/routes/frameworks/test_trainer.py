"""The plain trainer of transformers: model, data and overridden losses decide what it trains."""

from __future__ import annotations

import pytest

from tests.analysis.routes.static.scripts import read

HEAD = """
import os
import torch
from datasets import Dataset, load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
base = os.environ["MODEL_PATH"]
tok = AutoTokenizer.from_pretrained(base)
rows = load_dataset("json", data_files="data/train.jsonl")["train"]
args = TrainingArguments(output_dir="output/run", learning_rate=1e-5)
"""
CAUSAL = "net = AutoModelForCausalLM.from_pretrained(base)\n"


def one(tail, head=HEAD):
    (stage,) = read({"code/t.py": head + tail}, "python", "code/t.py").stages
    return stage


TOLD = {
    "prompts with answers": (
        CAUSAL
        + """
def encode(row):
    text = f"### {row['question']}\\n{row['answer']}"
    ids = tok(text)["input_ids"]
    return {"input_ids": ids, "labels": ids}
Trainer(model=net, args=args, train_dataset=rows.map(encode)).train()
""",
        "sft",
    ),
    "windows over the borders of records": (
        CAUSAL
        + """
from itertools import chain
size = 512
def encode(batch):
    return tok(batch["text"])
def pack(batch):
    joined = {k: list(chain(*batch[k])) for k in batch.keys()}
    total = len(joined["input_ids"]) // size * size
    return {k: [v[i : i + size] for i in range(0, total, size)] for k, v in joined.items()}
data = rows.map(encode, batched=True).map(pack, batched=True)
Trainer(net, args, train_dataset=data).train()
""",
        "pretrain",
    ),
    "a public corpus": (
        CAUSAL
        + """
corpus = load_dataset("Salesforce/wikitext", "wikitext-103-raw-v1")
Trainer(model=net, args=args, train_dataset=corpus["train"].map(lambda r: tok(r["text"]))).train()
""",
        "pretrain",
    ),
    "a classification head": (
        """
from transformers import AutoModelForSequenceClassification
net = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
Trainer(model=net, args=args, train_dataset=rows.map(lambda r: tok(r["text"]))).train()
""",
        "other",
    ),
    "adapters around a model": (
        CAUSAL
        + """
from peft import LoraConfig, get_peft_model
net = get_peft_model(net, LoraConfig(task_type="CAUSAL_LM"))
Trainer(model=net, args=args, train_dataset=rows).train()
""",
        "sft",
    ),
    "sequence to sequence": (
        """
from transformers import AutoModelForSeq2SeqLM, Seq2SeqTrainer, Seq2SeqTrainingArguments
net = AutoModelForSeq2SeqLM.from_pretrained("t5-small")
t = Seq2SeqTrainer(model=net, args=Seq2SeqTrainingArguments("output/x"), train_dataset=rows)
t.train()
""",
        "sft",
    ),
    "masked language modelling": (
        """
from transformers import AutoModelForMaskedLM, DataCollatorForLanguageModeling
net = AutoModelForMaskedLM.from_pretrained(base)
Trainer(net, args, DataCollatorForLanguageModeling(tok), rows).train()
""",
        "pretrain",
    ),
    "pairs of scores": (
        """
from transformers import AutoModelForSequenceClassification
class Pairwise(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        good = model(input_ids=inputs["ids_j"], attention_mask=inputs["mask_j"])[0]
        bad = model(input_ids=inputs["ids_k"], attention_mask=inputs["mask_k"])[0]
        loss = -torch.nn.functional.logsigmoid(good - bad).mean()
        return (loss, {"good": good}) if return_outputs else loss
net = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
Pairwise(model=net, args=args, train_dataset=rows).train()
""",
        "reward_model",
    ),
    "a teacher": (
        CAUSAL
        + """
teacher = AutoModelForCausalLM.from_pretrained("models/teacher")
class Match(Trainer):
    def __init__(self, *given, teacher=None, **named):
        super().__init__(*given, **named)
        self.teacher = teacher
    def compute_loss(self, model, inputs, return_outputs=False):
        mine = model(**inputs)
        with torch.no_grad():
            theirs = self.teacher(**inputs)
        soft = torch.nn.functional.softmax(theirs.logits / 2.0, dim=-1)
        loss = torch.nn.functional.kl_div(
            torch.nn.functional.log_softmax(mine.logits / 2.0, dim=-1), soft, reduction="batchmean"
        )
        return 0.5 * mine.loss + 0.5 * loss
Match(model=net, args=args, train_dataset=rows, teacher=teacher).train()
""",
        "distill",
    ),
    "a loss that is logged": (
        CAUSAL
        + """
class Logged(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        loss = super().compute_loss(model, inputs)
        print(float(loss))
        return loss
Logged(model=net, args=args, train_dataset=rows).train()
""",
        "sft",
    ),
    "a weighted likelihood": (
        CAUSAL
        + """
class Weighted(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        labels = inputs.pop("labels")
        logits = model(**inputs).logits
        each = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(),
                                                 reduction="none")
        return (each * 2.0).mean()
Weighted(model=net, args=args, train_dataset=rows).train()
""",
        "sft",
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_a_plain_trainer_trains(case):
    tail, expected = TOLD[case]
    assert one(tail).objective == expected


def test_adapters_are_told():
    assert one(TOLD["adapters around a model"][0]).attributes["weights"] == "adapter"


SELECTED = """
from vllm import LLM, SamplingParams
from trl import SFTConfig, SFTTrainer
asker = LLM(model={generator})
outs = asker.generate([r["question"] for r in rows], SamplingParams(n=8, temperature=1.0))
kept = []
for row, out in zip(rows, outs):
    for one in out.outputs:
        if row["answer"] in one.text:
            kept.append({{"prompt": row["question"], "completion": one.text}})
SFTTrainer(model=base, args=SFTConfig(output_dir="output/x"), train_dataset=Dataset.from_list(kept)).train()
"""


def test_samples_of_the_model_itself_that_were_kept_for_what_they_are_worth():
    stage = one(SELECTED.format(generator="base"))
    assert (stage.objective, stage.attributes["data"]) == ("rft", "self+filter")


def test_samples_of_another_model():
    stage = one(SELECTED.format(generator="'Qwen/Qwen2.5-72B-Instruct'"))
    assert (stage.objective, stage.attributes["data"]) == ("sft", "teacher")


def test_answers_of_a_service():
    tail = """
from openai import OpenAI
from trl import SFTTrainer
client = OpenAI()
data = []
for row in rows:
    said = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": row["q"]}])
    data.append({"prompt": row["q"], "completion": said.choices[0].message.content})
SFTTrainer(model=base, train_dataset=Dataset.from_list(data)).train()
"""
    stage = one(tail)
    assert (stage.objective, stage.attributes["data"]) == ("sft", "teacher")


def test_a_subclass_that_trains_in_a_method_of_its_own():
    tail = """
from trl import GRPOTrainer
class Mine(GRPOTrainer):
    def __init__(self, model, **named):
        super().__init__(model=model, reward_funcs=[self.score], **named)
    def score(self, completions, **kw):
        return [float(len(c)) for c in completions]
    def train(self, *given, **named):
        print("start")
        return super().train(*given, **named)
Mine(base, args=None, train_dataset=rows).train()
"""
    assert one(tail).objective == "grpo"


def test_a_model_of_the_workspace_that_computes_its_loss():
    tail = """
class Scorer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = AutoModelForCausalLM.from_pretrained(base).model
        self.head = torch.nn.Linear(64, 1)
    def forward(self, chosen, rejected):
        good = self.head(self.body(chosen)[0][:, -1])
        bad = self.head(self.body(rejected)[0][:, -1])
        return {"loss": -torch.nn.functional.logsigmoid(good - bad).mean(), "good": good}
Trainer(model=Scorer(), args=args, train_dataset=rows).train()
"""
    assert one(tail).objective == "reward_model"


def test_the_frameworks_own_source_is_not_followed():
    files = {
        "trl/__init__.py": "from .trainer.sft_trainer import SFTTrainer",
        "trl/trainer/__init__.py": "",
        "trl/trainer/sft_trainer.py": "class SFTTrainer:\n    def train(self):\n        raise SystemExit",
        "examples/run.py": "from trl import SFTTrainer\nSFTTrainer(model='m').train()",
    }
    (stage,) = read(files, "python", "examples/run.py").stages
    assert stage.objective == "sft"
    assert stage.evidence[0].path == "examples/run.py"


def test_a_weight_on_given_tokens_is_no_policy_gradient():
    tail = (
        CAUSAL
        + """
from trl import SFTTrainer
class Scaled(SFTTrainer):
    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        logits = model(inputs["ids"]).logits
        picked = torch.log_softmax(logits, -1).gather(-1, inputs["labels"][..., None])[..., 0]
        share = inputs["value"] - inputs["value"].mean()
        return -(share * picked).mean()
Scaled(model=net, args=args, train_dataset=rows).train()
"""
    )
    assert one(tail).objective == "sft"
