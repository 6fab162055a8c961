"""The event kinds of ``posttrace/1``, one file each."""

from posttrace.traces.events.agent import AgentStep, ToolCall, ToolResult, Usage
from posttrace.traces.events.artifact import ArtifactFile, ArtifactObserved, ModelInfo
from posttrace.traces.events.base import SCHEMA, Evaluator, Event, Items
from posttrace.traces.events.baseline import BaselineEvaluated, Split
from posttrace.traces.events.code import CodeRevision, FileChange, SkippedFile
from posttrace.traces.events.integrity import IntegrityFlag
from posttrace.traces.events.metrics import LogMetrics
from posttrace.traces.events.process import ProcessObserved
from posttrace.traces.events.resource import GpuSample, ResourceSample
from posttrace.traces.events.run import (
    FINAL,
    AgentInfo,
    BaseModelInfo,
    Best,
    BudgetInfo,
    Recorder,
    RunFinished,
    RunStarted,
    RunStatus,
    SandboxInfo,
    Software,
    TaskInfo,
)
from posttrace.traces.events.submission import (
    ArtifactRef,
    GradeStatus,
    RescoreStarted,
    SubmissionGraded,
    SubmissionReceived,
    SubmissionRescored,
)

AnyEvent = (
    RunStarted
    | BaselineEvaluated
    | CodeRevision
    | ProcessObserved
    | ArtifactObserved
    | AgentStep
    | LogMetrics
    | ResourceSample
    | SubmissionReceived
    | SubmissionGraded
    | SubmissionRescored
    | RescoreStarted
    | IntegrityFlag
    | RunFinished
)
"""Every kind; ``msgspec.json.Decoder(AnyEvent)`` tells them apart by ``type``."""

__all__ = [
    "FINAL",
    "SCHEMA",
    "AgentInfo",
    "AgentStep",
    "AnyEvent",
    "ArtifactFile",
    "ArtifactObserved",
    "ArtifactRef",
    "BaseModelInfo",
    "BaselineEvaluated",
    "Best",
    "BudgetInfo",
    "CodeRevision",
    "Evaluator",
    "Event",
    "FileChange",
    "GpuSample",
    "GradeStatus",
    "IntegrityFlag",
    "Items",
    "LogMetrics",
    "ModelInfo",
    "ProcessObserved",
    "Recorder",
    "RescoreStarted",
    "ResourceSample",
    "RunFinished",
    "RunStarted",
    "RunStatus",
    "SandboxInfo",
    "SkippedFile",
    "Software",
    "Split",
    "SubmissionGraded",
    "SubmissionReceived",
    "SubmissionRescored",
    "TaskInfo",
    "ToolCall",
    "ToolResult",
    "Usage",
]
