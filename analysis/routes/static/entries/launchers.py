"""Programs that start other programs: the command that is left when they are taken off."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Launcher:
    """How a program that starts another is written.

    ``words``: words that follow its name (``run`` of ``uv run``). ``values``: options that take a value.
    ``switches``: options that take none; of the two the one that is null is what is not listed in the other.
    ``places``: arguments of its own before the command. ``python``: what it starts is python source.
    """

    words: tuple[str, ...] = ()
    values: frozenset[str] | None = None
    switches: frozenset[str] | None = None
    places: int = 0
    python: bool = False
    seeks: bool = False
    """The command begins at the first word that is a program of a known name."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN: Final = Launcher(values=frozenset())
_SEEKS: Final = Launcher(seeks=True)
_ACCELERATE: Final = _set(
    "--cpu --multi_gpu --tpu --ipex --quiet -q --use_deepspeed --use_fsdp --use_megatron_lm --use_xpu"
    " --same_network --no_python --debug --dynamo_use_fullgraph --dynamo_use_dynamic --enable_cpu_affinity"
    " --tpu_use_cluster --no_tpu_cluster --tpu_use_sudo --use_parallelism_config -h"
)
_TORCHRUN: Final = _set("--standalone --no-python --no_python --run-path --run_path --use-env --use_env")
_DEEPSPEED: Final = _set(
    "--no_local_rank --no_python --no_ssh --force_multi --save_pid --elastic_training --bind_cores_to_rank"
    " --no_ssh_check"
)
_RUNNERS: Final = _set(
    "-p --python --with --extra --group --env-file --project --directory --with-requirements --index-url"
    " --package --only-group -e --environment --cwd -C"
)

LAUNCHERS: Final[Mapping[str, tuple[Launcher, ...]]] = {
    **dict.fromkeys(
        [
            "nohup",
            "time",
            "exec",
            "command",
            "setsid",
            "sudo",
            "eval",
            "unbuffer",
            "chronic",
            "catchsegv",
            "then",
            "do",
        ],
        (_PLAIN,),
    ),
    "env": (Launcher(values=_set("-u --unset -C --chdir")),),
    "timeout": (Launcher(values=_set("-s --signal -k --kill-after"), places=1),),
    "nice": (Launcher(values=_set("-n --adjustment")),),
    "ionice": (Launcher(values=_set("-c -n")),),
    "stdbuf": (Launcher(values=_set("-i -o -e")),),
    "taskset": (Launcher(values=frozenset(), places=1),),
    "numactl": (Launcher(values=frozenset()),),
    "xvfb-run": (Launcher(values=_set("-s -n -e -f -w --server-args")),),
    **{
        name: (Launcher(("run",), _RUNNERS),)
        for name in ("uv", "poetry", "pipenv", "pixi", "rye", "pdm", "hatch", "coverage", "kernprof")
    },
    **{
        name: (Launcher(("run",), _set("-n --name -p --prefix --cwd")),)
        for name in ("conda", "mamba", "micromamba")
    },
    "accelerate": (Launcher(("launch",), switches=_ACCELERATE, python=True),),
    "accelerate-launch": (Launcher(switches=_ACCELERATE, python=True),),
    "torchrun": (Launcher(switches=_TORCHRUN, python=True),),
    "deepspeed": (Launcher(switches=_DEEPSPEED, python=True),),
    "colossalai": (Launcher(("run",), switches=frozenset(), python=True),),
    "composer": (Launcher(switches=frozenset(), python=True),),
    "xla_dist": (_SEEKS,),
    "ray": (Launcher(("job", "submit"), seeks=True),),
    "tmux": (_SEEKS,),
    **dict.fromkeys(
        ["srun", "mpirun", "mpiexec", "horovodrun", "ssh", "screen", "docker", "podman", "singularity"],
        (_SEEKS,),
    ),
    **dict.fromkeys(
        ["apptainer", "enroot", "kubectl", "nsys", "ncu", "py-spy", "scalene", "xargs", "parallel", "pdsh"],
        (_SEEKS,),
    ),
    **dict.fromkeys(
        ["bsub", "runai", "sky", "gcloud", "beaker", "gantry", "jbsub", "hfai", "torchx"], (_SEEKS,)
    ),
}
"""By the name of the program."""
MODULES: Final = {
    "torch.distributed.run": "torchrun",
    "torch.distributed.launch": "torchrun",
    "torch.distributed.elastic.run": "torchrun",
    "accelerate.commands.launch": "accelerate-launch",
    "deepspeed.launcher.runner": "deepspeed",
    "deepspeed.launcher.launch": "deepspeed",
    "torch_xla.distributed.xla_dist": "xla_dist",
}
"""Launchers that are run as ``python -m``."""
_PYTHON: Final = re.compile(r"^(python[0-9.]*|pypy3?)$")
_ASSIGNED: Final = re.compile(r"^[A-Za-z_]\w*=")
UNKNOWN: Final = "*"
"""Word of which nothing is known."""
_SHELLS: Final = _set("bash sh zsh dash")


def is_python(word: str) -> bool:
    """Whether a program is the interpreter of python."""
    return bool(_PYTHON.match(posixpath.basename(word)))


def passed_on(words: Sequence[str]) -> list[str] | None:
    """The command that a program of somebody's own is to start: what follows its ``--``; null without one."""
    rest = list(words[words.index("--") + 1 :]) if "--" in words else []
    name = posixpath.basename(rest[0]) if rest else ""
    starts = is_python(name) or is_shell(name) or name in LAUNCHERS or name in ("source", ".", "cd", "export")
    return rest if starts or name.endswith((".py", ".sh")) else None


def is_shell(word: str) -> bool:
    """Whether a program is a shell."""
    return posixpath.basename(word) in _SHELLS


@dataclass(frozen=True)
class Launched:
    """A command without its launchers.

    ``env``: variables set in front of it. ``spread``: a launcher of training over several devices was there.
    """

    words: tuple[str, ...]
    env: Mapping[str, str]
    spread: bool = False


def unwrapped(words: Sequence[str]) -> Launched:
    """Take off all launchers and assignments that stand before a command."""
    rest, env, spread = list(words), dict[str, str](), False
    for _ in range(2 * len(words)):
        while rest and _ASSIGNED.match(rest[0]):
            name, _, value = rest.pop(0).partition("=")
            env[name] = value
        if len(rest) > 1 and rest[0] == UNKNOWN and not rest[1].startswith("-"):
            rest = rest[1:]  # a launcher, an interpreter or settings that are not known, or nothing
            continue
        found = _launcher(rest)
        if found is None:
            break
        launcher, rest = found
        inner = _behind(launcher, rest)
        spread = spread or launcher.python
        if launcher.python and inner and not is_python(inner[0]):
            inner = ["python", *inner]
        rest = inner
    return Launched(tuple(rest), env, spread)


def _launcher(words: list[str]) -> tuple[Launcher, list[str]] | None:
    if not words:
        return None
    if is_python(words[0]):
        at = next((i for i, word in enumerate(words[1:], 1) if not word.startswith("-")), len(words))
        named = MODULES.get(words[at]) if at < len(words) and words[at - 1] == "-m" else None
        return (LAUNCHERS[named][0], words[at + 1 :]) if named else None
    for launcher in LAUNCHERS.get(posixpath.basename(words[0]), ()):
        after = 1 + len(launcher.words)
        if tuple(words[1:after]) == launcher.words:
            return launcher, words[after:]
    return None


def _behind(launcher: Launcher, words: list[str]) -> list[str]:
    """The command that follows a launcher's own options."""
    if launcher.seeks:
        return _sought(words)
    at, places = 0, launcher.places
    while at < len(words):
        word = words[at]
        if word == "--":
            return words[at + 1 :]
        if word == UNKNOWN and launcher.python and _names_source(words[at + 1 :]):
            at += 1  # options that are not known
            continue
        if word in ("-m", "--module") and launcher.python:
            return ["-m", *words[at + 1 :]]
        if word.startswith("-") and word != "-":
            at += 1 + (_takes_value(launcher, word) and words[at + 1 : at + 2] != ["--"])
            if at <= len(words) and launcher.python and words[at - 1].endswith(".py"):
                return words[at - 1 :]
        elif places and not _ASSIGNED.match(word):
            places, at = places - 1, at + 1
        else:
            break
    return words[at:]


def _names_source(words: Sequence[str]) -> bool:
    """Whether python source is named, by itself or as a module, before what its name tells it."""
    return any(word.endswith(".py") or word in ("-m", "--module") for word in words)


def _takes_value(launcher: Launcher, option: str) -> bool:
    if "=" in option:
        return False
    if launcher.values is not None:
        return option in launcher.values
    return launcher.switches is None or option not in launcher.switches


def _sought(words: list[str]) -> list[str]:
    if "--" in words:
        return words[words.index("--") + 1 :]
    for at, word in enumerate(words):
        if " " in word.strip() and at == len(words) - 1:
            return ["bash", "-c", word]
        name = posixpath.basename(word)
        if is_python(word) or is_shell(word) or name in LAUNCHERS or word.endswith((".py", ".sh")):
            return words[at:]
    return words if words and not words[0].startswith("-") else []
