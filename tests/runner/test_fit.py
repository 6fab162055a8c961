"""A base of another task is found before anything runs, and those that fit are named."""

from __future__ import annotations

import re
import shutil

import pytest

from posttrace.runner.sweep import prepare
from posttrace.runner.tasks.pretrain import BASES
from posttrace.traces.errors import ConfigError
from tests.support import posttrace


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["task=spell", "base_model=house"],
            r"house \(.*\) does not fit the task spell: the vocabulary is not",
        ),
        (["task=spell", "base_model=house"], "; choose base_model=spell or spell_five$"),
        (
            ["task=style", "base_model=spell_five", "seed=1"],
            "spell_five-1 .* base_model=style or style_five$",
        ),
        (["task=house", "base_model=spell", "base_model.sha256=null"], "base_model=house or house_five$"),
    ],
)
def test_a_base_of_another_task(tmp_path, words, says):
    with pytest.raises(ConfigError, match=says):
        prepare([*words, f"out={tmp_path}"])
    assert list(tmp_path.iterdir()) == []


def test_a_base_of_ones_own(tmp_path):
    """It is named among those that fit, and refused when it is damaged, with the reason."""
    (tmp_path / "base_model").mkdir()
    mine = tmp_path / "base_model" / "mine.yaml"
    mine.write_text(f"id: mine\npath: {BASES / 'spell' / '1'}\n")
    words = [f"hydra.searchpath=['file://{tmp_path}']", f"out={tmp_path}"]
    assert [job.task for job in prepare([*words, "task=spell", "base_model=mine"])] == ["spell"]
    with pytest.raises(ConfigError, match=r"choose base_model=mine or spell or spell_five$"):
        prepare([*words, "task=spell", "base_model=style"])
    shutil.copytree(BASES / "spell" / "1", tmp_path / "damaged")
    (tmp_path / "damaged" / "model.safetensors").unlink()
    mine.write_text(f"id: mine\npath: {tmp_path / 'damaged'}\n")
    says = f"mine ({tmp_path / 'damaged'}) does not fit the task spell: model.safetensors cannot be read"
    with pytest.raises(ConfigError, match=re.escape(says)):
        prepare([*words, "task=spell", "base_model=mine"])


def test_of_a_task_that_does_not_check_nothing_is_known(tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "toy.yaml").write_text("_target_: tests.runner.grading.toy.Toy\n")
    words = [f"hydra.searchpath=['file://{tmp_path}']", "task=toy", "base_model=house", f"out={tmp_path}"]
    assert [job.plan.action for job in prepare(words)] == ["run"]


def test_a_dry_run_says_it_in_one_line(tmp_path):
    done = posttrace("run", "--dry-run", "-m", "task=spell,style", "base_model=spell", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("choose base_model=style or style_five\n")
    assert len(done.stderr.splitlines()) == 1
