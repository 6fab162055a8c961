"""Configuration files that are listed by themselves: what would be trained with them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.frameworks import Verdict
from posttrace.analysis.routes.static.entries import configs, launched, program

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_HYDRA: Final = re.compile(rb"hydra\.main\s*\(")
_LAUNCHERS: Final = ("distributed_type", "compute_environment", "zero_optimization", "fsdp_config")
"""Keys of files that say how training is spread over devices, and not what is trained."""
_MOST_PROGRAMS: Final = 3


def run_config(m: Machine, path: str) -> str:
    """What a framework, or a program of the workspace that composes it, would train with a file."""
    found = configs.content(m.workspace, path)
    if found is None:
        m.workspace.problems.append(f"{path}: no settings that can be read")
        return path
    verdict = frameworks.config(found) or _spread(found)
    if verdict is not None:
        with m.at(path):
            m.line = 1
            launched.tell(m, verdict)
        return path
    for script, words in list(_composing(m, path))[:_MOST_PROGRAMS]:
        program.run_file(m, script, [script, *words], "", {})
    return path


def _spread(content: Mapping[str, Any]) -> Verdict | None:
    key = next((key for key in _LAUNCHERS if key in content), None)
    if key is None:
        return None
    says = "how training is launched, and not what is trained"
    return Verdict("launcher", "unknown", says, "launcher", decided_by=(key, "given"))


def _composing(m: Machine, path: str) -> Iterator[tuple[str, list[str]]]:
    """Programs that compose their settings from the folder of a file, with the words that choose it."""
    for script in sorted(m.workspace.files):
        if not script.endswith(".py") or not _HYDRA.search(m.workspace.files[script]):
            continue
        for folder in _folders(m, script):
            if not path.startswith(folder + "/"):
                continue
            option = posixpath.splitext(path[len(folder) + 1 :])[0]
            group, _, name = option.rpartition("/")
            yield script, ([f"{group}={name}"] if group else ["--config-name", name])


def _folders(m: Machine, script: str) -> list[str]:
    """Folders of settings that the source of a program names."""
    text = m.workspace.files[script].decode("utf-8", "replace")
    named = re.findall(r"config_path\s*=\s*[\"']([^\"']+)[\"']", text)
    here = posixpath.dirname(script)
    return [posixpath.normpath(posixpath.join(here, name)) for name in named]
