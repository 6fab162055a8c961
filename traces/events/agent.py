"""``agent.step``: one step of the agent, as far as its log tells."""

from __future__ import annotations

from typing import Any

import msgspec

from posttrace.traces.events.base import Event


class ToolCall(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A call the agent made."""

    id: str | None
    name: str
    arguments: Any


class ToolResult(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a call returned."""

    id: str | None
    content: str | None
    is_error: bool | None = None
    truncated_bytes: int | None = None


class Usage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Tokens and money; ``input_tokens`` excludes ``cached_tokens``."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class AgentStep(Event, tag="agent.step", kw_only=True):
    """A message, with its reasoning, tool calls and results."""

    source: str
    """user, agent, system, or the sub-agent's name."""
    message: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] = []
    results: list[ToolResult] = []
    model: str | None = None
    usage: Usage | None = None
    truncated_bytes: int | None = None
