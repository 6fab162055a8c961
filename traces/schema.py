"""The JSON Schema of ``posttrace/1``, derived from the event structs.

``python -m posttrace.traces.schema`` rewrites the exported file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from posttrace.traces.events import AnyEvent

SCHEMA_PATH: Final = Path(__file__).parent / "schema" / "posttrace-1.schema.json"
_HASH: Final = {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
    "description": "SHA-256 of the hash of the line before and this line up to here; 64 zeros at first.",
}
_STAMPS: Final = ["type", "seq", "ts", "t_s"]


def trace_schema() -> dict[str, Any]:
    """Return the schema of one line, its ``hash`` included (JSON Schema, draft 2020-12)."""
    schema = msgspec.json.schema(AnyEvent)
    kinds = schema["discriminator"]["mapping"].values()
    for name in (reference.rsplit("/", 1)[1] for reference in kinds):
        _seal(schema["$defs"][name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "posttrace-1.schema.json",
        "title": "posttrace/1",
        "description": "One line of a posttrace/1 trace.",
        **schema,
    }


def schema_text() -> str:
    """Return the exported file's content."""
    return json.dumps(trace_schema(), indent=1, ensure_ascii=False) + "\n"


def _seal(event: dict[str, Any]) -> None:
    """Turn the schema of a struct, which a caller fills in, into that of its line, which is complete."""
    own = [name for name in event.get("required", []) if name not in _STAMPS]
    seq = {"type": "integer", "minimum": 0}
    event["properties"] = {**event["properties"], "seq": seq, "hash": _HASH}
    event["required"] = [*_STAMPS, *own, "hash"]


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
