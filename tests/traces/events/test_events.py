"""Every kind, with any content its fields allow, reads back from a trace as it was written."""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from posttrace.traces import TraceWriter, read_events
from posttrace.traces.events import AnyEvent, Event

KINDS: tuple[type[Event], ...] = get_args(AnyEvent)
STAMPS = ("seq", "ts", "t_s")

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=20),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}
JSON = st.recursive(
    st.one_of([PLAIN[kind] for kind in (type(None), bool, int, float, str)]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(PLAIN[str], inner, max_size=2),
    max_leaves=4,
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return what a field with this annotation may hold; a new sort of annotation is an error here."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return JSON
    if hint in PLAIN:
        return PLAIN[hint]
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values(one) for one in inside])
    if origin is Literal:
        return st.sampled_from(inside)
    if origin is list:
        return st.lists(values(inside[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values(inside[0]), values(inside[1]), max_size=3)
    if origin is typing.Annotated:
        return values(inside[0])
    assert issubclass(hint, msgspec.Struct), hint
    hints = get_type_hints(hint)
    names = [field.name for field in msgspec.structs.fields(hint) if field.name not in STAMPS]
    return st.builds(hint, **{name: values(hints[name]) for name in names})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__struct_config__.tag)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_event_reads_back(
    tmp_path_factory: pytest.TempPathFactory, kind: type[Event], data: st.DataObject
) -> None:
    event = data.draw(values(kind))
    with TraceWriter(tmp_path_factory.mktemp("event") / "trace.jsonl") as writer:
        written = writer.write(event)
    [back] = read_events(writer.path)
    assert back == written
    assert type(back) is kind
    # But for its stamps it is the very event that was handed over.
    assert replace(back, seq=event.seq, ts=event.ts, t_s=event.t_s) == event


def test_there_is_one_kind_for_each_tag_of_the_format() -> None:
    """As the design lists them, with the start of a rescoring."""
    assert sorted(str(kind.__struct_config__.tag) for kind in KINDS) == [
        "agent.step",
        "artifact.observed",
        "baseline.evaluated",
        "code.revision",
        "integrity.flag",
        "log.metrics",
        "process.observed",
        "rescore.started",
        "resource.sample",
        "run.finished",
        "run.started",
        "submission.graded",
        "submission.received",
        "submission.rescored",
    ]
