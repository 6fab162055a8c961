from __future__ import annotations

import json
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces.chain import LINE_LIMIT, seal
from posttrace.traces.encode import Encoder
from posttrace.traces.errors import TraceError
from posttrace.traces.events import (
    AgentStep,
    AnyEvent,
    IntegrityFlag,
    LogMetrics,
    ProcessObserved,
    SubmissionGraded,
    SubmissionReceived,
    ToolCall,
    ToolResult,
)
from posttrace.traces.events.metrics import number
from posttrace.traces.reader import event_decoder

PLAIN = Encoder({})
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def process(argv: list[str], **fields: object) -> ProcessObserved:
    empty = dict.fromkeys(("ppid", "cwd", "started_s", "ended_s", "exit_code"))
    return ProcessObserved(pid=1, argv=argv, interval_s=0.5, **{**empty, **fields})  # type: ignore[arg-type]


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_what_is_encoded_reads_back(evidence: dict[str, object]) -> None:
    event, body = PLAIN.encode(IntegrityFlag(kind="x", evidence=evidence))
    assert event_decoder().decode(body) == event
    assert event.evidence == evidence
    assert body.startswith(b'{"type":"integrity.flag","seq":')


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_a_non_finite_number_is_an_error_that_names_its_field(x: float) -> None:
    graded = SubmissionGraded(submission_id=1, status="graded", split="feedback", score=x)
    with pytest.raises(TraceError, match=rf"submission\.graded\.score is {x}, .* write null"):
        PLAIN.encode(graded)
    with pytest.raises(TraceError, match=r"integrity\.flag\.evidence\.a\[1\]\.b is"):
        PLAIN.encode(IntegrityFlag(kind="x", evidence={"a": [0, {"b": x}]}))
    with pytest.raises(TraceError, match=r"log\.metrics\.values\.loss is .*number"):
        PLAIN.encode(LogMetrics(source="s", step=1, values={"loss": x}))


def test_metrics_carry_non_finite_numbers_by_name() -> None:
    values = {"a": number(math.nan), "b": number(math.inf), "c": number(-math.inf), "d": number(0.5)}
    _, body = PLAIN.encode(LogMetrics(source="s", step=None, values=values))
    assert json.loads(body)["values"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": 0.5}


def test_a_wrong_type_is_an_error_that_names_its_field() -> None:
    with pytest.raises(TraceError, match=r"submission\.received cannot be written: .*\$\.submission_id"):
        PLAIN.encode(SubmissionReceived(submission_id="1", path="p"))  # type: ignore[arg-type]


def test_numpy_numbers_are_numbers_and_other_objects_an_error() -> None:
    _, body = PLAIN.encode(IntegrityFlag(kind="x", evidence={"a": np.float64(0.5), "b": np.arange(2)}))
    assert json.loads(body)["evidence"] == {"a": 0.5, "b": [0, 1]}
    with pytest.raises(TraceError, match="objects of type object are not JSON"):
        PLAIN.encode(IntegrityFlag(kind="x", evidence={"a": object()}))


def test_a_cycle_is_an_error() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    with pytest.raises(TraceError, match=r"integrity\.flag cannot be written"):
        PLAIN.encode(IntegrityFlag(kind="x", evidence=loop))


def test_lone_surrogates_are_written_as_escapes() -> None:
    event, body = PLAIN.encode(process(["caf\udce9", "\ud800"]))
    assert event.argv == ["caf\\xe9", "\\xed\\xa0\\x80"]
    assert json.loads(body)["argv"] == event.argv


def test_secrets_are_gone_from_every_string_key_and_twin() -> None:
    encoder = Encoder({"KEY": "s3cret"})
    event, body = encoder.encode(
        process(["--k=s3cret"], argv_b64=["LS1rPXMzY3JldA=="], extra={"s3cret": {"deep": ["s3cret"]}})
    )
    assert b"s3cret" not in body
    assert event.argv == ["--k=<secret:KEY>"]
    assert event.argv_b64 == ["LS1rPTxzZWNyZXQ6S0VZPg=="]  # base64 of --k=<secret:KEY>
    assert event.extra == {"<secret:KEY>": {"deep": ["<secret:KEY>"]}}


def test_a_secret_that_spells_a_fixed_value_is_an_error() -> None:
    graded = SubmissionGraded(submission_id=1, status="error", split="sealed")
    with pytest.raises(TraceError, match=r"submission\.graded cannot be written: .*\$\.split"):
        Encoder({"MODE": "sealed"}).encode(graded)


def test_the_kind_is_never_redacted() -> None:
    _, body = Encoder({"KEY": "flag"}).encode(IntegrityFlag(kind="a flag"))
    assert body.startswith(b'{"type":"integrity.flag",')
    assert json.loads(body)["kind"] == "a <secret:KEY>"


def fits(body: bytes) -> bool:
    return len(seal("0" * 64, body)) <= LINE_LIMIT


def test_a_string_of_100_mb_keeps_head_and_tail() -> None:
    text = "head" + "x" * 100_000_000 + "tail"
    event, body = PLAIN.encode(AgentStep(source="agent", message=text))
    assert fits(body)
    assert event.message is not None
    assert event.message.startswith("headxxx")
    assert event.message.endswith("xxxtail")
    # Four bytes a side more than the x: what is kept and what is cut add up to the text.
    marker = f"\n[... {event.truncated_bytes} bytes cut ...]\n"
    assert event.truncated_bytes == len(text) - (len(event.message) - len(marker))
    assert msgspec.json.decode(body, type=AgentStep) == event


def test_cut_bytes_are_counted_where_they_were_cut() -> None:
    big = "y" * (3 * LINE_LIMIT)
    step = AgentStep(
        source="agent",
        message="short",
        tool_calls=[ToolCall(id="1", name="sh", arguments={"stdin": big})],
        results=[ToolResult(id="1", content=big, truncated_bytes=5), ToolResult(id="2", content="ok")],
    )
    event, body = PLAIN.encode(step)
    assert fits(body)
    assert event.message == "short"
    assert event.results[1] == ToolResult(id="2", content="ok")
    assert event.results[0].truncated_bytes is not None
    assert event.truncated_bytes is not None
    # The result had lost 5 bytes before; both texts are cut alike.
    assert event.results[0].truncated_bytes - 5 == event.truncated_bytes > 2 * LINE_LIMIT


def test_an_event_without_a_field_for_it_says_so_in_extra() -> None:
    event, body = PLAIN.encode(process(["cat", "z" * (2 * LINE_LIMIT)], extra={"kept": 1}))
    assert fits(body)
    assert isinstance(event.extra, dict)
    assert event.extra["kept"] == 1
    assert LINE_LIMIT < event.extra["truncated_bytes"] < 2 * LINE_LIMIT


def test_many_control_characters_grow_sixfold_and_still_fit() -> None:
    event, body = PLAIN.encode(AgentStep(source="agent", message="\x01" * (4 * 1024 * 1024)))
    assert fits(body)
    assert event.truncated_bytes is not None


def test_a_secret_at_the_cut_does_not_survive_in_half() -> None:
    """Replaced before cutting: whatever the cut leaves, no 8 letters of the value are there."""
    value = "0123456789abcdef"
    _, body = Encoder({"KEY": value}).encode(AgentStep(source="a", message=value * 1_000_000))
    assert fits(body)
    assert b"01234567" not in body
    assert b"89abcdef" not in body


def test_an_overlong_twin_is_dropped_not_cut() -> None:
    event, _ = PLAIN.encode(process(["a"], argv_b64=["QUJD" * LINE_LIMIT]))
    assert event.argv_b64 is None
    assert isinstance(event.extra, dict)


def test_an_event_that_cutting_cannot_help_is_an_error() -> None:
    with pytest.raises(TraceError, match=r"log\.metrics has \d+ bytes"):
        PLAIN.encode(LogMetrics(source="s", step=0, values={str(i): 0.123456789 for i in range(600_000)}))


def test_every_golden_event_is_encoded_as_itself(events: list[AnyEvent]) -> None:
    for event in events:
        encoded, body = PLAIN.encode(event)
        assert encoded == event
        assert event_decoder().decode(body) == event
