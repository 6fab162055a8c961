"""What the run uses: the agent's process tree, the workspace's disk, GPUs where ``nvidia-smi`` is there."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from posttrace.runner.sandbox.base import Running
from posttrace.traces.events import GpuSample, ResourceSample

_QUERY: Final = ("--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits")
_SMI_TIMEOUT_S: Final = 5.0
_DISK_TIMEOUT_S: Final = 2.0


class Resources:
    """Samples one agent. Not thread-safe."""

    def __init__(self, running: Running, workspace: Path) -> None:
        self._running = running
        self._workspace = workspace
        self._smi = shutil.which("nvidia-smi")
        self._before: tuple[float, float] | None = None

    def sample(self) -> ResourceSample:
        """What is used now; CPU is the mean since the last sample, null in the first."""
        used = [use for process in self._running.processes() for use in _use(process)]
        now, cpu_s = time.monotonic(), sum(cpu for cpu, _ in used)
        before, self._before = self._before, (now, cpu_s)
        cpu_pct = None
        if before is not None and now > before[0]:
            # what a process used moves to its parent when it ends; the last parent's share is lost
            cpu_pct = round(100 * max(cpu_s - before[1], 0.0) / (now - before[0]), 1)
        return ResourceSample(
            cpu_pct=cpu_pct,
            rss_bytes=sum(rss for _, rss in used),
            disk_bytes=disk_bytes(self._workspace),
            gpus=gpus(self._smi),
        )


def _use(process: psutil.Process) -> Iterator[tuple[float, int]]:
    """CPU seconds, with those of ended children, and resident bytes; nothing when it is gone."""
    try:
        times, rss = process.cpu_times(), process.memory_info().rss
    except psutil.Error:
        return
    children = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    yield times.user + times.system + children, rss


def disk_bytes(folder: Path, timeout_s: float = _DISK_TIMEOUT_S) -> int | None:
    """Disk space of the files below a folder, one with several names once; null when that takes too long."""
    end = time.monotonic() + timeout_s
    inodes: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - half the time of a Path
            except OSError:
                continue
            if found.st_nlink == 1 or (found.st_dev, found.st_ino) not in inodes:
                total += found.st_blocks * 512
            if found.st_nlink > 1:
                inodes.add((found.st_dev, found.st_ino))
        if time.monotonic() > end:
            return None
    return total


def gpus(smi: str | None) -> list[GpuSample]:
    """Every GPU that ``nvidia-smi`` names; none where it is missing, fails or hangs."""
    if smi is None:
        return []
    try:
        done = subprocess.run(
            [smi, *_QUERY], capture_output=True, text=True, timeout=_SMI_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    rows = csv.reader(done.stdout.splitlines(), skipinitialspace=True)
    return [_gpu(*row) for row in rows if len(row) == 3]


def _gpu(index: str, utilisation: str, memory_mib: str) -> GpuSample:
    used = _number(memory_mib)
    mem_bytes = None if used is None else int(used * 2**20)
    return GpuSample(id=index, util_pct=_number(utilisation), mem_bytes=mem_bytes)


def _number(text: str) -> float | None:
    """A number, or null for what a driver writes instead (``[N/A]``)."""
    try:
        return float(text)
    except ValueError:
        return None
