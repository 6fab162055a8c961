"""Hand-written trainings in ``mechanisms/``: each file's name ends in the label that its loss has.

The labels follow from the definitions of the objectives, not from what the code under test says.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.routes.obfuscate import obfuscate
from tests.analysis.routes.static.scripts import label, read

FOLDER = Path(__file__).parent / "mechanisms"
PROGRAMS = [path.name.removesuffix(".py.txt") for path in sorted(FOLDER.glob("*.py.txt"))]
ENTRY = "code/run.py"


def program(name: str) -> tuple[bytes, str]:
    return (FOLDER / f"{name}.py.txt").read_bytes(), name.rpartition(".")[2].replace("-", ">")


def route(files: dict[str, bytes], entry: str) -> str:
    reading = read(files, "python", entry)
    if [stage.objective for stage in reading.stages] == ["reward_model"]:
        return "reward_model"
    return label(reading) or "no_train"


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_the_loss_is_made_of_decides(name):
    source, expected = program(name)
    assert route({ENTRY: source}, ENTRY) == expected


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_renamed_program_beside_a_dead_trainer_keeps_its_label(name):
    source, expected = program(name)
    decoy = "sft" if expected == "grpo" else "grpo"
    assert route(*obfuscate({ENTRY: source}, ENTRY, decoy, seed=len(name))) == expected
