"""Disk space kept back, so that a run on a full disk can still say how it ended."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 1024 * 1024


class Reserve:
    """1 MiB of the disk that ``folder`` is on, held by a file without a name.

    Nameless, it vanishes with the process however that ends. It is filled with random bytes: zeros would
    take no space on a file system that compresses. Raises ``OSError`` when there is no room for it.
    """

    def __init__(self, folder: Path) -> None:
        file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - held until released
        try:
            left = memoryview(os.urandom(RESERVE_BYTES))
            while left:
                left = left[os.write(file.fileno(), left) :]
            os.fsync(file.fileno())  # some file systems give out blocks only here
        except OSError:
            file.close()
            raise
        self._file = file

    @property
    def held(self) -> bool:
        """Whether the space is still kept back."""
        return not self._file.closed

    def release(self) -> None:
        """Give the space back; a second call does nothing."""
        self._file.close()
