"""Commands and files out of the steps of an agent, and runs of which nothing else is known."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

import posttrace as pt
from posttrace.analysis.routes.record.history import Process
from posttrace.analysis.routes.record.typed import covered, typed
from posttrace.analysis.routes.record.written import root_of, snapshots
from posttrace.analysis.routes.static import read_command
from posttrace.traces import Clock, TraceWriter
from posttrace.traces.events import AgentStep
from posttrace.traces.events.agent import ToolCall, ToolResult
from tests.analysis.routes.made import Story
from tests.analysis.routes.stories_python import TRL_GRPO, TRL_SFT
from tests.analysis.written import finished, started

Steps = list[tuple[float, AgentStep]]


def step(t_s: float, name: str, arguments: Any, **result: Any) -> Steps:
    """A call at a time, and its answer 5 s later where there is one."""
    call = ToolCall(id=f"c{t_s}", name=name, arguments=arguments)
    found = [(t_s, AgentStep(source="agent", tool_calls=[call]))]
    if result:
        answer = ToolResult(**({"id": call.id, "content": ""} | result))
        found.append((t_s + 5, AgentStep(source="user", results=[answer])))
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "argv"),
    [
        ("Bash", {"command": "ls -l"}, ("bash", "-c", "ls -l")),
        ("shell", {"command": ["bash", "-lc", "python a.py"]}, ("bash", "-c", "python a.py")),
        ("shell", {"command": ["cp", "-r", "a b", "c"]}, ("bash", "-c", "cp -r 'a b' c")),
        ("exec_command", '{"cmd": "make train"}', ("bash", "-c", "make train")),
        ("run_shell_command", "echo hi", ("bash", "-c", "echo hi")),
        ("execute_ipython_cell", {"code": "train()"}, ("python", "-c", "train()")),
        ("Read", {"file_path": "a.py"}, None),
        ("str_replace_based_edit_tool", {"command": "create", "path": "a.py", "file_text": ""}, None),
        ("Bash", {"command": ["a", 1]}, None),
        ("Bash", 7, None),
    ],
)
def test_calls_of_a_shell(name: str, arguments: Any, argv: tuple[str, ...] | None) -> None:
    found = [process.argv for process in typed(step(10.0, name, arguments), None, 2.0)]
    assert found == ([argv] if argv else [])


@pytest.mark.parametrize(
    ("result", "exit_code"),
    [
        ({}, None),
        ({"content": "fine", "is_error": False}, 0),
        ({"content": "no", "is_error": True}, 1),
        ({"content": "...\nExit code: 137"}, 137),
        ({"content": "Traceback (most recent call last):\n  ...\nValueError: x"}, 1),
        ({"content": "who knows"}, None),
    ],
)
def test_how_a_call_ended(result: dict[str, Any], exit_code: int | None) -> None:
    (process,) = typed(step(10.0, "Bash", {"command": "python a.py"}, **result), None, 2.0)
    assert process.exit_code == exit_code
    assert (process.started_s, process.typed_s) == (8.0, 10.0)
    assert process.ended_s == (15.0 if result else float("inf"))


def test_what_is_left_running_has_no_end() -> None:
    background = step(1.0, "Bash", {"command": "python a.py > log &"}, is_error=False)
    asked = step(20.0, "Bash", {"command": "python a.py", "run_in_background": True}, is_error=False)
    both = step(40.0, "Bash", {"command": "a && b 2>&1"}, is_error=False)
    ends = [process.ended_s for process in typed([*background, *asked, *both], None, 2.0)]
    assert ends == [float("inf"), float("inf"), 45.0]


def test_a_folder_holds_where_the_shell_lives_on() -> None:
    steps = [
        *step(1.0, "Bash", {"command": "cd /w/code && ls"}),
        *step(2.0, "Bash", {"command": "python a.py"}),
        *step(3.0, "shell", {"command": "python a.py", "workdir": "/w/other"}),
    ]
    assert [process.cwd for process in typed(steps, "/w", 0.0)] == ["", "code", "other"]


def test_a_command_that_was_seen_as_a_process() -> None:
    (command,) = typed(step(10.0, "Bash", {"command": "cd code; python train.py --lr 1"}), None, 2.0)
    seen = Process(1, None, ("/usr/bin/python3", "train.py", "--lr", "1"), "code", 9.5, 20.0)
    later = Process(1, None, ("/usr/bin/python3", "other.py"), "code", 9.5, 20.0)
    assert covered(command, [seen], 2.0)
    assert not covered(command, [later], 2.0)
    assert not covered(command, [Process(1, None, seen.argv, "code", 2.0, 20.0)], 2.0)


def last(*steps: Steps) -> dict[str, str]:
    """The files that are known at the end."""
    found = snapshots([item for part in steps for item in part], "/w")
    return {path: content.decode() for path, content in found[-1][1].items()} if found else {}


def test_files_that_editors_write_and_change() -> None:
    assert last(
        step(1.0, "Write", {"file_path": "/w/a.py", "content": "x = 1\nx = 1\n"}),
        step(2.0, "Edit", {"file_path": "/w/a.py", "old_string": "x = 1", "new_string": "x = 2"}),
        step(3.0, "Edit", {"file_path": "/w/unknown.py", "old_string": "a", "new_string": "b"}),
        step(4.0, "Write", {"file_path": "/w/no.py", "content": "failed"}, is_error=True),
    ) == {"a.py": "x = 2\nx = 1\n"}


def test_files_in_command_lines() -> None:
    text = "mkdir code\ncat > code/a.py <<'EOF'\nprint(1)\nEOF\ntee b.sh <<END\nls\nEND\npython code/a.py"
    written = step(1.0, "Bash", {"command": text})
    assert last(written) == {"code/a.py": "print(1)\n", "b.sh": "ls\n"}
    (process,) = typed(written, "/w", 0.0)
    assert "print(1)" not in process.argv[-1]
    assert "python code/a.py" in process.argv[-1]


def test_files_in_patches() -> None:
    new = "*** Begin Patch\n*** Add File: a.py\n+one\n+two\n+three\n*** End Patch"
    change = "*** Begin Patch\n*** Update File: a.py\n@@\n one\n-two\n+2\n three\n*** End Patch"
    added, changed = step(1.0, "apply_patch", {"input": new}), step(2.0, "shell", {"command": change})
    assert last(added) == {"a.py": "one\ntwo\nthree\n"}
    assert last(added, changed) == {"a.py": "one\n2\nthree\n"}
    gone = step(3.0, "apply_patch", {"patch": "*** Begin Patch\n*** Delete File: a.py\n*** End Patch"})
    assert last(added, gone) == {}


def test_the_workspace_is_where_files_were_written() -> None:
    steps = step(1.0, "Write", {"file_path": "/home/x/code/a.py", "content": ""})
    assert root_of(steps) == "/home/x"
    assert root_of([*steps, *step(2.0, "Write", {"file_path": "/home/x/b.md", "content": ""})]) == "/home/x"
    assert root_of(step(1.0, "Write", {"file_path": "a.py", "content": ""})) is None


def test_an_imported_run_is_told_by_its_steps_alone(tmp_path: Path) -> None:
    """No revisions, no processes, no hashes: the agent wrote two scripts and ran them."""
    story = Story(tmp_path / "run")
    story.call(5, "Write", {"file_path": "/runs/r/workspace/code/sft.py", "content": TRL_SFT}, 5.1)
    story.step(6, "python code/sft.py", 40, "saved")
    story.step(41, f"cat > code/grpo.py <<'EOF'{TRL_GRPO}EOF", 41.1)
    story.step(42, "python code/grpo.py output/sft output/rl", 80, "saved")
    story.submit(1, 82, "output/rl", "", 60.0)
    found = story.told(read_command)
    route = found.submissions[1]
    assert (route.label, route.tier, found.attempted) == ("sft>grpo", "B", ("sft", "grpo"))
    assert route.evidence[0].path == "code/grpo.py"
    assert "the agent's steps wrote" in (found.problem or "")


def test_code_that_is_edited_between_two_commands(tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    broken = TRL_SFT.replace("SFTTrainer(", "SFTTrainr(")
    story.call(5, "Write", {"file_path": "/runs/r/workspace/code/sft.py", "content": broken}, 5.1)
    story.step(6, "python code/sft.py", 9, "Traceback (most recent call last):\nNameError", True)
    edit = {
        "file_path": "/runs/r/workspace/code/sft.py",
        "old_string": "SFTTrainr(",
        "new_string": "SFTTrainer(",
    }
    story.call(10, "Edit", edit, 10.1)
    story.step(11, "python code/sft.py", 40, "saved")
    story.submit(1, 82, "output/sft", "", 60.0)
    assert story.told(read_command).submissions[1].label == "sft"


def test_an_imported_run_without_an_end_or_submissions_has_what_it_tried(tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    story.call(5, "Write", {"file_path": "/work/train.py", "content": TRL_SFT}, 5.1)
    story.step(6, "cd /work && python train.py", 40, "saved")
    found = story.told(read_command)
    assert (found.attempted, found.submitted) == (("sft",), None)


class Timeless(Clock):
    """Stamps nothing, as the clock of an imported record without times."""

    def stamp(self) -> tuple[Any, Any]:
        return None, None


def test_a_record_without_times_is_told_by_its_order(tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    story.call(5, "Write", {"file_path": "/runs/r/workspace/code/sft.py", "content": TRL_SFT}, 5.1)
    story.step(6, "python code/sft.py", 40, "saved")
    story.submit(1, 50, "output/sft", "", 40.0)
    story.call(51, "Write", {"file_path": "/runs/r/workspace/code/rl.py", "content": TRL_GRPO}, 51.1)
    story.step(52, "python code/rl.py output/sft output/sft", 80, "saved")
    story.submit(2, 90, "output/sft", "", 60.0)
    story.folder.mkdir()
    with TraceWriter(story.folder / "trace.jsonl", clock=Timeless()) as writer:
        for event in [
            started(),
            *(event for _, event in sorted(story.events, key=itemgetter(0))),
            finished(),
        ]:
            writer.write(event)
    found = pt.routes(pt.load(story.folder)).of("c-s0-a1")
    assert [found.submissions[n].label for n in (1, 2)] == ["sft", "sft>grpo"]
