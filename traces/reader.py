"""Reading a trace as a stream: constant memory, unwanted kinds skipped by their first bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, Union, cast, get_args

import msgspec

from posttrace.traces.chain import GENESIS, LINE_LIMIT, split, stated_hash, verify
from posttrace.traces.errors import ChainError, TraceError
from posttrace.traces.events import AnyEvent, Event
from posttrace.traces.lines import Lines

ALL_KINDS: Final[tuple[type[Event], ...]] = get_args(AnyEvent)
_TYPE_FIRST: Final = b'{"type":"'


def read_events(
    path: Path, kinds: Collection[type[Event]] | None = None, *, verify: bool = True
) -> Iterator[AnyEvent]:
    """Yield the events of a trace in order, of the given kinds only; see ``TraceReader``."""
    return iter(TraceReader(path, kinds, verify=verify))


class TraceReader:
    """Yields the events of one trace; afterwards it tells what the file was like.

    A torn last line (a write that a kill cut short) is dropped, and ``torn`` says so. Lines of other kinds
    than wanted are passed over without parsing, but with ``verify`` (the default) their hashes are checked
    all the same. Memory does not grow with the file.

    Raises ``ChainError`` at the first line that does not follow from the one before, after yielding the
    events before it, and ``TraceError`` for a wanted line that is not a ``posttrace/1`` event; the text
    begins ``path:line:``. Without ``verify`` a changed line may come back as if it were recorded. An intact
    chain shows neither a full rewrite nor a cut at a line end: for that, compare ``head`` with one kept
    elsewhere.
    """

    def __init__(
        self, path: Path, kinds: Collection[type[Event]] | None = None, *, verify: bool = True
    ) -> None:
        wanted = ALL_KINDS if kinds is None else tuple(kinds)
        self.path = path
        self.verify = verify
        self.n_lines = 0
        """Complete lines seen so far."""
        self.head = GENESIS
        """Hash that the last complete line seen states."""
        self.torn = False
        """Whether bytes without a newline follow the last complete line; known at the end."""
        self.broken: str | None = None
        """``path:line: what`` of the line where the chain broke."""
        # Without a choice every line is decoded, so that an unknown kind is an error.
        self._prefixes = (b"",) if kinds is None else tuple(type_prefix(kind) for kind in wanted)
        self._decoder = event_decoder(wanted or ALL_KINDS)

    def __iter__(self) -> Iterator[AnyEvent]:
        lines = Lines(self.path)
        previous, line = GENESIS.encode(), b""
        self.n_lines = 0
        try:
            for line in lines:
                self.n_lines += 1
                wanted = line.startswith(self._prefixes)
                if not (self.verify or wanted):
                    continue
                if self.verify and not verify(previous, line):
                    raise self._break(line)
                previous = stated_hash(line)
                if wanted:
                    yield self._decode(line)
            self.torn = lines.torn_bytes > 0
        finally:
            if line:
                self.head = stated_hash(line).decode("ascii", "replace")

    def _decode(self, line: bytes) -> AnyEvent:
        sealed = split(line)
        if sealed is None:
            raise self._break(line)
        try:
            return decode(self._decoder, sealed.signed)
        except msgspec.DecodeError as error:
            raise TraceError(f"{self.path}:{self.n_lines}: not a posttrace/1 event: {error}") from error

    def _break(self, line: bytes) -> ChainError:
        what = "does not follow from the line before: one of the two was changed, or lines are missing"
        self.broken = f"{self.path}:{self.n_lines}: {not_a_line(line) if split(line) is None else what}"
        return ChainError(self.broken)


def type_prefix(kind: type[Event]) -> bytes:
    """Return the first bytes of every line of ``kind``."""
    return b'{"type":"%s"' % str(kind.__struct_config__.tag).encode()


def event_decoder(kinds: Collection[type[Event]] = ALL_KINDS) -> msgspec.json.Decoder[Any]:
    """Return a decoder of the given kinds, told apart by ``type``."""
    return msgspec.json.Decoder(Union[tuple(kinds)])  # noqa: UP007 - the members are known at run time only


def decode(decoder: msgspec.json.Decoder[Any], signed: bytes) -> AnyEvent:
    """Decode a line without its seal; ``msgspec.DecodeError`` says what is wrong with it."""
    if not signed.startswith(_TYPE_FIRST):
        raise msgspec.DecodeError("the line does not begin with its type")
    try:
        return cast(AnyEvent, decoder.decode(signed + b"}"))
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two through
        raise msgspec.DecodeError(str(error)) from error


def not_a_line(line: bytes) -> str:
    """Say why ``split`` found no seal on ``line``."""
    return "has no hash at its end" if line else f"is longer than {LINE_LIMIT} bytes"
