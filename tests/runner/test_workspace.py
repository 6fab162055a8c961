from __future__ import annotations

import pytest

from posttrace.runner import workspace
from posttrace.runner.compose import groups, resolve
from posttrace.traces.errors import ConfigError


def test_the_instructions_say_how_to_submit_and_what_mode_and_agent_add(tmp_path):
    workspace.instruct(tmp_path, "Use supervised fine-tuning only.", None)
    said = (tmp_path / "instructions.md").read_text()
    assert "$GRADING_SERVER_URL/submit" in said
    assert said.endswith("\n\nUse supervised fine-tuning only.\n")


def test_the_program_of_an_agent_is_a_placeholder(tmp_path):
    config = groups(resolve(["agent=command", "agent.command=['{program}/go']", f"agent.program={tmp_path}"]))
    values = workspace.placeholders(config, "w")
    assert workspace.fill("{program}/go", values) == f"{tmp_path.resolve()}/go"


def test_a_program_that_is_needed_and_not_named_is_asked_for():
    config = groups(resolve(["agent=command", "agent.command=['{program}/go']"]))
    with pytest.raises(ConfigError, match=r"uses \{program\}, which is not set; set agent.program"):
        workspace.fill("{program}/go", workspace.placeholders(config, "w"))


def test_bytecode_is_not_copied_with_the_code(tmp_path):
    code = tmp_path / "code"
    (code / "__pycache__").mkdir(parents=True)
    (code / "a.py").touch()
    (code / "__pycache__" / "a.pyc").touch()
    base = tmp_path / "base"
    base.mkdir()
    workspace.build(tmp_path / "w", base=base, base_id="b", code=[str(code)])
    assert [file.name for file in (tmp_path / "w" / "code").iterdir()] == ["a.py"]
