"""What a file would do if somebody ran it: script, notebook, shell, Makefile, settings, read-me, library.

A python file that trains nothing when it is run as a script is asked what its own functions and classes would
train if they were called: those that nothing in the file calls, on arguments that are not known.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from posttrace.analysis.routes.route import Evidence
from posttrace.analysis.routes.static.entries import configured, documents, launch, makefiles, program, roots
from posttrace.analysis.routes.static.entries.configs import SUFFIXES
from posttrace.analysis.routes.static.entries.workspace import NOTEBOOK, Workspace
from posttrace.analysis.routes.static.machine.machine import Machine
from posttrace.analysis.routes.static.read import read
from posttrace.analysis.routes.static.reading import Reading

SHELL: Final = (".sh", ".bash", ".sbatch", ".slurm", ".pbs", ".zsh", ".ksh", ".job", ".sub", ".lsf", ".qsub")
DOCUMENTS: Final = (".md", ".rst", ".mdx", ".markdown")
PYTHON: Final = "python"
CONFIG: Final = "config"
DOCUMENT: Final = "document"


def read_entry(
    files: Mapping[str, bytes], path: str, *, commit: str | None = None, library: bool = True
) -> Reading:
    """What running ``path`` would do; with ``library``, where that trains nothing, what calling it would."""
    kind = kind_of(files, path)
    if kind is None:
        return Reading(problems=(f"{path}: no kind of file that can be run or configures a run",))
    reading = read(Machine(Workspace(files, lenient=True)), lambda m: _RUNS[kind](m, path), commit)
    if library and kind == PYTHON and not reading.stages:
        return roots.read_library(files, path, reading, commit)
    return _chosen(reading, path, commit) if kind == CONFIG else reading


def _chosen(reading: Reading, path: str, commit: str | None) -> Reading:
    """With the file of settings as evidence where a program runs that composes it."""
    fact = Evidence("settings", f"run with the settings of {path}", path, 1, commit)
    stages = tuple(
        s if any(e.path == path for e in s.evidence) else replace(s, evidence=(fact, *s.evidence))
        for s in reading.stages
    )
    return replace(reading, stages=stages)


def kind_of(files: Mapping[str, bytes], path: str) -> str | None:
    """``python``, ``shell``, ``make``, ``config`` or ``document``; null for anything else."""
    if path not in files:
        return None
    name = posixpath.basename(path)
    if name.endswith((".py", NOTEBOOK, ".pyw")):
        return PYTHON
    if name.endswith(SHELL):
        return "shell"
    if name in makefiles.NAMES or name.endswith(".mk"):
        return "make"
    if name.endswith(SUFFIXES):
        return CONFIG
    if name.endswith(DOCUMENTS) or name.upper() == "README":
        return DOCUMENT
    first = files[path][:200].split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return None
    return "python" if b"python" in first else "shell" if b"sh" in first else None


def _python(m: Machine, path: str) -> str:
    program.run_file(m, path, [path], "", {})
    return path


def _shell(m: Machine, path: str) -> str:
    return launch.run_shell_file(m, path, [path], "", {}, 0)


def _make(m: Machine, path: str) -> str:
    makefiles.run_makefile(m, path, [], {}, posixpath.dirname(path), 0)
    return path


_RUNS: Final[Mapping[str, Callable[[Machine, str], str | None]]] = {
    PYTHON: _python,
    "shell": _shell,
    "make": _make,
    CONFIG: configured.run_config,
    DOCUMENT: documents.run_document,
}
