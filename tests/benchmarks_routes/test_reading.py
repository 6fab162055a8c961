"""Labelled lists and clones: what is read, what cannot be, and the floors on small programs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pygit2
import pytest
from click.testing import CliRunner

from benchmarks.routes import __main__ as command
from benchmarks.routes import clones, verdicts
from benchmarks.routes.clones import Unreadable, read_text
from benchmarks.routes.floors import FLOORS
from benchmarks.routes.units import read_units
from benchmarks.routes.verdicts import Judge
from posttrace.traces.errors import InputError

HEAD = "repo,commit,path,unit,framework,label,secondary,handwritten,difficulty,evidence\n"
SUPERVISED = """\
import torch
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("base")
optimizer = torch.optim.AdamW(model.parameters())
for batch in torch.load("conversations.pt"):
    loss = model(input_ids=batch["input_ids"], labels=batch["labels"]).loss
    loss.backward()
    optimizer.step()
"""
TRL = """\
from trl import GRPOConfig, GRPOTrainer

trainer = GRPOTrainer(model="base", reward_funcs=len, args=GRPOConfig("out"))
trainer.train()
"""


def commit(folder: Path, files: dict[str, bytes], *, bare: bool = True) -> str:
    """Id of a commit of ``files`` in a new repository."""
    repository = pygit2.init_repository(str(folder), bare=bare)
    index = pygit2.Index()
    for path, data in files.items():
        index.add(pygit2.IndexEntry(path, repository.create_blob(data), pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(repository)
    author = pygit2.Signature("a", "a@example.org", 0, 0)
    return str(repository.create_commit("refs/heads/main", author, author, "", tree, []))


def rows(path: Path, *lines: str) -> Path:
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, str]:
    """Clones with one repository, and its commit."""
    files = {"sft.py": SUPERVISED.encode(), "lib/rl.py": TRL.encode(), "photo.py": b"\0\1", "w.png": b"x"}
    return tmp_path, commit(tmp_path / "own+er" / "repo", files)


# -- lists -------------------------------------------------------------------------------------------------


def test_a_pipeline_keeps_its_order(tmp_path):
    [unit] = read_units(
        rows(tmp_path / "l.csv", "o/n,abc,b.py; a.py,pipeline,trl,sft>grpo,,1,hard,both [L3]")
    )
    assert unit.paths == ("b.py", "a.py")
    assert unit.handwritten
    assert unit.name == "o/n: b.py;a.py"


def test_wrong_lists_are_one_line(tmp_path):
    (tmp_path / "l.csv").write_text("repo,path\nx,y\n")
    with pytest.raises(InputError, match="no column commit, unit, framework, label, handwritten, evidence"):
        read_units(tmp_path / "l.csv")
    with pytest.raises(InputError, match=r"l.csv:2: a row needs a path and a label"):
        read_units(rows(tmp_path / "l.csv", "o/n,abc,a.py,file,trl,,,0,easy,"))
    with pytest.raises(InputError, match="give the list of labelled units as CSV"):
        read_units(tmp_path / "none.csv")


# -- clones ------------------------------------------------------------------------------------------------


def test_text_of_a_commit(folder):
    text = read_text(folder[0], "own/er", folder[1])
    assert sorted(text) == ["lib/rl.py", "photo.py", "sft.py"]
    assert text["lib/rl.py"] == TRL.encode()
    assert text["photo.py"] == b""
    assert text.content("photo.py") is None
    with pytest.raises(KeyError):
        text["none.py"]


def test_a_clone_with_a_work_tree(tmp_path):
    head = commit(tmp_path / "own+er", {"a.py": b"1"}, bare=False)
    (tmp_path / "own+er" / "repo").mkdir()  # a folder of the work tree, no git directory
    assert dict(read_text(tmp_path, "own/er", head)) == {"a.py": b"1"}


def test_a_large_file_is_not_text(folder, monkeypatch):
    monkeypatch.setattr(clones, "MAX_BYTES", 200)
    text = read_text(folder[0], "own/er", folder[1])
    assert text["sft.py"] == b""
    assert text["lib/rl.py"] != b""


def test_what_is_missing_is_named(folder):
    with pytest.raises(Unreadable, match="no clone at"):
        read_text(folder[0], "no/body", folder[1])
    with pytest.raises(Unreadable, match=f"commit {'1' * 40} cannot be read"):
        read_text(folder[0], "own/er", "1" * 40)
    (folder[0] / "em+pty").mkdir()
    with pytest.raises(Unreadable, match="is no git directory"):
        read_text(folder[0], "em/pty", folder[1])


# -- verdicts ----------------------------------------------------------------------------------------------


def units(folder: tuple[Path, str], *paths: str):
    line = "own/er,{},{},file,none,sft,,1,easy,update [L8]"
    return read_units(rows(folder[0] / "l.csv", *(line.format(folder[1], path) for path in paths)))


def test_units_are_judged_in_their_order(folder):
    found = Judge(folder[0])(units(folder, "sft.py", "photo.py", "none.py"))
    assert found[0].route.stages
    assert {fact.line for fact in found[0].route.evidence if fact.rule == "update"} & {8, 9}
    assert found[0].route.evidence[0].commit == folder[1]
    assert [verdict.unreadable for verdict in found[1:]] == [
        "photo.py is no text that can be read",
        "none.py is not in the commit",
    ]


def test_a_unit_that_takes_too_long_is_a_failure(folder, monkeypatch):
    monkeypatch.setattr(verdicts, "source_route", lambda *_, **__: time.sleep(30))
    found = Judge(folder[0], seconds=0.05).one(units(folder, "sft.py")[0])
    assert (found.route, found.failure, found.unreadable) == (None, "more than 0.05 s", None)


def test_an_error_of_ours_is_a_failure(folder, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(verdicts, "source_route", fail)
    assert Judge(folder[0]).one(units(folder, "sft.py")[0]).failure == "ZeroDivisionError: by zero"


class Deadly(Judge):
    """Its process dies on ``lib/rl.py``."""

    def one(self, unit):
        if unit.paths == ("lib/rl.py",):
            os._exit(9)
        return super().one(unit)


def test_a_process_that_dies_is_the_failure_of_its_unit_alone(folder):
    found = Deadly(folder[0], processes=1)(units(folder, "sft.py", "lib/rl.py"))
    assert found[0].route.stages
    assert found[1].failure == "the process that read it died"


# -- floors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        ({"a.py": TRL}, ("grpo", "grpo", "grpo")),
        ({"a.py": "import json\nprint(json)\n"}, ("no_train", "no_train", "no_train")),
        # a trainer that is never started: the third floor asks for a start
        ({"a.py": "from trl import DPOTrainer\nDPOTrainer(m)\n"}, ("dpo", "dpo", "no_train")),
        ({"a.sh": "trl sft --model m"}, ("sft", "no_train", "sft")),
        ({"a.yaml": "rl: grpo\nbase: m\n"}, ("grpo", "no_train", "grpo")),
        # a scorer beside a policy is no stage; order is that of the files
        (
            {"a.py": "t = SFTTrainer()\nt.train()", "b.py": "t = RewardTrainer()\nt.train()", "c.py": TRL},
            ("sft>grpo", "sft>grpo", "sft>grpo"),
        ),
        ({"b.py": "t = RewardTrainer()\nt.train()"}, ("reward_model",) * 3),
        (
            {"a.py": "m = AutoModelForSequenceClassification()\nTrainer(m).train()"},
            ("other", "no_train", "other"),
        ),
    ],
)
def test_floors(files, labels):
    assert tuple(floor(files) for floor in FLOORS.values()) == labels


# -- the command -------------------------------------------------------------------------------------------


def run(*words: object):
    return CliRunner().invoke(command.main, [str(word) for word in words])


def test_the_command(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "SHIPPED", tmp_path / "confidence.toml")
    units(folder, "sft.py", "lib/rl.py", "none.py")
    page = tmp_path / "page.md"
    page.write_text("# Kept\n")
    words = ["--errors", "--fit", "--json", tmp_path / "f.json", "--markdown", page]
    done = run(tmp_path / "l.csv", folder[0], *words)
    assert done.exit_code == 0, done.output
    assert "own/er: lib/rl.py: sft -> " in done.output
    assert "none.py is not in the commit" in done.output
    found = json.loads((tmp_path / "f.json").read_text())
    assert (found["units"], found["judged"]) == (3, 2)
    assert "units = " in (tmp_path / "confidence.toml").read_text()
    once = page.read_text()
    assert once.startswith("# Kept\n")
    assert run(tmp_path / "l.csv", folder[0], "--markdown", page, "--only", "lib/").exit_code == 0
    assert page.read_text() != once
    assert page.read_text().count("1 units") == 1


def test_a_wrong_list_is_one_line(tmp_path):
    (tmp_path / "l.csv").write_text("a\n1\n")
    done = run(tmp_path / "l.csv", tmp_path)
    assert done.exit_code == 1
    assert "no column repo" in done.output
    assert "Traceback" not in done.output
