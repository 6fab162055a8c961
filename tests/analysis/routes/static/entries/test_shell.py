"""Shell scripts: which programs start, with which words, and what is written on the way."""

from __future__ import annotations

import pytest

from posttrace.analysis.routes.static.entries import launch
from posttrace.analysis.routes.static.entries.entries import read_entry
from posttrace.analysis.routes.static.entries.shell import run_script
from posttrace.analysis.routes.static.entries.workspace import Workspace
from posttrace.analysis.routes.static.machine.machine import Machine

SFT = """
import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tok = AutoTokenizer.from_pretrained("base")
net = AutoModelForCausalLM.from_pretrained("base")
opt = torch.optim.AdamW(net.parameters(), lr=1e-5)
for row in [json.loads(line) for line in open("data.jsonl")]:
    ids = tok(row["prompt"] + row["answer"], return_tensors="pt").input_ids
    loss = torch.nn.functional.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
    loss.backward(); opt.step(); opt.zero_grad()
net.save_pretrained("out/sft")
"""


@pytest.fixture
def started(monkeypatch):
    """Words of every program that a script starts, as the shell hands them over."""

    def run(script, *arguments, lenient=True, files=None, env=None):
        found = []

        def note(m, words, cwd, env, depth=0):
            found.append((list(words), cwd))

        monkeypatch.setattr(launch, "launch", note)
        space = Workspace({"go.sh": script.encode(), **(files or {})}, lenient=lenient)
        run_script(Machine(space), script, "go.sh", "", env or {}, ["go.sh", *arguments], 0)
        return found

    return run


def words(found):
    return [" ".join(words) for words, _ in found]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("python a.py --x 1", ["python a.py --x 1"]),
        ("X=3; python a.py $X ${Y:-4} ${Z-5}", ["python a.py 3 4 5"]),
        ("N=run; python a.py ${N%n} ${N#r} ${N/u/o} ${#N} ${N^^}", ["python a.py ru un ron 3 RUN"]),
        ("P=out/a.py; python x ${P##*/} ${P%/*}", ["python x a.py out"]),
        ("A=(-x 1 'b c'); A+=(-y); python a.py \"${A[@]}\"", ["python a.py -x 1 b c -y"]),
        ("python a.py \\\n  --x 1 \\\n  --y 2 # end", ["python a.py --x 1 --y 2"]),
        ("python a.py | tee log.txt", ["python a.py"]),
        ("python a.py > log 2>&1 &\nwait", ["python a.py"]),
        ("python a.py && python b.py || python c.py", ["python a.py", "python b.py"]),
        ("for s in a b; do python $s.py; done", ["python a.py", "python b.py"]),
        ("for i in {1..3}; do python a.py $i; done", [f"python a.py {i}" for i in (1, 2, 3)]),
        ("for i in $(seq 9); do python a.py $i; done", ["seq 9", "python a.py *"]),
        ("while true; do python a.py; done", ["python a.py"]),
        ("t() { python $1.py; }\nt a\nt b", ["python a.py", "python b.py"]),
        ("function t { local n=$1; python $n; }\nt z", ["python z"]),
        ("M=rl\ncase $M in sft) python a;; rl|dpo) python b;; *) python c;; esac", ["python b"]),
        ("case $1 in sft) python a;; *) python b;; esac", ["python a", "python b"]),
        ('if [ "$M" = x ]; then python a; else python b; fi', ["python a", "python b"]),
        ("M=x\nif [[ $M == x ]]; then python a; else python b; fi", ["python a"]),
        ('M=\nif [ -z "$M" ]; then python a; fi\nif [ -n "$M" ]; then python b; fi', ["python a"]),
        ("N=2\nif (( N > 1 )); then python a; fi\nif [ $N -gt 5 ]; then python b; fi", ["python a"]),
        ("if ! [ -d m ]; then python get.py; fi", ["python get.py"]),
        ("[ -f m ] || python get.py", ["python get.py"]),
        ("python a.py || python b.py", ["python a.py"]),
        ('C="python a.py"; $C --x', ["python a.py --x"]),
        ('eval "python a.py --x 1"', ["python a.py --x 1"]),
        ("read -r -d '' C <<EOF\na.py --x 1\nEOF\npython $C", ["python a.py --x 1"]),
        ("D=$(dirname $0); python $D/a.py", ["python ./a.py"]),
        ("N=$(basename runs/sft.sh .sh); python $N.py", ["python sft.py"]),
        ("O=$(python a.py); python b.py $O", ["python a.py", "python b.py *"]),
        ("(python a.py; exit 0)\npython b.py", ["python a.py", "python b.py"]),
        ("python a.py\nexit\npython b.py", ["python a.py"]),
        ("if [ -f x ]; then exit 1; fi\npython b.py", ["python b.py"]),
        ("set -- a b; python $2", ["python b"]),
        ("echo 'python a.py'", []),
        ("# python a.py", []),
        ("cat <<EOF\npython a.py\nEOF", []),
    ],
)
def test_what_a_script_starts(started, script, expected):
    assert words(started(script)) == expected


def test_arguments_and_folders(started):
    script = 'cd "$1" && python run.py "$@"\n(cd deep; python x.py)\npython y.py'
    found = started(script, "code", "--fast")
    assert found == [
        (["python", "run.py", "code", "--fast"], "code"),
        (["python", "x.py"], "code/deep"),
        (["python", "y.py"], "code"),
    ]


def test_an_argument_that_was_not_given(started):
    script = 'python a.py "$1" ${2:-two} "$@"'
    assert words(started(script, lenient=True)) == ["python a.py * two"]
    assert started(script, lenient=False)[0][0] == ["python", "a.py", "", "two"]


def test_another_script_is_read_into_this_one(started):
    files = {
        "env.sh": b"STAGE=grpo\nrun() { python $STAGE.py; }\n",
        "lib/more.sh": b"run\nreturn\npython no\n",
    }
    assert words(started("source env.sh\n. lib/more.sh\npython b", files=files)) == [
        "python grpo.py",
        "python b",
    ]


def test_a_pattern_of_files(started):
    files = {"jobs/b.py": b"", "jobs/a.py": b"", "jobs/deep/c.py": b""}
    script = "for f in jobs/*.py; do python $f; done"
    assert words(started(script, files=files)) == ["python jobs/a.py", "python jobs/b.py"]


def label(script, **files):
    content = {name.replace("__", "."): text.encode() for name, text in files.items()}
    reading = read_entry({"go.sh": script.encode(), **content}, "go.sh")
    return ">".join(stage.objective for stage in reading.stages), reading


@pytest.mark.parametrize(
    "script",
    [
        "python train.py",
        "accelerate launch --num_processes 8 --mixed_precision bf16 train.py --lr 1",
        "CUDA_VISIBLE_DEVICES=0,1 torchrun --standalone --nproc_per_node=2 train.py",
        "python -m torch.distributed.run --nproc-per-node 2 train.py",
        "deepspeed --include localhost:0 train.py --deepspeed ds.json",
        "uv run --with trl train.py",
        "uv run python train.py",
        "poetry run python train.py",
        "conda run -n env python train.py",
        "srun --ntasks 1 --container-image x bash -c 'cd /x; python train.py'",
        "xvfb-run -a nohup timeout -k 5 60m nice -n 10 python -u train.py",
        "ray job submit --address http://a:1 --runtime-env-json '{}' -- python3 train.py",
        "docker run --gpus all -v $PWD:/w image python train.py",
        "sbatch --wrap='python train.py'",
        "sbatch <<EOF\n#!/bin/bash\npython train.py\nEOF",
        "bash <<'EOF'\npython train.py\nEOF",
        "tmux new-session -d 'python train.py'",
        "mpirun -np 2 python train.py",
        "export PYTHONPATH=.:$PYTHONPATH; exec python3.11 ./train.py",
        "echo 'import train' | python -",
        "python -c 'import train'",
        "python -m train",
    ],
)
def test_launchers_are_taken_off(script):
    said, reading = label(script, train__py=SFT)
    assert said == "sft"
    assert {fact.path for fact in reading.stages[0].evidence if fact.rule != "started"} == {"train.py"}


def test_a_here_document_is_run_and_cited_where_it_stands():
    said, reading = label("set -e\npython - --x <<'EOF'" + SFT + "EOF\n")
    assert said == "sft"
    # line 2 starts the document, its text begins in line 3 and goes backward in its ninth line: 3 + 8
    assert [(fact.path, fact.line) for fact in reading.stages[0].evidence if fact.rule == "update"] == [
        ("go.sh", 11)
    ]


@pytest.mark.parametrize(
    "how", ["cat > made/t.py <<'EOF'", "cat <<'EOF' > made/t.py", "tee made/t.py <<'EOF'"]
)
def test_a_program_that_is_written_and_run(how):
    said, reading = label(f"mkdir made\n{how}{SFT}EOF\ncd made\npython t.py\n")
    assert said == "sft"
    update = reading.stages[0].evidence[-1]
    assert (update.path, update.line) == ("go.sh", 11)
    assert "made/t.py:9" in update.says


def test_variables_are_filled_into_a_here_document_that_is_not_quoted():
    script = (
        "M=base2\ncat > t.py <<EOF\nfrom transformers import AutoModel\n"
        'AutoModel.from_pretrained("$M")\nEOF\npython t.py'
    )
    _, reading = label(script)
    assert [io.path for io in reading.io] == ["base2"]


def test_a_program_that_is_not_known_trains_something_only_under_a_launcher_of_training():
    assert label("accelerate launch scripts/$TASK.py")[0] == "unknown"
    assert label("torchrun --nproc_per_node 8 $1")[0] == "unknown"
    assert label("python $1")[0] == ""


def test_a_framework_is_started_and_the_deciding_line_is_cited():
    script = (
        "set -x\n"
        "python3 -m verl.trainer.main_ppo \\\n"
        "    data.train_batch_size=8 \\\n"
        "    algorithm.adv_estimator=grpo \\\n"
        "    trainer.n_gpus_per_node=8\n"
    )
    said, reading = label(script)
    assert said == "grpo"
    cited = {(fact.rule, fact.line) for fact in reading.stages[0].evidence}
    assert {("trainer", 2), ("setting", 4)} <= cited


def test_commands_that_train_nothing():
    script = (
        "pip install trl\nnvidia-smi\nvllm serve m --port 1\nlm_eval --model hf --tasks gsm8k\ncp -r a b\n"
    )
    assert label(script)[0] == ""


def test_a_makefile_runs_what_its_targets_need():
    makefile = (
        "PY ?= python\n.PHONY: all\nall: train eval\n\ntrain: data\n"
        "\t@$(PY) train.py \\\n\t  --x 1\ndata:\n\techo data\n"
    )
    reading = read_entry({"Makefile": makefile.encode(), "train.py": SFT.encode()}, "Makefile")
    assert [stage.objective for stage in reading.stages] == ["sft"]
    assert label("make -C sub train", **{"sub/Makefile": makefile, "sub/train__py": SFT})[0] == "sft"
