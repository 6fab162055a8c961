"""Runs whose lineage is known by construction: each has the route that it was made to have."""

from __future__ import annotations

from pathlib import Path

import pytest

from posttrace.analysis.routes.static import read_command
from tests.analysis.routes import stories_parents, stories_partial, stories_python
from tests.analysis.routes.made import Story
from tests.analysis.routes.scripted import read
from tests.analysis.routes.stories import STORIES, Known


@pytest.mark.parametrize("known", STORIES.values(), ids=STORIES)
def test_a_run_has_the_route_that_it_was_made_to_have(known: Known, tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    known.tell(story)
    found = story.told(read_command if known.real else read)
    route = found.submitted
    assert route is not None
    assert (route.label, found.attempted, route.tier) == (known.route, known.attempted, known.tier)
    assert {name: route.attributes.get(name) for name in known.attributes} == dict(known.attributes)
    assert route.candidates[: len(known.candidates)] == known.candidates
    assert set(known.rules) <= {fact.rule for fact in route.evidence}


def test_there_are_enough_of_them() -> None:
    assert len(STORIES) >= 40
    modules = {known.tell.__module__ for known in STORIES.values()}
    assert modules > {part.__name__ for part in (stories_parents, stories_partial, stories_python)}


def test_what_died_is_never_the_main_evidence(tmp_path: Path) -> None:
    story = Story(tmp_path / "run")
    STORIES["a_model_that_only_a_dead_script_can_explain"].tell(story)
    route = story.told().submissions[1]
    assert route.evidence[0].path == "output/other"
    assert route.candidates == ()
