"""Why a run has its routes: the graph, its JSON, and the tree that a person reads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import posttrace as pt
from posttrace.analysis.routes.explanation import Explanation
from posttrace.reports.terminal.explain import explanation_tree
from posttrace.traces.errors import InputError
from tests.analysis.routes.made import GRPO, SFT, Story, two_commands
from tests.analysis.routes.scripted import read


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A run to be explained."""
    return Story(tmp_path / "run")


def explained(story: Story) -> Explanation:
    return pt.routes(story.write(), read=read).explain("c-s0-a1", read=read)


def shown(explanation: Explanation) -> str:
    console = Console(width=200, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(explanation_tree(explanation))
    return capture.get()


def test_each_submission_leads_back_to_the_base(story: Story) -> None:
    two_commands(story)
    found = explained(story)
    assert [(n.key, n.kind, n.path) for n in found.nodes] == [
        ("model 1", "model", "output/sft"),
        ("base", "base", "models/base"),
        ("model 2", "model", "output/grpo"),
        ("submission 1", "submission", "output/sft"),
        ("submission 2", "submission", "output/grpo"),
    ]
    lines = [(e.sources, e.target, e.kind, e.stages, e.tier) for e in found.edges]
    assert lines == [
        (("base",), "model 1", "train", ("sft",), "B"),
        (("model 1",), "model 2", "train", ("grpo",), "B"),
        (("model 1",), "submission 1", "submit", (), "B"),
        (("model 2",), "submission 2", "submit", (), "B"),
    ]
    grpo = found.edges[1]
    assert (grpo.command, grpo.started_s, grpo.ended_s) == ("python3 code/b.py", 23, 40)
    assert grpo.evidence[0].where == f"code/b.py:2@{str(grpo.revision)[:8]}"
    assert grpo.rule == "stage"


def test_what_was_turned_down_has_its_reason(story: Story) -> None:
    two_commands(story, c="read models/base\nstage dpo\nwrite output/d")
    found = explained(story)
    (first,) = found.edges[0].rejected
    assert first.what.startswith("python3 code/b.py, 23.0 to 40.0 s (grpo)")
    assert first.why == "it did not run when output/sft was written, at 19.0 s"
    assert [(item.what, item.why) for item in found.aside] == [
        ("code/c.py (dpo)", "it was there and was not seen to run")
    ]


def test_a_training_that_led_nowhere_stands_aside(story: Story) -> None:
    story.start(a=SFT, b=GRPO)
    story.ran(5, 8, "code/b.py", exit_code=1)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s")
    (failed,) = explained(story).aside
    assert failed.what == "python3 code/b.py, 5.0 to 8.0 s (grpo)"
    assert failed.why == "it ended with exit code 1, and no model of it was submitted"


def test_an_unknown_model_shows_what_is_left_open(story: Story) -> None:
    anywhere = "read models/base\nstage {}\nwrite *"
    story.start(a=anywhere.format("sft"), b=anywhere.format("grpo"))
    for n, name in enumerate("ab"):
        story.ran(10 + n, 21, f"code/{name}.py")
    story.model(20, "output/m", "m", written_s=18)
    story.submit(1, 22, "output/m", "m")
    made = explained(story).edges[0]
    assert (made.kind, made.sources) == ("unexplained", ())
    open_ = [item.what for item in made.rejected if item.why.startswith("possible as well")]
    assert open_ == ["sft", "grpo"]


def test_a_merge_has_two_sources_and_a_copy_says_so(story: Story) -> None:
    two_commands(story, m="merge output/m output/sft output/grpo")
    story.ran(50, 52, "code/m.py")
    story.model(53, "output/m", "m", written_s=51)
    story.model(60, "output/best", "m", written_s=59)
    story.submit(3, 61, "output/best", "m")
    found = explained(story)
    (merge,) = [edge for edge in found.edges if edge.kind == "merge"]
    assert merge.sources == ("model 1", "model 2")
    assert found.edges[-1].rule == "copy"
    assert [n.also for n in found.nodes if n.path == "output/m"] == [("output/best",)]


def test_json_is_plain(story: Story) -> None:
    two_commands(story)
    data = explained(story).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == json.loads(json.dumps(data))
    assert data["schema"] == "posttrace-explanation/1"
    assert data["edges"][0]["evidence"][0]["where"].startswith("code/a.py:2@")


def test_the_tree_names_commands_evidence_and_what_was_turned_down(story: Story) -> None:
    two_commands(story)
    lines = shown(explained(story)).splitlines()
    assert lines[0] == "Routes of c-s0-a1"
    assert "submission 1: output/sft – sft" in lines[1]
    text = "\n".join(lines)
    assert "trained by grpo, tier B: python3 code/b.py, 23.0 to 40.0 s" in text
    assert "code/b.py:2@" in text
    assert "turned down" in text
    assert text.count("code/a.py:2@") == 1  # shown once, then named: see above
    assert "model 1: output/sft, seen at 21.0 s (see above)" in text


def test_a_long_chain_is_followed_without_recursion(story: Story) -> None:
    story.start(a="read $1\nstage sft\nwrite output/*")
    for n in range(300):
        source = f"output/r{n - 1}" if n else "models/base"
        story.ran(10.0 * n + 10, 10.0 * n + 18, "code/a.py", source)
        story.model(10.0 * n + 19, f"output/r{n}", f"w{n}", written_s=10.0 * n + 17)
    story.submit(1, 3100, "output/r299", "w299")
    found = explained(story)
    assert sum(edge.kind == "train" for edge in found.edges) == 300
    explanation_tree(found)


def test_submissions_without_content_and_of_the_base(story: Story) -> None:
    story.start(a=SFT)
    story.submit(1, 10, "output/x", "base")
    story.submit(2, 20, "output/y", "", score=None)
    found = explained(story)
    assert [edge.rule for edge in found.edges] == ["base_copy", "not_recorded"]
    assert [edge.sources for edge in found.edges] == [("base",), ()]


def test_a_run_that_goes_on_says_so(story: Story) -> None:
    two_commands(story)
    traces = story.write(finish=False)
    found = pt.routes(traces, read=read)
    assert "no run.finished" in (found.of("c-s0-a1").problem or "")
    assert found.runs["problem"].tolist() == [found.of("c-s0-a1").problem]
    assert "no run.finished" in shown(found.explain("c-s0-a1", read=read))


def test_an_unknown_run_is_an_error(story: Story) -> None:
    two_commands(story)
    with pytest.raises(InputError, match="no run nobody"):
        pt.routes(story.write(), read=read).explain("nobody")
