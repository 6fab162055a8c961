"""From an event to the bytes of its line: secrets out, text valid, numbers finite, size within the limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from posttrace.traces.chain import LINE_LIMIT, SEAL_BYTES
from posttrace.traces.errors import TraceError
from posttrace.traces.events import Event
from posttrace.traces.redact import Redactor
from posttrace.traces.text import as_text, shorten

BODY_LIMIT: Final = LINE_LIMIT - SEAL_BYTES
"""Most bytes of an encoded event, so that its line with seal and newline keeps to the limit."""
_LEAST_KEPT: Final = 256
"""Strings are never cut to fewer bytes than this; an event still too long is refused."""
_TWIN: Final = "_b64"

E = TypeVar("E", bound=Event)


class Encoder:
    """Encodes events, the same event always to the same bytes."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._redactor = Redactor(secrets)

    def encode(self, event: E) -> tuple[E, bytes]:
        """Return the event as it will be read back, and its encoded bytes (without a seal).

        Raises ``TraceError`` naming the field when a number is not finite, a value has the wrong type or
        cannot be JSON, or when the event is too long even with its strings cut.
        """
        kind = type(event).__struct_config__.tag
        try:
            plain = msgspec.to_builtins(event, str_keys=True, enc_hook=_scalar)
            record = {"type": plain.pop("type"), **self._clean(plain, str(kind))}
            record, body = _fit(record, str(kind))
            return msgspec.convert(record, type(event)), body
        except (msgspec.ValidationError, TypeError, OverflowError, RecursionError) as error:
            raise TraceError(f"{kind} cannot be written: {error}") from error

    def _clean(self, value: Any, where: str) -> Any:
        if isinstance(value, str):
            return self._redactor.text(as_text(value)[0])
        if isinstance(value, dict):
            return {
                self._clean(key, where): self._twin(item)
                if key.endswith(_TWIN)
                else self._clean(item, f"{where}.{key}")
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._clean(item, f"{where}[{index}]") for index, item in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            raise TraceError(f"{where} is {value}, which JSON cannot carry: {_advice(where)}")
        return value

    def _twin(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._twin(item) for item in value]
        return self._redactor.twin(as_text(value)[0]) if isinstance(value, str) else value


def _advice(where: str) -> str:
    if where.startswith("log.metrics.values"):
        return "write it by its name (events.metrics.number)"
    return "write null, with the reason in another field"


def _scalar(value: Any) -> Any:
    """Turn a numpy scalar or array, which a caller measured with, into plain numbers."""
    plain = getattr(value, "tolist", None)
    if plain is None:
        raise TypeError(f"objects of type {type(value).__name__} are not JSON")
    return plain()


def _fit(record: dict[str, Any], kind: str) -> tuple[dict[str, Any], bytes]:
    """Cut the longest strings, evenly, until the encoded record keeps to the limit."""
    body = msgspec.json.encode(record)
    kept = BODY_LIMIT // 2
    while len(body) > BODY_LIMIT:
        if kept < _LEAST_KEPT:
            raise TraceError(f"{kind} has {len(body)} bytes with its strings cut: a line holds {LINE_LIMIT}")
        shorter, cut = _shorten(record, kept)
        if cut:
            shorter["extra"] = {**shorter.get("extra", {}), "truncated_bytes": cut}
        body, kept = msgspec.json.encode(shorter), kept // 2
        if len(body) <= BODY_LIMIT:
            return shorter, body
    return record, body


def _shorten(value: Any, kept: int) -> tuple[Any, int]:
    """Cut every string longer than ``kept`` bytes; return the copy and the bytes cut but not yet accounted.

    The nearest object with a field ``truncated_bytes`` accounts for what was cut inside it.
    """
    if isinstance(value, str):
        return shorten(value, kept)
    if isinstance(value, list):
        parts = [_shorten(item, kept) for item in value]
        return [part for part, _ in parts], sum(cut for _, cut in parts)
    if not isinstance(value, dict):
        return value, 0
    fields = {
        key: _drop(item, kept) if key.endswith(_TWIN) else _shorten(item, kept) for key, item in value.items()
    }
    copy = {key: item for key, (item, _) in fields.items()}
    cut = sum(part for _, part in fields.values())
    before = copy.get("truncated_bytes", "")
    if cut and (before is None or isinstance(before, int)):
        copy["truncated_bytes"] = (before or 0) + cut
        return copy, 0
    return copy, cut


def _drop(value: Any, kept: int) -> tuple[Any, int]:
    """A base64 twin is exact or absent, never cut."""
    size = len(msgspec.json.encode(value))
    return (None, size) if size > kept else (value, 0)
