"""What is recorded? Event schema, writer, reader, validation."""

from posttrace.traces.clock import Clock
from posttrace.traces.errors import ChainError, DiskFullError, PosttraceError, TraceError
from posttrace.traces.find import find_rescores, find_traces
from posttrace.traces.head import Head, read_head
from posttrace.traces.reader import TraceReader, read_events
from posttrace.traces.repair import RepairResult, repair
from posttrace.traces.validate import Finding, validate
from posttrace.traces.writer import TraceWriter

__all__ = [
    "ChainError",
    "Clock",
    "DiskFullError",
    "Finding",
    "Head",
    "PosttraceError",
    "RepairResult",
    "TraceError",
    "TraceReader",
    "TraceWriter",
    "find_rescores",
    "find_traces",
    "read_events",
    "read_head",
    "repair",
    "validate",
]
