"""Text that JSON can carry: bytes that are not UTF-8, and strings too long for a line."""

from __future__ import annotations

import base64


def as_text(value: bytes | str) -> tuple[str, str | None]:
    """Return ``value`` as text, and its exact bytes in base64 when the text is not exact.

    Bytes that are not UTF-8 come as ``\\xNN`` (backslashreplace). A ``str`` may hold such bytes as surrogates
    (``os.fsdecode`` makes them); other lone surrogates count as their three-byte form.
    """
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return as_text(_surrogate_bytes(value))
        return value, None
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return value.decode(errors="backslashreplace"), base64.b64encode(value).decode()


def _surrogate_bytes(value: str) -> bytes:
    try:
        return value.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return value.encode(errors="surrogatepass")


def shorten(text: str, keep_bytes: int) -> tuple[str, int]:
    """Keep head and tail of ``text``, about ``keep_bytes`` of UTF-8 in all; return it and the bytes cut.

    The place of the cut is marked in the text. Text of at most ``keep_bytes`` comes back as it is, with 0.
    """
    if len(text) * 4 <= keep_bytes:
        return text, 0
    raw = text.encode()
    if len(raw) <= keep_bytes:
        return text, 0
    # A character that straddles the cut is dropped whole.
    head = raw[: keep_bytes // 2].decode(errors="ignore")
    tail = raw[len(raw) - keep_bytes // 2 :].decode(errors="ignore")
    cut = len(raw) - len(head.encode()) - len(tail.encode())
    return f"{head}\n[... {cut} bytes cut ...]\n{tail}", cut
