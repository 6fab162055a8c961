"""Versions of model folders against sightings made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from posttrace.analysis.routes.record.models import (
    BASE,
    Sighting,
    Version,
    artifact_sha256,
    complete,
    in_artifacts,
    in_revisions,
    versions_of,
    weights_of,
)
from posttrace.runner.artifacts import hash_directory
from posttrace.traces.events import ArtifactFile, ArtifactObserved, CodeRevision
from posttrace.traces.events.code import SkippedFile

ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def versions(*sightings: Sighting, looked_s: tuple[float, ...] = ()) -> list[Version]:
    """Versions but for the base's place, which is always there."""
    found, _ = versions_of(sightings, looked_s=looked_s, given_until_s=1.0, base_path="models/base")
    return [version for version in found if version.path != "models/base"]


def listed(**sha256s: str | None) -> CodeRevision:
    files = [SkippedFile(path=f"{p}/w.safetensors", reason="binary", sha256=s) for p, s in sha256s.items()]
    return CodeRevision(commit="c", parent=None, trigger="watch", files=[], skipped=files)


def test_sightings_of_the_same_weights_are_one_version() -> None:
    (only,) = versions(Sighting("a", "x", 5.0), Sighting("a", "x", 9.0, written_s=4.0))
    assert (only.after_s, only.seen_s, only.last_s, only.window) == (0.0, 5.0, 9.0, (4.0, 4.0))


def test_a_change_begins_a_version_after_the_last_sighting_of_the_one_before() -> None:
    first, second = versions(Sighting("a", "x", 5.0), Sighting("a", "x", 7.0), Sighting("a", "y", 9.0))
    assert (first.window, second.window) == ((0.0, 5.0), (7.0, 9.0))


def test_what_a_whole_list_lacked_was_written_later() -> None:
    (only,) = versions(Sighting("a", "x", 5.0), looked_s=(2.0, 4.0, 6.0))
    assert only.window == (4.0, 5.0)


def test_a_time_of_the_file_that_cannot_be_is_not_believed() -> None:
    """``cp -p`` keeps the time of the original: at 1 s there was something else in this folder."""
    _, copy = versions(Sighting("a", "x", 5.0), Sighting("a", "y", 9.0, written_s=1.0))
    assert copy.window == (5.0, 9.0)


def test_weights_like_those_of_the_base_are_the_base() -> None:
    found = versions(
        Sighting("models/base", "b", 0.5), Sighting("a", "b", 5.0), Sighting("c", "z", 6.0, is_base=True)
    )
    assert [version.weights for version in found] == [BASE, BASE]


def test_what_was_there_at_the_start_is_given() -> None:
    found = versions(Sighting("models/teacher", "t", 0.5), Sighting("a", "x", 5.0))
    assert [(version.path, version.given) for version in found] == [("models/teacher", True), ("a", False)]


def test_names_of_weight_files_do_not_matter() -> None:
    assert weights_of(["2", "1"]) == weights_of(["1", "2", "2"])
    assert weights_of(["1"]) == "1"


def test_the_artefact_hash_is_that_of_the_grader(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "a.safetensors").write_bytes(b"\0" * 5)
    reference, files = hash_directory(tmp_path)
    assert artifact_sha256(reversed(files)) == reference.sha256


def test_revisions_list_weights_by_difference() -> None:
    events = [(1.0, listed(a="x")), (2.0, listed()), (3.0, listed(b="y")), (4.0, listed(a="z"))]
    assert list(in_revisions(events)) == [
        Sighting("a", "x", 1.0),
        Sighting("b", "y", 3.0),
        Sighting("a", "z", 4.0),
    ]


def test_a_shard_without_a_hash_leaves_a_folder_unknown() -> None:
    events = [(1.0, listed(a=None))]
    assert list(in_revisions(events)) == []
    assert complete(events) == ()
    assert complete([(1.0, listed(a="x"))]) == (1.0,)


@pytest.mark.parametrize(
    ("stamp", "written_s"),
    [("2026-01-01T00:00:07Z", 7.0), ("noon", None), (None, None), ("2026", None)],
)
def test_times_of_files_on_the_clock_of_the_run(stamp: str | None, written_s: float | None) -> None:
    files = [ArtifactFile(path="w.safetensors", bytes=1, sha256="x")]
    event = ArtifactObserved(path="./output/a", files=files, model=None, mtime=stamp)
    ((_, sighting),) = in_artifacts([(9.0, event)], ZERO)
    expected = Sighting("output/a", "x", 9.0, written_s, artifact=artifact_sha256(files), files=tuple(files))
    assert sighting == expected
