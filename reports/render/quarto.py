"""Rendering by Quarto, an external program, from a copy of the executed notebook."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from posttrace.reports import evidence
from posttrace.reports.notebook import ReportError, check_executed, nbformat
from posttrace.traces.errors import InputError

if TYPE_CHECKING:
    from nbformat import NotebookNode

Target = Literal["html", "pdf"]
TO: Final[Mapping[Target, str]] = {"html": "html", "pdf": "typst"}
LEAST: Final = (1, 4)
INSTALL: Final = "install it from quarto.org/docs/get-started, set QUARTO_PATH, or use --renderer builtin"
TIMEOUT_S: Final = 300


def find() -> str | None:
    """The program: what ``QUARTO_PATH`` names (it, or the folder it is in), else ``quarto`` on ``PATH``.

    Raises ``InputError`` when ``QUARTO_PATH`` names nothing that can be run.
    """
    named = os.environ.get("QUARTO_PATH")
    if not named:
        return shutil.which("quarto")
    candidates = (named, str(Path(named) / "quarto"), str(Path(named) / "bin" / "quarto"))
    found = next((path for word in candidates if (path := shutil.which(word))), None)
    if found is None:
        raise InputError(f"QUARTO_PATH is {named}, where no program quarto is; {INSTALL}")
    return found


def require() -> str:
    """A Quarto that is new enough. Raises ``InputError`` that says what is missing."""
    program = find()
    if program is None:
        raise InputError(f"Quarto is not installed; {INSTALL}")
    said = _run([program, "--version"], Path.cwd())
    version = re.search(r"(\d+)\.(\d+)", said.stdout)
    if said.returncode or version is None:
        raise InputError(f"{program} --version says nothing of a version; {INSTALL}")
    if (int(version[1]), int(version[2])) < LEAST:
        least = ".".join(map(str, LEAST))
        raise InputError(f"Quarto {said.stdout.strip()} is too old, {least} is needed; {INSTALL}")
    return program


def render(notebook: NotebookNode, to: Target) -> bytes:
    """The document that Quarto makes of an executed notebook; nothing is executed again.

    Raises ``InputError`` without a usable Quarto, ``ReportError`` when it fails.
    """
    check_executed(notebook)
    program = require()
    with tempfile.TemporaryDirectory(prefix="posttrace-quarto-") as scratch:
        folder = Path(scratch)
        (folder / "report.ipynb").write_text(nbformat().writes(_shown(notebook)), encoding="utf-8")
        name = f"report.{to}"
        done = _run([program, "render", "report.ipynb", "--to", TO[to], "--output", name], folder)
        if done.returncode or not (folder / name).is_file():
            lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            why = lines[-1].strip() if lines else f"exit code {done.returncode} and no word"
            raise ReportError(f"Quarto could not render the report: {why}")
        return (folder / name).read_bytes()


def _shown(notebook: NotebookNode) -> NotebookNode:
    """A copy without the data that no reader sees, and without the title that the front matter has."""
    made = copy.deepcopy(evidence.without_data(notebook))
    made.cells = [cell for cell in made.cells if "title" not in cell.metadata.get("tags", [])]
    return made


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    fixed = {"SOURCE_DATE_EPOCH": "0", "NO_COLOR": "1"}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **fixed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"Quarto took longer than {TIMEOUT_S} s") from error
    except OSError as error:
        raise InputError(f"{command[0]} cannot be run ({error.strerror}); {INSTALL}") from error
