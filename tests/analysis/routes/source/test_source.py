"""The route of one listed file: a script, or a library that nothing calls."""

from __future__ import annotations

import pytest

from posttrace.analysis.routes.source.source import source_route

LOADED = """import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
import torch.nn.functional as F
"""
IMITATE = """
def imitate(net, tok, rows, optimizer):
    for row in rows:
        ids = tok(row["prompt"] + row["answer"], return_tensors="pt").input_ids
        loss = F.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
"""
REINFORCE = """
def reinforce(net, tok, rows, optimizer):
    for row in rows:
        ids = tok(row["prompt"], return_tensors="pt").input_ids
        out = net.generate(ids, do_sample=True, num_return_sequences=4)
        r = torch.tensor([float(row["answer"] in tok.decode(o)) for o in out])
        lp = torch.log_softmax(net(out).logits[:, :-1], -1).gather(-1, out[:, 1:, None]).sum((1, 2))
        (-(r - r.mean()) * lp).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
"""
START = """
def start(source):
    net = AutoModelForCausalLM.from_pretrained(source)
    rows = [json.loads(line) for line in open("data.jsonl")]
    return net, AutoTokenizer.from_pretrained(source), rows, torch.optim.AdamW(net.parameters())
"""


def script(job, source="base", target="out"):
    return (
        LOADED
        + IMITATE
        + REINFORCE
        + START
        + f"net, tok, rows, optimizer = start({source!r})\n{job}(net, tok, rows, optimizer)\n"
        + f"net.save_pretrained({target!r})\n"
    )


def route(order, **files):
    content = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return source_route(content, order)


def test_a_script():
    found = route(["a.py"], a__py=script("imitate"))
    assert (found.label, found.tier, found.coarse) == ("sft", "C", "SFT")
    assert "launch" not in found.attributes
    assert {fact.path for fact in found.evidence} == {"a.py"}


# -- libraries ---------------------------------------------------------------------------------------------

LIBRARIES = {
    "a function": (LOADED + IMITATE, "sft"),
    "a function of a class": (
        LOADED + "class Tuner:\n    def __init__(self, net, tok, rows, optimizer):\n"
        "        self.net, self.tok, self.rows, self.optimizer = net, tok, rows, optimizer\n"
        "    def fit(self):\n        for row in self.rows:\n            self.one(row)\n"
        "    def one(self, row):\n"
        "        ids = self.tok(row['prompt'] + row['answer'], return_tensors='pt').input_ids\n"
        "        loss = F.cross_entropy(self.net(ids).logits[0, :-1], ids[0, 1:])\n"
        "        loss.backward(); self.optimizer.step(); self.optimizer.zero_grad()\n"
        "    def evaluate(self):\n        self.net.eval()\n        self.net.train()\n",
        "sft",
    ),
    "an entry with settings": (
        LOADED
        + REINFORCE
        + "def main(config):\n    reinforce(config.net, config.tok, config.rows, config.optimizer)\n",
        "grpo",
    ),
    "a command": (
        LOADED + IMITATE + "import click\n@click.command()\n@click.option('--x')\n"
        "def run(x):\n    imitate(x.net, x.tok, x.rows, x.optimizer)\n",
        "sft",
    ),
    "a guard that is false": (
        LOADED
        + IMITATE
        + "def main(a):\n    imitate(a, a, a, a)\nif __name__ == '__nobody__':\n    main(1)\n",
        "sft",
    ),
    "a subclass of a trainer": (
        "import torch\nimport torch.nn.functional as F\nfrom transformers import Trainer\n"
        "class Mine(Trainer):\n    def compute_loss(self, model, inputs, return_outputs=False):\n"
        "        logits = model(inputs['input_ids']).logits\n"
        "        good, bad = (torch.log_softmax(l, -1).gather(-1, "
        "inputs['ids'][..., None]).sum() for l in logits)\n"
        "        return -F.logsigmoid(0.1 * (good - bad))\n",
        "dpo",
    ),
    "a step of lightning": (
        "import torch.nn.functional as F\nimport lightning as L\n"
        "class Net(L.LightningModule):\n    def __init__(self, model):\n"
        "        super().__init__()\n        self.model = model\n"
        "    def training_step(self, batch, batch_idx):\n"
        "        logits = self.model(batch['input_ids']).logits\n"
        "        return F.cross_entropy(logits[:, :-1].flatten(0, 1), batch['labels'][:, 1:].flatten())\n",
        "sft",
    ),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_a_library_would_train(name):
    text, expected = LIBRARIES[name]
    found = route(["lib.py"], lib__py=text)
    assert found.label == expected
    assert found.attributes["launch"] == "present"


def test_what_runs_comes_before_what_could_run():
    text = (
        LOADED
        + IMITATE
        + REINFORCE
        + START
        + "def main():\n    reinforce(*start('base'))\nimitate(*start('base'))\n"
    )
    assert route(["a.py"], a__py=text).label == "sft"


def test_a_library_of_several_trainings_leaves_open_which():
    found = route(["lib.py"], lib__py=LOADED + IMITATE + REINFORCE)
    assert found.label == "unknown"
    assert set(found.candidates) == {"sft", "grpo"}
    leading = LOADED + IMITATE + REINFORCE + "def main(a):\n    reinforce(a, a, a, a)\n"
    assert route(["lib.py"], lib__py=leading).label == "grpo"


def test_a_class_behind_a_branch_whose_arguments_must_be_given():
    text = (
        "from trl import DPOTrainer\nfrom somewhere import available\nif available():\n    import other\n"
        "class Mine(DPOTrainer):\n    def __init__(self, model=None, args=None, tokenizer=None):\n"
        "        if tokenizer is None:\n            raise ValueError('tokenizer')\n"
        "        super().__init__(model=model, args=args, processing_class=tokenizer)\n"
    )
    assert route(["lib.py"], lib__py=text).label == "dpo"
    text = (
        LOADED
        + "import somewhere\nif somewhere.x:\n    y = 1\n"
        + IMITATE.replace("optimizer)", "optimizer=None)")
    )
    assert route(["lib.py"], lib__py=text).label == "sft"


USELESS = {
    "rewards": "import re\ndef reward(completions, answer):\n"
    "    return [float(a in c) for c, a in zip(completions, answer)]\n",
    "data": "from torch.utils.data import Dataset\nclass Rows(Dataset):\n"
    "    def __init__(self, rows): self.rows = rows\n"
    "    def __getitem__(self, i): return self.rows[i]\n    def __len__(self): return len(self.rows)\n",
    "evaluation": LOADED + "def evaluate(net, tok, rows):\n    net.eval()\n    with torch.no_grad():\n"
    "        ids = tok(rows[0]['prompt'], return_tensors='pt').input_ids\n"
    "        loss = net(ids, labels=ids).loss\n"
    "    return loss.item()\ndef train_test_split(rows):\n    return rows[:9], rows[9:]\n",
    "a loss alone": LOADED + "class GRPOLoss(torch.nn.Module):\n    def forward(self, lp, old, adv):\n"
    "        return -(torch.exp(lp - old) * adv).mean()\n",
    "a stub": "from trl import GRPOTrainer, GRPOConfig\ndef train(config):\n    raise NotImplementedError\n",
    "settings": "from trl import SFTConfig\ndef config():\n    return SFTConfig(output_dir='x')\n",
    "generation": LOADED + "def sample(net, tok, prompts):\n"
    "    return [net.generate(tok(p, return_tensors='pt').input_ids) for p in prompts]\n",
}


@pytest.mark.parametrize("name", USELESS)
def test_what_trains_nothing_however_it_is_called(name):
    assert route(["lib.py"], lib__py=USELESS[name]).label == "no_train"
