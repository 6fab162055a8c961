"""Cutting a torn tail, and nothing else."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from posttrace.traces.errors import TraceError
from posttrace.traces.foreign import free_name, sync_folder
from posttrace.traces.lines import Lines
from posttrace.traces.reader import TraceReader


@dataclass(frozen=True)
class RepairResult:
    """What ``repair`` did to a trace."""

    path: Path
    n_lines: int
    """Complete lines, all kept."""
    head: str
    """Hash of the last of them."""
    cut_bytes: int
    """Bytes of the torn tail; 0 when there was none and the file was left alone."""
    backup: Path | None
    """Where these bytes are now."""

    def __str__(self) -> str:
        if self.backup is None:
            return f"{self.path}: nothing to repair: {self.n_lines} lines, no torn tail"
        return f"{self.path}: {self.n_lines} lines kept, {self.cut_bytes} torn bytes moved to {self.backup}"


def repair(path: Path) -> RepairResult:
    """Cut the torn tail of a trace, after keeping its bytes in ``<trace>.torn-<n>``.

    A complete line is never changed. A crash at any point leaves the tail in the trace, in the backup, or
    in both. Raises ``ChainError`` when the chain is broken, which no repair can mend, and ``TraceError`` when
    the file cannot be read or written or grows meanwhile.
    """
    reader = TraceReader(path, kinds=())
    for _ in reader:
        pass
    lines = Lines(path)
    for _ in lines:
        pass
    backup = _cut(path, lines.whole_bytes, lines.torn_bytes) if lines.torn_bytes else None
    return RepairResult(path, reader.n_lines, reader.head, lines.torn_bytes, backup)


def _cut(path: Path, whole: int, torn: int) -> Path:
    backup = free_name(path, "torn")
    try:
        with path.open("r+b") as trace:
            trace.seek(whole)
            with backup.open("xb") as kept:
                shutil.copyfileobj(trace, kept)
                kept.flush()
                os.fsync(kept.fileno())
            sync_folder(backup)
            if os.fstat(trace.fileno()).st_size != whole + torn:
                backup.unlink()
                raise TraceError(f"{path} is still being written: repair it when its run has ended")
            trace.truncate(whole)
            os.fsync(trace.fileno())
    except OSError as error:
        raise TraceError(f"{path} cannot be repaired: {error.strerror}") from error
    return backup
