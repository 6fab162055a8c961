"""Settings: files, Hydra, dataclasses on the command line; what they decide, and where that is cited."""

from __future__ import annotations

import time

import pytest

from posttrace.analysis.routes.static import Command, read_command
from posttrace.analysis.routes.static.entries import configs
from posttrace.analysis.routes.static.entries.entries import read_entry

SETUP = """
import argparse, json, os, sys
from dataclasses import dataclass, field
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tok = AutoTokenizer.from_pretrained("base")
net = AutoModelForCausalLM.from_pretrained("base")
opt = torch.optim.AdamW(net.parameters(), lr=1e-5)
rows = [json.loads(line) for line in open("data.jsonl")]

def imitate():
    for row in rows:
        ids = tok(row["prompt"] + row["answer"], return_tensors="pt").input_ids
        loss = torch.nn.functional.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
        loss.backward(); opt.step(); opt.zero_grad()

def reinforce():
    for row in rows:
        ids = tok(row["prompt"], return_tensors="pt").input_ids
        out = net.generate(ids, do_sample=True, num_return_sequences=4)
        r = torch.tensor([float(row["answer"] in tok.decode(o)) for o in out])
        lp = torch.log_softmax(net(out).logits[:, :-1], -1).gather(-1, out[:, 1:, None]).sum((1, 2))
        (-(r - r.mean()) * lp).mean().backward(); opt.step(); opt.zero_grad()

def job(mode):
    if mode == "rl":
        reinforce()
    elif mode == "sft":
        imitate()
"""


def run(tail, *options, **files):
    content = {name.replace("__", "."): text.encode() for name, text in files.items()}
    content["t.py"] = (SETUP + tail).encode()
    reading = read_command(content, Command(("python", "t.py", *options)))
    return ">".join(stage.objective for stage in reading.stages)


OPENED = {
    "yaml": "import yaml\njob(yaml.safe_load(open('c.yaml'))['mode'])",
    "handle": "import yaml\nwith open('c.yaml') as f:\n"
    "    c = yaml.load(f, Loader=yaml.SafeLoader)\njob(c.get('mode'))",
    "text": "import yaml\nfrom pathlib import Path\njob(yaml.safe_load(Path('c.yaml').read_text())['mode'])",
    "omegaconf": "from omegaconf import OmegaConf\njob(OmegaConf.load('c.yaml').mode)",
    "merged": "from omegaconf import OmegaConf\n"
    "c = OmegaConf.merge(OmegaConf.load('c.yaml'), {'other': 1})\njob(c.mode)",
    "namespace": "import yaml\nfrom types import SimpleNamespace\n"
    "job(SimpleNamespace(**yaml.safe_load(open('c.yaml'))).mode)",
    "argument": "import yaml\np = argparse.ArgumentParser()\np.add_argument('--config', default='c.yaml')\n"
    "job(yaml.safe_load(open(p.parse_args().config))['mode'])",
    "dataclass": "import yaml\n@dataclass\nclass C:\n    mode: str = 'sft'\n"
    "job(C(**yaml.safe_load(open('c.yaml'))).mode)",
}


@pytest.mark.parametrize("form", OPENED)
def test_a_file_of_settings_decides(form):
    assert run(OPENED[form], **{"c__yaml": "mode: rl\n"}) == "grpo"
    assert run(OPENED[form], **{"c__yaml": "mode: sft\n"}) == "sft"


def test_json_and_toml():
    assert (
        run("job(json.load(open('c.json'))['run']['mode'])", **{"c__json": '{"run": {"mode": "rl"}}'})
        == "grpo"
    )
    toml = "import tomllib\nwith open('c.toml', 'rb') as f:\n    job(tomllib.load(f)['run']['mode'])"
    assert run(toml, **{"c__toml": '[run]\nmode = "rl"\n'}) == "grpo"


def test_words_over_a_file():
    tail = (
        "from omegaconf import OmegaConf\n"
        "c = OmegaConf.merge(OmegaConf.load('c.yaml'), OmegaConf.from_cli())\njob(c.run.mode)"
    )
    assert run(tail, **{"c__yaml": "run:\n  mode: sft\n"}) == "sft"
    assert run(tail, "run.mode=rl", **{"c__yaml": "run:\n  mode: sft\n"}) == "grpo"


ENTRIES = {
    "fire": "import fire\ndef main(mode='sft', lr=1.0): job(mode)\nfire.Fire(main)",
    "typer": "import typer\ndef main(mode: str = 'sft'): job(mode)\ntyper.run(main)",
    "tyro": "import tyro\n@dataclass\nclass Args:\n    mode: str = 'sft'\njob(tyro.cli(Args).mode)",
    "hf": "from transformers import HfArgumentParser\n@dataclass\nclass A:\n    mode: str = 'sft'\n"
    "@dataclass\nclass B:\n    lr: float = 1.0\n"
    "a, b = HfArgumentParser((A, B)).parse_args_into_dataclasses()\njob(a.mode)",
    "one": "from transformers import HfArgumentParser\n@dataclass\nclass A:\n    mode: str = 'sft'\n"
    "a = HfArgumentParser(A).parse_args_into_dataclasses()[0]\njob(a.mode)",
    "simple": "import simple_parsing\n@dataclass\nclass A:\n"
    "    mode: str = 'sft'\njob(simple_parsing.parse(A).mode)",
    "pyrallis": "import pyrallis\n@dataclass\nclass A:\n    mode: str = 'sft'\n"
    "@pyrallis.wrap()\ndef main(cfg: A): job(cfg.mode)\nmain()",
    "spawn": "import torch.multiprocessing as mp\nimport tyro\n@dataclass\nclass A:\n    mode: str = 'sft'\n"
    "def work(rank, a): job(a.mode)\nmp.spawn(work, nprocs=2, args=(tyro.cli(A),))",
    "process": "from multiprocessing import Process\nimport fire\n"
    "def main(mode='sft'):\n    p = Process(target=job, args=(mode,))\n    p.start()\nfire.Fire(main)",
    "ray": "import ray\nimport fire\n@ray.remote\ndef work(mode): job(mode)\n"
    "def main(mode='sft'): ray.get(work.options(num_gpus=1).remote(mode))\nfire.Fire(main)",
    "actor": "import ray\nimport fire\n@ray.remote(num_gpus=1)\n"
    "class Worker:\n    def fit(self, mode): job(mode)\n"
    "def main(mode='sft'):\n    w = Worker.remote()\n    ray.get(w.fit.remote(mode))\nfire.Fire(main)",
    "launcher": "from accelerate import notebook_launcher\nimport fire\n"
    "def main(mode='sft'): notebook_launcher(job, (mode,), num_processes=2)\nfire.Fire(main)",
    "async": "import asyncio, fire\nasync def work(mode): job(mode)\n"
    "def main(mode='sft'): asyncio.run(work(mode))\nfire.Fire(main)",
}


@pytest.mark.parametrize("form", ENTRIES)
def test_entries_read_the_command_line(form):
    assert run(ENTRIES[form]) == "sft"
    assert run(ENTRIES[form], "--mode", "rl") == "grpo"
    assert run(ENTRIES[form], "--mode=rl") == "grpo"


def test_a_parser_of_dataclasses_reads_a_file():
    tail = (
        "from trl import TrlParser\n@dataclass\nclass A:\n    mode: str = 'sft'\n"
        "(a,) = TrlParser((A,)).parse_args_and_config()\njob(a.mode)"
    )
    assert run(tail, "--config", "c.yaml", **{"c__yaml": "mode: rl\n"}) == "grpo"
    assert run(tail, "--config", "c.yaml", "--mode", "sft", **{"c__yaml": "mode: rl\n"}) == "sft"


HYDRA = """
import hydra
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    job(cfg.loss.name)
main()
"""
CONF = {
    "conf/config__yaml": "defaults:\n  - loss: imitation\n  - _self_\nlr: 1.0\nname: ${loss.name}_run\n",
    "conf/loss/imitation__yaml": "name: sft\nbeta: 0.1\n",
    "conf/loss/reward__yaml": "# @package loss\nname: rl\n",
    "conf/experiment/best__yaml": "# @package _global_\ndefaults:\n  - override /loss: reward\nlr: 2.0\n",
}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "sft"),
        (("loss=reward",), "grpo"),
        (("loss.name=rl",), "grpo"),
        (("lr=3", "loss.beta=0.5"), "sft"),
        (("+experiment=best",), "grpo"),
    ],
)
def test_hydra(options, expected):
    assert run(HYDRA, *options, **CONF) == expected


def test_an_option_of_a_group_is_run_with_the_program_that_composes_it():
    files = {name.replace("__", "."): text.encode() for name, text in CONF.items()}
    files["t.py"] = (SETUP + HYDRA).encode()
    for name, expected in (("imitation", "sft"), ("reward", "grpo")):
        reading = read_entry(files, f"conf/loss/{name}.yaml")
        assert [stage.objective for stage in reading.stages] == [expected]
        assert any(fact.path == f"conf/loss/{name}.yaml" for fact in reading.stages[0].evidence)


def test_a_file_that_says_only_how_training_is_spread():
    for name, text in (
        ("a.yaml", "compute_environment: LOCAL_MACHINE\ndistributed_type: FSDP\nnum_processes: 8\n"),
        ("ds.json", '{"zero_optimization": {"stage": 3}, "bf16": {"enabled": true}}'),
    ):
        assert [stage.objective for stage in read_entry({name: text.encode()}, name).stages] == ["unknown"]


def test_a_file_of_other_things_trains_nothing():
    for name, text in (("ci.yaml", "on: push\njobs:\n  test: {}\n"), ("p.toml", "[project]\nname = 'x'\n")):
        assert read_entry({name: text.encode()}, name).stages == ()


# -- reading -----------------------------------------------------------------------------------------------


def test_references_are_filled_in():
    text = (
        b"a: {b: 3}\nc: ${a.b}\nd: x_${a.b}_${a.b}\ne: ${oc.env:NOBODY,9}\n"
        b"f: ${oc.env:NOBODY}\ng: ${none.such}\nh: ${c}"
    )
    found = configs.parsed(text, "x.yaml")
    assert found == {"a": {"b": 3}, "c": 3, "d": "x_3_3", "e": "9", "f": "*", "g": "*", "h": 3}


def test_references_that_turn_in_a_circle_end():
    assert configs.parsed(b"a: ${b}\nb: ${a}\n", "x.yaml") is not None


def test_tags_construct_nothing():
    text = b"a: !!python/object/apply:os.system ['exit 3']\nb: !custom {c: 1}\nd: !env NAME\n"
    assert configs.parsed(text, "x.yaml") == {"a": ["exit 3"], "b": {"c": 1}, "d": "NAME"}


@pytest.mark.parametrize("text", [b"[1, 2]", b"a: [", b"\xff\xfe", b"", b"- a\n- b", b"a: b: c"])
def test_what_is_no_mapping(text):
    assert configs.parsed(text, "x.yaml") is None


def test_aliases_that_multiply_are_bounded():
    # nine levels of nine references are 9^9 values
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    data = "\n".join([*lines, "mode: rl"]).encode()
    started = time.process_time()
    assert configs.parsed(data, "c.yaml") is None
    assert read_entry({"c.yaml": data}, "c.yaml").stages == ()
    assert time.process_time() - started < 2
