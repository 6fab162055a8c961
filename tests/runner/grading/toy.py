"""A real task, as small as a task can be: a checkpoint's tensor ``values`` holds the outcome of each item."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from posttrace.runner.tasks.base import Outcome
from posttrace.traces.errors import GradingError
from posttrace.traces.events import Evaluator, Items, Split, TaskInfo

SPEC = {"_target_": "tests.runner.grading.toy.Toy"}


@dataclass(frozen=True)
class Toy:
    """Score = mean of ``values`` (0..1), plus what a tensor called ``act_<name>`` does to the evaluation."""

    higher_is_better: bool = True

    @property
    def info(self) -> TaskInfo:
        return TaskInfo(
            id="toy",
            level="L1",
            metric="mean",
            n_items=None,
            scale_max=1.0,
            higher_is_better=self.higher_is_better,
        )

    def prepare(self, workspace: Path) -> None:
        (workspace / "description.md").write_text("toy")

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        tensors = load_file(model_dir / "model.safetensors")
        for name, value in tensors.items():
            if name.startswith("act_"):
                ACTS[name.removeprefix("act_").removeprefix("zz_")](float(value[0]), model_dir)
        values = tensors["values"].astype(np.float64)
        if "noise" in tensors:
            values = values + tensors["noise"][0] * np.random.default_rng(seed).random(len(values))
        if split == "sealed":
            values = values / 2
        items = Items(ids=[f"{split}-{i}" for i in range(len(values))], values=values.tolist())
        return Outcome(score=float(values.mean()), items=items, evaluator=Evaluator(id="toy", version="1"))


def _wait(_: float, model_dir: Path) -> None:
    """Tell that the evaluation runs, and go on when the test says so."""
    gate = Path(os.environ["TOY_GATE"])
    (gate / f"started-{os.getpid()}").touch()
    while not (gate / "open").exists():
        time.sleep(0.02)


def _connect(port: float, _: Path) -> None:
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
    except OSError as error:
        raise GradingError(f"no network: {error.strerror}") from error


def _environment(_: float, model_dir: Path) -> None:
    files = [os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()]
    raise GradingError(f"{sorted(os.environ)} | {files} | {os.getpgrp() == os.getpid()} | {model_dir}")


def _write(_: float, model_dir: Path) -> None:
    mode = model_dir.stat().st_mode | (model_dir / "config.json").stat().st_mode
    raise GradingError(f"writable bits: {mode & 0o222:o}")


def _fork(_: float, model_dir: Path) -> None:
    """Leave a process behind that would outlive the evaluation and holds the pipe."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    (Path(os.environ["TOY_GATE"]) / "left").write_text(str(child))


def _raise(_: float, model_dir: Path) -> None:
    raise RuntimeError("the answer to item 7 is 42")


def _refuse(_: float, model_dir: Path) -> None:
    raise GradingError("the vocabulary does not fit")


ACTS: dict[str, Callable[[float, Path], object]] = {
    "wait": _wait,
    "connect": _connect,
    "environment": _environment,
    "write": _write,
    "fork": _fork,
    "raise": _raise,
    "refuse": _refuse,
    "sleep": lambda seconds, _: time.sleep(seconds),
    "signal": lambda number, _: os.kill(os.getpid(), int(number)),
    "segfault": lambda *_: ctypes.string_at(0),
    "exit": lambda code, _: os._exit(int(code)),
    "memory": lambda size, _: bytearray(int(size)),
}


def save_model(path: Path, *values: float, **acts: float) -> Path:
    """Write a checkpoint; ``noise`` and ``act_...`` are tensors of one number."""
    path.mkdir(parents=True, exist_ok=True)
    tensors = {name: np.array([number], dtype=np.float64) for name, number in acts.items()}
    tensors["values"] = np.array(values, dtype=np.float64)
    save_file(tensors, path / "model.safetensors")
    (path / "config.json").write_text('{"architectures": ["Toy"]}')
    (path / "tokenizer.json").write_text("{}")
    return path


SIGKILL = float(signal.SIGKILL)
