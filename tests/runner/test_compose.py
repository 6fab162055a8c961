"""Hydra's grammar in, resolved configurations or one clear line out."""

import re
import sys
from importlib.resources import files

import pytest

from posttrace.runner.cells import CELL_GROUPS, cell_id, run_id, seed_dir
from posttrace.runner.compose import expand, groups, resolve
from posttrace.traces.errors import ConfigError

CONF = files("posttrace.conf")
OPTIONS = sorted(
    (group.name, option.name.removesuffix(".yaml"))
    for group in CONF.iterdir()
    if group.is_dir() and not group.name.startswith("_") and group.name != "report"  # of another command
    for option in group.iterdir()
    if option.name.endswith(".yaml") and not option.name.startswith("_")  # those are parts of others
)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_file_composes(group, option):
    sign = "+" if group == "experiment" else ""
    needed = ["agent.command=[true]"] if option == "command" else []
    config = groups(resolve([f"{sign}{group}={option}", *needed]))
    named = config.get(group, {}) if isinstance(config.get(group), dict) else {}
    assert named.get("id", named.get("kind", option)) == option


def test_parts_of_options_are_not_offered():
    with pytest.raises(ConfigError, match=r"Available options in 'agent': command, copy") as caught:
        resolve(["agent=sfft"])
    assert "_scripted" not in str(caught.value)


def test_a_grid_is_the_product_of_its_values():
    assert expand(["agent=sft,copy", "seed=0,1"]) == [
        ["agent=sft", "seed=0"],
        ["agent=sft", "seed=1"],
        ["agent=copy", "seed=0"],
        ["agent=copy", "seed=1"],
    ]


def test_a_study_has_a_grid_of_its_own_and_a_word_replaces_its_line():
    jobs = expand(["+experiment=study", "agent=sft,copy", "task=spell"])
    # two agents, one task, and the study's five seeds
    assert len(jobs) == 10
    assert [sorted(job) for job in jobs[:2]] == [
        ["+experiment=study", "agent=sft", f"seed={seed}", "task=spell"] for seed in (0, 1)
    ]
    # 3 tasks x 6 agents x 5 seeds
    assert len(expand(["+experiment=study"])) == 90


def test_two_studies_keep_their_grids_apart():
    both = expand(["+experiment=demo,study"])
    assert len(both) == len(expand(["+experiment=demo"])) + 90


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("agent=sfft", "Could not find 'agent/sfft'"),
        ("agent=sfft", "copy"),  # the options there are
        ("task=nope", "task/nope"),
        ("sed=1", "did you mean seed?"),
        ("keep=all", "did you mean grading.keep?"),
        ("+experiment=no_such", "there is demo"),
        ("experiment=../up", "experiment=../up"),
        ("--bogus", "--bogus: no such option"),
        ("task.n_items=-5", "n_items"),
        ("budget.steps=many", "budget.steps"),
        (
            "task.no_such_key=1",
            "task.no_such_key: no such key; task has temperature, demonstrations",
        ),
        ("task.nitems=1", "task.nitems: no such key; did you mean task.n_items?"),
        ("+task.nitems=1", "task.nitems: no such key; did you mean task.n_items?"),
        ("+agent.foo=1", "agent.foo: no such key; agent has id, system, version, command"),
        ("+agent.comand=[ls]", "agent.comand: no such key; did you mean agent.command"),
        (
            "++budget.houres=2",
            "budget.houres: no such key; budget has wall_s, submissions",
        ),
        ("+retry.maxx=1", "did you mean retry.max?"),
        ("+sedd=1", "sedd: no such key; did you mean seed?"),
        ("+hydra.launcher.njobs=2", "hydra.launcher.njobs"),  # joblib would take all cores
        ("hydra.sweep.dir=here", "hydra.sweep.dir=here: not used"),
        ("base_model.by_seed=[{pth:x}]", "pth: no such key"),
        ("experiment=", "experiment=: a name has"),
        ("seed=1.5", "seed=1.5: give a whole number"),
        ("task.n_items=1.5", "task.n_items=1.5: give a whole number"),
        ("budget.wall_s=long", "budget.wall_s=long: give a number"),
        ("grading.network=maybe", "grading.network=maybe: give true or false"),
        ("retry.statuses=completed", "retry.statuses=completed: give a list"),
        ("seed=null", "seed=null: give a value"),
        ("agent.env.LEVEL=null", "agent.env.LEVEL=null: give a value"),
        ("task.n_items=null", "task.n_items: give a value"),
        ("task._target_=nowhere.Nothing", "task._target_=nowhere.Nothing: No module named 'nowhere'; give"),
        ("task._target_=os.getcwd", "task._target_=os.getcwd is no class"),
        ("task._target_=null", "task._target_=None: invalid format"),
        ("agent=[sft,copy]", "agent=[sft,copy]: give one name, agent=NAME"),
        ("budget=null", "budget=null: give one name"),
        ("task=", "Available options in 'task': house, spell, style"),
        ("task.temperature=warm", "warm"),
        ("grading.feedback=loud", "loud"),
        ("agent=command", "agent.command"),
        ("a=b=c=[", "a=b=c=["),
        ("agent.env={KEY:'${oc.env:HOME}'}", "env_passthrough"),
    ],
)
def test_a_wrong_word_is_one_line_that_names_it(override, says):
    with pytest.raises(ConfigError) as error:
        [resolve(job) for job in expand([override])]
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_agents_environment_is_open():
    config = groups(resolve(["agent.env.LEVEL=3", "agent.env={MORE: yes}"]))
    assert config["agent"]["env"].items() >= {"LEVEL": "3", "MORE": "yes"}.items()


@pytest.mark.parametrize(
    ("kind", "word", "says"),
    [
        ("", "task.words=3", {"words": 3}),
        ("", "+task.words=3", {"words": 3}),
        ("**anything", "task.colour=red", {"colour": "red"}),
        ("", "task._convert_=all", {"_convert_": "all"}),  # of Hydra: how it builds the class
        ("", "task.wrds=3", "task.wrds: no such key; did you mean task.words?"),
    ],
)
def test_a_task_of_ones_own_has_settings_of_its_own(tmp_path, monkeypatch, kind, word, says):
    """Its class need not be a dataclass, and an option file need not name what has a default."""
    arguments = ", ".join(filter(None, ["self", "words=2", kind]))
    (tmp_path / "own_task.py").write_text(f"class Own:\n    def __init__({arguments}): pass\n")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "own.yaml").write_text("_target_: own_task.Own\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_task", raising=False)
    words = [f"hydra.searchpath=['file://{tmp_path}']", "task=own", "base_model=spell", word]
    if isinstance(says, dict):
        assert groups(resolve(words))["task"].items() >= says.items()
        return
    with pytest.raises(ConfigError, match=re.escape(says)):
        resolve(words)


def test_an_option_file_with_a_key_that_is_none(tmp_path):
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "mine.yaml").write_text("id: mine\ncommand: [ls]\ncolour: red\n")
    with pytest.raises(ConfigError, match=r"^In 'agent/mine': agent\.colour: no such key; agent has id"):
        resolve([f"hydra.searchpath=['file://{tmp_path}']", "agent=mine"])


def test_experiment_names_a_study_or_just_a_folder():
    assert groups(resolve(["experiment=mine"]))["experiment"] == "mine"
    assert groups(resolve(["+experiment=demo"]))["experiment"] == "demo"
    assert groups(resolve(["experiment=demo"]))["experiment"] == "demo"


def test_cell_is_everything_but_the_seed_and_the_paths():
    first = groups(resolve(["seed=0"]))
    second = groups(resolve(["seed=1", "out=elsewhere", "experiment=other", "server.port=1234"]))
    assert cell_id(first) == cell_id(second)
    assert len(cell_id(first)) == 12
    assert run_id(second, 2) == f"{cell_id(first)}-s1-a2"
    assert seed_dir(second).parts == ("elsewhere", "other", cell_id(first), "seed-1")


@pytest.mark.parametrize(
    "override",
    ["agent=copy", "mode=multi", "budget.submissions=3", "grading.feedback=none", "driver.model=m"],
)
def test_cell_changes_with_each_group(override):
    changed = groups(resolve([override]))
    assert cell_id(changed) != cell_id(groups(resolve([])))
    assert set(CELL_GROUPS) <= set(changed)
