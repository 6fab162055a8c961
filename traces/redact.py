"""Named secrets never reach the record: each value is replaced by ``<secret:NAME>``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from posttrace.traces.text import as_text


class Redactor:
    """Replaces the values of named secrets in text.

    A value is found as it stands, as JSON writes it inside a string (a message may quote a config file),
    and as ``as_text`` writes it. Where found values overlap, the whole stretch is replaced, under the name
    of the longest, so that no part of any value is left. Empty values are ignored.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form: name for name, value in secrets.items() if value for form in _forms(value)}
        self._names = _longest_first(forms)
        exact = {name: as_text(value)[1] for name, value in secrets.items()}
        raw = {form.encode(): name for form, name in forms.items()}
        raw |= {base64.b64decode(twin): name for name, twin in exact.items() if twin}
        # Latin-1 gives each byte its own character, so that bytes are searched as text is.
        self._bytes = _longest_first({form.decode("latin-1"): _as_latin1(raw[form]) for form in raw})

    def text(self, text: str) -> str:
        """Return ``text`` without any secret."""
        return _without(text, self._names)

    def twin(self, encoded: str) -> str:
        """Return a base64 twin whose bytes carry no secret; what is not base64 is treated as text."""
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return self.text(encoded)
        clean = _without(raw.decode("latin-1"), self._bytes).encode("latin-1")
        return encoded if clean == raw else base64.b64encode(clean).decode()


def _forms(value: str) -> set[str]:
    text = as_text(value)[0]
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _longest_first(forms: dict[str, str]) -> dict[str, str]:
    return dict(sorted(forms.items(), key=lambda item: len(item[0]), reverse=True))


def _as_latin1(name: str) -> str:
    return name.encode().decode("latin-1")


def _without(text: str, forms: dict[str, str]) -> str:
    spans = [
        (start, start + len(form), name)
        for form, name in forms.items()
        if form in text
        for start in _starts(text, form)
    ]
    return _replace(text, spans) if spans else text


def _starts(text: str, form: str) -> list[int]:
    starts = []
    at = text.find(form)
    while at >= 0:
        starts.append(at)
        at = text.find(form, at + 1)
    return starts


def _replace(text: str, spans: list[tuple[int, int, str]]) -> str:
    """Replace each stretch covered by spans; spans come longest form first, which decides its name."""
    rank = {span: order for order, span in enumerate(spans)}
    parts: list[str] = []
    done = 0
    stretch: list[tuple[int, int, str]] = []

    def flush() -> None:
        nonlocal done
        parts.append(text[done : stretch[0][0]])
        parts.append(f"<secret:{min(stretch, key=rank.__getitem__)[2]}>")
        done = max(end for _, end, _ in stretch)

    reach = -1
    for span in sorted(spans):
        if stretch and span[0] >= reach:
            flush()
            stretch.clear()
        stretch.append(span)
        reach = max(reach, span[1])
    flush()
    return "".join(parts) + text[done:]
