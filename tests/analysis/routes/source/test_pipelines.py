"""The route of several listed files: what belongs to what, and in which order it runs."""

from __future__ import annotations

from tests.analysis.routes.source.test_source import LOADED, REINFORCE, START, route, script


def test_scripts_in_the_order_of_the_list():
    files = {"a__py": script("imitate"), "b__py": script("reinforce")}
    assert route(["a.py", "b.py"], **files).label == "sft>grpo"
    assert route(["b.py", "a.py"], **files).label == "grpo>sft"
    assert route(["a.py", "a.py"], **files).label == "sft"


def test_models_decide_the_order_where_they_link_the_scripts():
    files = {
        "first__py": script("imitate", "base", "out/warm"),
        "second__py": script("reinforce", "out/warm", "out/final"),
    }
    assert route(["second.py", "first.py"], **files).label == "sft>grpo"


def test_a_module_that_a_listed_script_imports_counts_once():
    files = {
        "train__py": "from loss import reinforce\n" + LOADED + START + "reinforce(*start('base'))\n",
        "loss__py": LOADED + REINFORCE,
    }
    for order in (["train.py", "loss.py"], ["loss.py", "train.py"]):
        found = route(order, **files)
        assert found.label == "grpo"
        assert "launch" not in found.attributes


def test_a_shell_script_that_starts_listed_scripts():
    files = {
        "go__sh": "python a.py\npython b.py --x 1\n",
        "a__py": script("imitate"),
        "b__py": script("reinforce"),
    }
    assert route(["b.py", "a.py", "go.sh"], **files).label == "sft>grpo"


def test_a_document_orders_what_it_starts_and_is_weak_alone():
    readme = (
        "# Use\nTrain:\n\n```bash\n$ python a.py\nloss 0.3\n$ python b.py\n"
        "```\n\nAgain:\n\n    python a.py --lr 2\n\n```python\nimport b\n```\n"
    )
    files = {"README__md": readme, "a__py": script("imitate"), "b__py": script("reinforce")}
    found = route(["README.md"], **files)
    assert (found.label, found.tier) == ("sft>grpo", "D")
    assert route(["a.py", "b.py", "README.md"], **files).label == "sft>grpo"
    prose = "Call `python a.py`.\n\n> python a.py\n\n```text\npython a.py\n```\n"
    assert route(["README.md"], **{**files, "README__md": prose}).label == "no_train"


def test_settings_belong_to_the_script_that_they_fit():
    head = (
        "from trl import {0}Trainer, {0}Config, TrlParser, ScriptArguments\n"
        "(args, config) = TrlParser((ScriptArguments, {0}Config)).parse_args_and_config()\n"
    )
    files = {
        "sft__py": head.format("SFT")
        + "t = SFTTrainer(model='m', args=config, train_dataset=[])\nt.train()\n",
        "dpo__py": head.format("DPO")
        + "t = DPOTrainer(model='m', args=config, train_dataset=[])\nt.train()\n",
        "r/sft/a__yaml": "model_name_or_path: base\noutput_dir: out/a\n"
        "max_length: 512\npacking: true\ndataset_name: d\n",
        "r/dpo/b__yaml": "model_name_or_path: out/a\noutput_dir: out/b\n"
        "beta: 0.1\nloss_type: ipo\ndataset_name: p\n",
    }
    order = ["sft.py", "dpo.py", "r/sft/a.yaml", "r/dpo/b.yaml"]
    found = route(order, **files)
    assert found.label == "sft>dpo"
    assert {"sft.py", "dpo.py", "r/sft/a.yaml", "r/dpo/b.yaml"} <= {fact.path for fact in found.evidence}


def test_a_launcher_beside_what_it_launches():
    files = {"run__slurm": "accelerate launch scripts/$1.py\n", "a__py": script("imitate")}
    assert route(["a.py", "run.slurm"], **files).label == "sft"
    assert route(["run.slurm"], **files).label == "unknown"


def test_a_scorer_beside_a_policy():
    scorer = LOADED + (
        "net = torch.nn.Linear(8, 1)\nopt = torch.optim.Adam(net.parameters())\n"
        "for good, bad in torch.load('pairs.pt'):\n"
        "    loss = -F.logsigmoid(net(good) - net(bad)).mean()\n"
        "    loss.backward(); opt.step(); opt.zero_grad()\n"
    )
    assert route(["r.py"], r__py=scorer).label == "reward_model"
    assert (
        route(
            ["a.py", "r.py", "b.py"], a__py=script("imitate"), r__py=scorer, b__py=script("reinforce")
        ).label
        == "sft>grpo"
    )
