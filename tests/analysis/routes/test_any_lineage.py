"""Runs of commands drawn at random: what was seen in full has its route, and gaps never give a wrong one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.analysis.routes.made import Story

FOLDERS = ("output/a", "output/b", "output/c", "output/d")
OBJECTIVES = ("sft", "dpo", "grpo", "ppo", "pretrain", "distill")
Stages = tuple[str, ...]


@dataclass
class Told:
    """A run as it goes on, and what each folder truly holds: (content, objectives in order)."""

    story: Story
    dated: bool
    now: float = 10.0
    held: dict[str, tuple[str, Stages]] = field(default_factory=lambda: {"models/base": ("base", ())})
    scripts: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def does(self, draw: st.DrawFn, *, gaps: bool) -> None:
        """One command more: a training or a copy; with ``gaps`` it may not be seen."""
        source = draw(st.sampled_from(sorted(self.held)))
        target = draw(st.sampled_from(FOLDERS))
        start_s, end_s = self.now, self.now + 10
        self.now += 20
        self.count += 1
        if draw(st.integers(0, 3)) == 0:
            self.held[target] = self.held[source]
        else:
            name, objective = f"s{self.count}", draw(st.sampled_from(OBJECTIVES))
            self.scripts[name] = f"read {source}\nstage {objective}\nwrite {target}"
            self.story.code(start_s - 0.5, **self.scripts)
            if gaps:  # else a revision tells of every model that was there
                self.story.events[-1][1].extra = {"skipped_omitted": 1}
            how = draw(st.sampled_from(["seen", "typed", "unseen"])) if gaps else "seen"
            if how == "seen":
                self.story.ran(start_s, end_s, f"code/{name}.py")
            elif how == "typed":
                self.story.step(start_s, f"python code/{name}.py", end_s)
            self.held[target] = (f"w{self.count}", (*self.held[source][1], objective))
        self._sees(target, end_s)

    def _sees(self, folder: str, at_s: float) -> None:
        self.story.model(at_s + 1, folder, self.held[folder][0], at_s - 0.5 if self.dated else None)


def label(stages: Stages) -> str:
    return ">".join(name for name, _ in groupby(stages)) or "no_train"


@st.composite
def runs(draw: st.DrawFn, *, gaps: bool) -> tuple[Story, str]:
    """A run, and the route of its only submission; with ``gaps`` files may have no dates either."""
    told = Told(Story(Path(tempfile.mkdtemp()) / "run"), dated=not gaps or draw(st.booleans()))
    told.story.start()
    for _ in range(draw(st.integers(1, 7))):
        told.does(draw, gaps=gaps)
    folder = draw(st.sampled_from(sorted(told.held)))
    content, stages = told.held[folder]
    told.story.submit(1, told.now, folder, content)
    note(f"dated: {told.dated}; {told.scripts}")
    return told.story, label(stages)


slow = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(runs(gaps=False))
def test_what_was_seen_in_full_has_its_route(run: tuple[Story, str]) -> None:
    story, expected = run
    assert story.told().submissions[1].label == expected


@slow
@given(runs(gaps=True))
def test_gaps_never_give_a_wrong_route(run: tuple[Story, str]) -> None:
    story, expected = run
    route = story.told().submissions[1]
    assert route.label in (expected, "unknown")
