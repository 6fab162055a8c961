"""The hash chain of a trace, on bytes: no line has to be parsed to be checked.

A line is ``<signed>,"hash":"<64 hex>"}\\n``. ``signed`` is the encoded event without its closing brace, and
the hash is SHA-256(hash of the line before, as 64 hex characters + ``signed``); before the first line
stand 64 zeros.

What the chain shows: any changed, inserted, dropped or reordered line before the last, at its place. What
it cannot show by itself: a rewrite of everything from some line on (the hashes need no secret), or a cut at
a line end. Those need an anchor: a head hash kept where the writer of the file cannot reach it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple

GENESIS: Final = "0" * 64
"""Stands for the hash of the line before the first."""

LINE_LIMIT: Final = 8 * 1024 * 1024
"""Most bytes a line may have, its newline included."""

_OPEN: Final = b',"hash":"'
_CLOSE: Final = b'"}\n'
_HASH_END: Final = -len(_CLOSE)
_HASH_START: Final = _HASH_END - len(GENESIS)
_SIGNED_END: Final = _HASH_START - len(_OPEN)

SEAL_BYTES: Final = -_SIGNED_END - 1
"""What sealing adds to an encoded event, newline included; the closing brace moves."""


class Sealed(NamedTuple):
    """A line taken apart."""

    signed: bytes
    """The encoded event without its closing brace."""
    hash: bytes
    """The 64 characters the line states; not yet checked."""


def seal(previous_hash: bytes | str, body: bytes) -> bytes:
    """Return the complete line of ``body``, an encoded JSON object with at least one key."""
    signed = body[:-1]
    return b"".join((signed, _OPEN, digest(previous_hash, signed), _CLOSE))


def digest(previous_hash: bytes | str, signed: bytes) -> bytes:
    """Return the 64 hex characters that ``signed`` must carry after ``previous_hash``."""
    before = previous_hash.encode() if isinstance(previous_hash, str) else previous_hash
    return sha256(before + signed).hexdigest().encode()


def split(line: bytes) -> Sealed | None:
    """Take a complete line (with its newline) apart by position; None when it has no seal."""
    if not line.endswith(_CLOSE) or line[_SIGNED_END:_HASH_START] != _OPEN:
        return None
    return Sealed(line[:_SIGNED_END], line[_HASH_START:_HASH_END])


def stated_hash(line: bytes) -> bytes:
    """Return the 64 characters where a sealed line states its hash."""
    return line[_HASH_START:_HASH_END]


def verify(previous_hash: bytes | str, line: bytes) -> bool:
    """Tell whether a complete line follows from the line whose hash is ``previous_hash``."""
    return line.endswith(b"".join((_OPEN, digest(previous_hash, line[:_SIGNED_END]), _CLOSE)))
