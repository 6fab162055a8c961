"""Which code a command reaches: its arguments, its environment, what it starts, and what is dead."""

from __future__ import annotations

import pytest

from tests.analysis.routes.static.scripts import ENV, label, read, script

SETUP = """
import json, os, sys
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tok = AutoTokenizer.from_pretrained("models/base")
net = AutoModelForCausalLM.from_pretrained("models/base")
opt = torch.optim.AdamW(net.parameters(), lr=1e-5)
rows = [json.loads(line) for line in open("data/train.jsonl")]

def imitate():
    for row in rows:
        ids = tok(row["prompt"] + row["completion"], return_tensors="pt").input_ids
        loss = torch.nn.functional.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
        loss.backward(); opt.step(); opt.zero_grad()

def reinforce():
    for row in rows:
        ids = tok(row["prompt"], return_tensors="pt").input_ids
        out = net.generate(ids, do_sample=True, num_return_sequences=4)
        r = torch.tensor([float(row["completion"] in tok.decode(o)) for o in out])
        lp = torch.log_softmax(net(out).logits[:, :-1], -1).gather(-1, out[:, 1:, None]).sum((1, 2))
        (-(r - r.mean()) * lp).mean().backward(); opt.step(); opt.zero_grad()
"""


def run(tail: str, *options: str, env=ENV):
    return read({"code/t.py": SETUP + tail}, "python", "code/t.py", *options, env=env)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("imitate()", "sft"),
        ("reinforce()", "grpo"),
        ("imitate()\nreinforce()", "sft>grpo"),
        ("reinforce()\nimitate()", "grpo>sft"),
        ("", ""),
        ("if False:\n    reinforce()\nimitate()", "sft"),
        ("imitate()\nsys.exit(0)\nreinforce()", "sft"),
        ("imitate()\nraise SystemExit\nreinforce()", "sft"),
        ("def main():\n    imitate()\n    return\n    reinforce()\nmain()", "sft"),
        ("if __name__ == '__main__':\n    reinforce()", "grpo"),
        ("for stage in (imitate, reinforce):\n    stage()", "sft>grpo"),
        ("JOBS = {'a': imitate, 'b': reinforce}\nJOBS['b']()", "grpo"),
        ("class T:\n    def fit(self): reinforce()\nT().fit()", "grpo"),
        ("getattr(sys.modules, 'x', None)\ntry:\n    imitate()\nfinally:\n    pass", "sft"),
        ("match 'rl':\n    case 'sft':\n        imitate()\n    case 'rl':\n        reinforce()", "grpo"),
        ("while True:\n    imitate()\n    break\nreinforce()", "sft>grpo"),
        ("def job(): yield reinforce()\nlist(job())", "grpo"),
        ('"""reinforce()"""\n# reinforce()\nprint("reinforce()")', ""),
    ],
)
def test_only_what_runs_counts(tail, expected):
    assert label(run(tail)) == expected


ARGPARSE = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--mode", choices=["sft", "rl"], default="sft")
p.add_argument("--skip-first", action="store_true")
p.add_argument("--out", default="output/x")
a = p.parse_args()
if a.mode == "rl":
    reinforce()
elif not a.skip_first:
    imitate()
net.save_pretrained(f"{a.out}/final")
"""


@pytest.mark.parametrize(
    ("options", "expected", "written"),
    [
        ((), "sft", "output/x/final"),
        (("--mode", "rl", "--out", "output/r"), "grpo", "output/r/final"),
        (("--mode=rl",), "grpo", "output/x/final"),
        (("--skip-first",), "", "output/x/final"),
        (("--out", "/ws/output/abs"), "sft", "output/abs/final"),
        (("--out", "/elsewhere"), "sft", "/elsewhere/final"),
    ],
)
def test_the_arguments_decide(options, expected, written):
    reading = run(ARGPARSE, *options)
    assert label(reading) == expected
    assert [io.path for io in reading.io if io.kind == "write"] == [written]


def test_the_environment_decides():
    tail = "reinforce() if os.environ['TASK'] == 'spell' else imitate()"
    assert label(run(tail)) == "grpo"
    assert label(run(tail, env={**ENV, "TASK": "style"})) == "sft"


def test_what_cannot_be_decided_counts_both_ways_and_says_so():
    reading = run("if os.environ.get('NOBODY_RECORDED_THIS') == '1':\n    reinforce()\nelse:\n    imitate()")
    assert {stage.objective for stage in reading.stages} == {"grpo", "sft"}
    assert {stage.attributes["certain"] for stage in reading.stages} == {"no"}
    assert "certain" not in run("imitate()").stages[0].attributes


def test_stages_and_checkpoints_are_in_order():
    reading = run("imitate()\nnet.save_pretrained('output/a')\nreinforce()\nnet.save_pretrained('output/b')")
    assert label(reading) == "sft>grpo"
    assert [(io.kind, io.path, io.begun) for io in reading.io] == [
        ("read", "models/base", 0),
        ("write", "output/a", 1),
        ("write", "output/b", 2),
    ]


FORMS = {
    "module": ("python", "-m", "code.t"),
    "text": ("python", "-c", "import sys; sys.path.insert(0, 'code'); import t"),
    "absolute": ("/opt/py/bin/python3.11", "-u", "/ws/code/t.py"),
    "shell": ("bash", "code/go.sh", "grpo"),
    "shell text": ("bash", "-c", "cd code && WANDB_MODE=off nohup python t.py > log.txt 2>&1"),
    "subprocess": ("python", "code/start.py"),
}


@pytest.mark.parametrize("form", FORMS)
def test_ways_to_launch(form):
    files = {
        "code/t.py": SETUP + "reinforce()",
        "code/go.sh": 'set -e\nname="$1"\nif [ -n "$name" ]; then\n'
        '  python \\\n    "code/t.py" --run "${name}"\nfi\n',
        "code/start.py": "import subprocess, sys\n"
        "subprocess.run([sys.executable, 'code/t.py'], check=True)\n",
    }
    assert label(read(files, *FORMS[form])) == "grpo"


def test_a_shell_script_copies():
    files = {"go.sh": "src=models/base\ncp -r $src output/again\nmv output/again output/final # a comment\n"}
    reading = read(files, "bash", "go.sh")
    assert [(io.kind, io.sources, io.path) for io in reading.io] == [
        ("copy", ("models/base",), "output/again"),
        ("copy", ("output/again",), "output/final"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python a.py || exit 1\npython b.py", "sft>grpo"),
        ("python a.py\nexit\npython b.py", "sft"),
        ("if [ -f x ]; then\n  exit 1\nfi\npython b.py", "grpo"),
        ("python a.py && python b.py", "sft>grpo"),
    ],
)
def test_what_a_shell_script_goes_on_with(line, expected):
    files = {"go.sh": line, "a.py": SETUP + "imitate()", "b.py": SETUP + "reinforce()"}
    assert label(read(files, "bash", "go.sh")) == expected


def test_imports_are_found_beside_the_script_in_packages_and_relative_ones():
    files = {
        "code/go.py": "from lib.core import train\ntrain()",
        "code/lib/__init__.py": "",
        "code/lib/core.py": "from .inner import imitate as train",
        "code/lib/inner.py": SETUP,
        "code/unused.py": SETUP + "reinforce()",
    }
    assert label(read(files, "python", "code/go.py")) == "sft"


def test_a_perturbed_copy_trains_nothing():
    source = """
import numpy as np
from safetensors.numpy import load_file, save_file
w = load_file("models/base/model.safetensors")
rng = np.random.default_rng(0)
for i in range(4):
    noisy = {k: v + 1e-3 * rng.standard_normal(v.shape) for k, v in w.items()}
    save_file(noisy, f"output/t{i}/model.safetensors")
"""
    reading = read({"a.py": source}, "python", "a.py")
    assert reading.stages == ()
    assert [(io.kind, io.path) for io in reading.io] == [("read", "models/base"), ("write", "output/t*")]


def test_a_model_whose_source_is_missing_is_unknown():
    source = """
import numpy as np
from mynet import Net, Optimiser
net = Net.load("models/base")
opt = Optimiser(net.weights)
for step in range(10):
    scores, tape = net.log_probs(np.zeros((4, 8), int))
    opt.step(net.backward(tape, -np.ones((4, 7)) / 28))
"""
    reading = read({"a.py": source}, "python", "a.py")
    assert [stage.objective for stage in reading.stages] == ["unknown"]


def test_a_file_of_samples_is_reported():
    source = (
        SETUP
        + """
with open("output/kept.jsonl", "w") as f:
    for row in rows:
        out = net.generate(tok(row["prompt"], return_tensors="pt").input_ids, do_sample=True)
        if row["completion"] in tok.decode(out[0]):
            f.write(json.dumps({"text": tok.decode(out[0])}) + "\\n")
"""
    )
    reading = read({"a.py": source}, "python", "a.py")
    assert [(file.path, file.models) for file in reading.sampled] == [("output/kept.jsonl", ("models/base",))]
    assert reading.stages == ()


def test_two_modes_of_one_script():
    files = {"code/run.py": script("varied_modes")}
    assert label(read(files, "python", "code/run.py", "warm", "--dst", "output/w")) == "sft"
    reading = read(files, "python", "code/run.py", "rl", "--init", "output/w", "--dst", "output/r")
    assert label(reading) == "grpo"
    assert [(io.kind, io.path) for io in reading.io] == [("read", "output/w"), ("write", "output/r")]


def test_a_trainer_of_a_library_that_is_in_no_table_is_unknown():
    source = """
from somewhere import TextTrainer
trainer = TextTrainer(model="models/base", train_dataset=[])
trainer.train()
"""
    stage = read({"a.py": source}, "python", "a.py").stages[0]
    assert stage.objective == "unknown"
    assert "somewhere.TextTrainer" in stage.evidence[0].says
