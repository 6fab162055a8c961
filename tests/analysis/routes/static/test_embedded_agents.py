"""The scripts of the embedded agents, on every embedded task."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.routes.obfuscate import obfuscate
from tests.analysis.routes.static.scripts import ENV, label, read

RUNNER = Path(__file__).parents[4] / "runner"
COMMANDS = {
    "sft": (("sft.py", "--out", "output/a"), "sft", [("read", "models/base"), ("write", "output/a")]),
    "grpo": (("grpo.py", "--out", "output/a"), "grpo", [("read", "models/base"), ("write", "output/a")]),
    "continued": (
        ("grpo.py", "--init", "output/warm-up", "--out", "output/a"),
        "grpo",
        [("read", "output/warm-up"), ("write", "output/a")],
    ),
    "select": (("select_tries.py", "--out", "output/tries.jsonl"), "", [("read", "models/base")]),
    "lottery": (("lottery.py",), "", [("read", "models/base"), ("write", "output/ticket-*")]),
    "copy": (("copy_base.py",), "", [("copy", "output/model"), ("copy", "output/model-again")]),
    "merge": (
        ("merge.py", "output/a", "output/b", "--out", "output/c"),
        "",
        [("read", "output/a"), ("read", "output/b"), ("merge", "output/c")],
    ),
}


def workspace() -> dict[str, bytes]:
    scripts = [p for folder in ("models", "agents") for p in (RUNNER / folder).rglob("*.py")]
    files = {f"code/{path.name}": path.read_bytes() for path in scripts}
    files["code/play.py"] = (RUNNER / "tasks/house/play.py").read_bytes()
    files["data/household.py"] = (RUNNER / "tasks/house/game.py").read_bytes()
    return files


@pytest.mark.parametrize("task", ["spell", "style", "house"])
@pytest.mark.parametrize("name", COMMANDS)
def test_what_each_command_trains_and_touches(name, task):
    (script, *options), route, touched = COMMANDS[name]
    reading = read(workspace(), "/usr/bin/python", f"code/{script}", *options, env={**ENV, "TASK": task})
    assert label(reading) == route
    assert [(io.kind, io.path) for io in reading.io] == touched
    assert reading.entry == f"code/{script}"
    assert reading.problems == ()


@pytest.mark.parametrize("name", ["sft", "grpo"])
def test_under_other_names(name):
    (script, *options), route, touched = COMMANDS[name]
    decoy = "grpo" if route == "sft" else "sft"
    files, entry = obfuscate(workspace(), f"code/{script}", decoy, seed=3)
    reading = read(files, "python", entry, *options)
    assert label(reading) == route
    assert [(io.kind, io.path) for io in reading.io] == touched


def test_a_merge_names_its_parents():
    reading = read(workspace(), "python", "code/merge.py", "output/a", "output/b", "--out", "output/c")
    assert reading.io[-1].sources == ("output/a", "output/b")


def test_a_scorer_is_fitted_before_the_models_are_read():
    reading = read(workspace(), "python", "code/grpo.py", "--out", "o", env={**ENV, "TASK": "style"})
    assert [stage.objective for stage in reading.stages] == ["reward_model", "grpo"]
    assert [(io.kind, io.begun) for io in reading.io] == [("read", 1), ("write", 2)]


def test_tokens_from_a_file_of_an_earlier_command_are_reported_by_path():
    reading = read(workspace(), "python", "code/sft.py", "--data", "output/tries.jsonl", "--out", "o")
    assert reading.stages[0].attributes["data_path"] == "output/tries.jsonl"
