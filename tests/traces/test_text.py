from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces.text import as_text, shorten


@given(st.text())
def test_text_is_itself(text: str) -> None:
    assert as_text(text) == (text, None)
    assert as_text(text.encode()) == (text, None)


@given(st.binary())
def test_bytes_come_back_exactly(raw: bytes) -> None:
    text, twin = as_text(raw)
    text.encode()  # JSON can carry it
    assert (base64.b64decode(twin) if twin is not None else text.encode()) == raw
    assert as_text(os.fsdecode(raw)) == (text, twin)


def test_the_form_by_hand() -> None:
    assert as_text(b"caf\xe9") == ("caf\\xe9", "Y2Fm6Q==")


def test_a_surrogate_that_stands_for_no_byte() -> None:
    """JSON of an agent can hold half a surrogate pair; its three-byte form is ED A0 80."""
    assert as_text("\ud800") == ("\\xed\\xa0\\x80", base64.b64encode(b"\xed\xa0\x80").decode())


@given(st.text(max_size=400), st.integers(0, 300))
def test_shortened_text_keeps_head_and_tail_and_counts_what_is_gone(text: str, keep: int) -> None:
    short, cut = shorten(text, keep)
    size = len(text.encode())
    if size <= keep:
        assert (short, cut) == (text, 0)
        return
    head, tail = short.split(f"\n[... {cut} bytes cut ...]\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head.encode()) + len(tail.encode()) + cut == size
    # At most three bytes of a straddling character are lost on each side, and one to an odd limit.
    assert keep - 7 <= len(head.encode()) + len(tail.encode()) <= keep


@pytest.mark.parametrize("keep", [10, 11])
def test_shorten_by_hand(keep: int) -> None:
    assert shorten("abcdefghijklmnop", keep) == ("abcde\n[... 6 bytes cut ...]\nlmnop", 6)
