from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces.chain import GENESIS, SEAL_BYTES, seal, split, stated_hash, verify

BODIES = st.dictionaries(st.text(), st.integers() | st.text(), min_size=1).map(
    lambda body: json.dumps(body).encode()
)


def test_a_line_by_hand() -> None:
    """The rule of the format, step by step with hashlib alone."""
    first = hashlib.sha256(b"0" * 64 + b'{"type":"a"').hexdigest()
    assert seal(GENESIS, b'{"type":"a"}') == b'{"type":"a","hash":"' + first.encode() + b'"}\n'
    second = hashlib.sha256(first.encode() + b'{"type":"b","x":[1]').hexdigest()
    assert seal(first, b'{"type":"b","x":[1]}').endswith(f',"hash":"{second}"}}\n'.encode())


def test_two_lines_pinned() -> None:
    """Computed once with ``printf '%064d{"type":"a"' 0 | sha256sum``: the rule must not drift."""
    line = seal(GENESIS, b'{"type":"a"}')
    assert stated_hash(line) == b"ae1450d70df55328be1d0218c900be0ff66406cad0b091255bbfca14f55cfa79"


@given(BODIES)
def test_a_sealed_line_verifies_and_splits(body: bytes) -> None:
    line = seal(GENESIS, body)
    sealed = split(line)
    assert verify(GENESIS, line)
    assert sealed is not None
    assert sealed.signed + b"}" == body
    assert sealed.hash == stated_hash(line)
    assert len(line) == len(body) + SEAL_BYTES
    assert json.loads(line) == {**json.loads(body), "hash": sealed.hash.decode()}


@given(BODIES, st.data())
def test_any_other_byte_anywhere_fails(body: bytes, data: st.DataObject) -> None:
    line = seal(GENESIS, body)
    at = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[at]))
    assert not verify(GENESIS, line[:at] + bytes([other]) + line[at + 1 :])


@given(st.binary(max_size=200))
def test_other_bytes_have_no_seal(noise: bytes) -> None:
    assert split(noise) is None
    assert not verify(GENESIS, noise)


def test_a_line_does_not_follow_another() -> None:
    line = seal(GENESIS, b'{"type":"a"}')
    assert not verify("1" * 64, line)
