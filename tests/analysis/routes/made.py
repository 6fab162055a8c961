"""Traces of runs whose lineage is known, written through the real writer beside a real bare repository."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import pygit2

import posttrace as pt
from posttrace.analysis.routes.classify import RunRoutes
from posttrace.analysis.routes.lineage.commands import Reader
from posttrace.analysis.routes.record.models import artifact_sha256
from posttrace.traces import Clock, TraceWriter
from posttrace.traces.events import (
    AgentStep,
    ArtifactFile,
    ArtifactObserved,
    ArtifactRef,
    CodeRevision,
    Event,
    LogMetrics,
    ModelInfo,
    ProcessObserved,
    SubmissionGraded,
    SubmissionReceived,
)
from posttrace.traces.events.agent import ToolCall, ToolResult
from posttrace.traces.events.code import FileChange, SkippedFile
from tests.analysis.routes.scripted import read
from tests.analysis.written import BASE, JUDGE, finished, started

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ROOT: Final = "/runs/r/workspace"
PYTHON: Final = "/usr/bin/python3"
SFT: Final = "read models/base\nstage sft\nwrite output/sft"
GRPO: Final = "read output/sft\nstage grpo\nwrite output/grpo"


def sha(content: str) -> str:
    """The hash of the weights that a test calls ``content``."""
    return hashlib.sha256(content.encode()).hexdigest()


def files_of(content: str) -> list[ArtifactFile]:
    """A model folder: a config and the weights."""
    return [
        ArtifactFile(path="config.json", bytes=2, sha256="c" * 64),
        ArtifactFile(path="model.safetensors", bytes=9, sha256=sha(content)),
    ]


@dataclass
class Story:
    """Events of one run, in any order; ``told`` writes them by time and returns its routes."""

    folder: Path
    store: bool = True
    events: list[tuple[float, Event]] = field(default_factory=list)
    _files: dict[tuple[str, str], list[ArtifactFile]] = field(default_factory=dict)
    """(folder, content) -> all files of it, where they are more than ``files_of``."""
    _repository: pygit2.Repository | None = None
    _commit: str | None = None

    def code(
        self,
        t_s: float,
        weights: Mapping[str, str] | None = None,
        /,
        *data: str,
        trigger: str = "watch",
        **scripts: str,
    ) -> str:
        """A revision with these scripts (``a`` is code/a.py) and weights (folder -> content) listed.

        ``data``: other files that changed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._repository is None:
            self._repository = pygit2.init_repository(self.folder / "revisions.git", bare=True)
        parent, self._commit = self._commit, _commit(self._repository, scripts, self._commit)
        event = CodeRevision(
            commit=self._commit,
            parent=parent,
            trigger=cast(Any, trigger if parent else "start"),
            files=[FileChange(path=p, status="added", added=1, removed=0, bytes=1) for p in data],
            skipped=[
                SkippedFile(path=f"{path}/model.safetensors", reason="binary", bytes=9, sha256=sha(content))
                for path, content in (weights or {}).items()
            ],
        )
        self.events.append((t_s, event))
        return self._commit

    def start(self, **scripts: str) -> str:
        """The revision before the agent starts, with the base in its place."""
        return self.code(0.1, {"models/base": "base"}, **scripts)

    def ran(
        self,
        start_s: float,
        end_s: float,
        *words: str,
        pid: int = 0,
        ppid: int = 1,
        exit_code: int | None = None,
    ) -> None:
        """A process: ``words`` after the python of an absolute path."""
        argv = [PYTHON, *words] if words[0].endswith(".py") else list(words)
        process = ProcessObserved(
            pid=pid or int(start_s * 10) + 100,
            ppid=ppid,
            argv=argv,
            cwd=ROOT,
            started_s=start_s,
            ended_s=end_s,
            exit_code=exit_code,
            interval_s=0.5,
        )
        self.events.append((end_s, process))

    def step(
        self,
        t_s: float,
        command: str,
        back_s: float | None = None,
        says: str | None = "",
        is_error: bool | None = False,
    ) -> None:
        """The agent types a command at ``t_s`` that is back at ``back_s`` with what it printed."""
        self.call(t_s, "Bash", {"command": command}, back_s, says, is_error)

    def call(
        self,
        t_s: float,
        name: str,
        arguments: Any,
        back_s: float | None = None,
        says: str | None = "",
        is_error: bool | None = False,
    ) -> None:
        """The agent uses a tool."""
        call = ToolCall(id=f"call-{t_s}", name=name, arguments=arguments)
        self.events.append((t_s, AgentStep(source="agent", tool_calls=[call])))
        if back_s is not None:
            result = ToolResult(id=call.id, content=says, is_error=is_error)
            self.events.append((back_s, AgentStep(source="user", results=[result])))

    def model(
        self,
        t_s: float,
        path: str,
        content: str,
        written_s: float | None = None,
        *,
        adapter: bool = False,
        more: Mapping[str, bytes] | None = None,
    ) -> None:
        """A model folder is seen at ``t_s``; its weights say that they are of ``written_s``.

        ``more``: further files of it, which are kept in ``workspace/`` beside the trace.
        """
        model = ModelInfo(
            architecture=None,
            n_params=None,
            adapter=adapter,
            same_as_base=content == "base",
            delta_l2_rel=None,
        )
        mtime = None if written_s is None else (START + timedelta(seconds=written_s)).isoformat()
        files = [file for file in files_of(content) if file.path not in (more or {})]
        for name, data in (more or {}).items():
            place = self.folder / "workspace" / path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            files.append(ArtifactFile(path=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest()))
        self._files[path, content] = files
        self.events.append((t_s, ArtifactObserved(path=path, files=files, model=model, mtime=mtime)))

    def submit(self, number: int, t_s: float, path: str, content: str, score: float | None = 50.0) -> None:
        """A folder is submitted and, unless ``score`` is null, graded at once; no ``content``: no hash."""
        asked = SubmissionReceived(submission_id=number, path=f"{ROOT}/{path}")
        status = "graded" if score is not None else "error"
        sha256 = (
            BASE
            if content == "base"
            else artifact_sha256(self._files.get((path, content), files_of(content)))
        )
        graded = SubmissionGraded(
            submission_id=number,
            status=cast(Any, status),
            split="feedback",
            artifact=ArtifactRef(sha256=sha256, bytes=11) if content else None,
            score=score,
            evaluator=JUDGE,
            revision=self._commit,
        )
        self.events += [(t_s, asked), (t_s + 0.05, graded)]

    def log(self, start_s: float, end_s: float, source: str, *keys: str) -> None:
        """A line of metrics each second."""
        for n in range(int(end_s - start_s) + 1):
            values: dict[str, Any] = dict.fromkeys(keys, 0.5)
            self.events.append((start_s + n, LogMetrics(source=source, step=n, values=values)))

    def write(self, *, finish: bool = True) -> pt.TraceSet:
        """The trace on disk, loaded; without ``finish`` the run goes on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = [0.0]
        clock = Clock(wall=lambda: START + timedelta(seconds=now[0]), monotonic=lambda: now[0])
        ordered = sorted(self.events, key=lambda pair: pair[0])
        last = ordered[-1][0] + 1 if ordered else 1.0
        end: list[tuple[float, Event]] = [(last, finished())] if finish else []
        with TraceWriter(self.folder / "trace.jsonl", clock=clock) as writer:
            for t_s, event in [(0.0, started()), *ordered, *end]:
                now[0] = t_s
                writer.write(event)
        return pt.load(self.folder)

    def told(self, read: Reader = read) -> RunRoutes:
        """The routes of the run."""
        return pt.routes(self.write(), read=read).of("c-s0-a1")


def _commit(repository: pygit2.Repository, scripts: Mapping[str, str], parent: str | None) -> str:
    code = repository.TreeBuilder()
    for name, text in scripts.items():
        suffix = ".sh" if name.startswith("session") else ".py"
        code.insert(name + suffix, repository.create_blob(text.encode()), pygit2.enums.FileMode.BLOB)
    root = repository.TreeBuilder()
    root.insert("code", code.write(), pygit2.enums.FileMode.TREE)
    author = pygit2.Signature("t", "t@localhost", 0, 0)
    parents: list[str | pygit2.Oid] = [parent] if parent else []
    return str(repository.create_commit("refs/heads/main", author, author, "t", root.write(), parents))


def two_commands(story: Story, **scripts: str) -> None:
    """SFT from the base until 20 s, GRPO from that until 40 s, both submitted."""
    story.start(a=SFT, b=GRPO, **scripts)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.submit(1, 22, "output/sft", "s", 40.0)
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/grpo", "g", written_s=39)
    story.submit(2, 42, "output/grpo", "g", 60.0)
