"""Which model folders a command reads, writes, copies and merges."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.graph import SMOOTH, Role, Slice
from posttrace.analysis.routes.static.machine import text
from posttrace.analysis.routes.static.machine.values import Value
from posttrace.analysis.routes.static.reading import IOKind

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

_WEIGHT_FILES: Final = (
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".npz",
    ".npy",
    ".ckpt",
    ".msgpack",
    ".h5",
    ".pkl",
    ".gguf",
)
_IN_FOLDER: Final = (".safetensors", ".bin", ".safetensors.index.json")
"""Files that stand for the folder of a model in the Hugging Face format."""
_NO_WEIGHTS: Final = (
    ".json",
    ".jsonl",
    ".txt",
    ".model",
    ".md",
    ".py",
    ".csv",
    ".yaml",
    ".yml",
    ".log",
    ".parquet",
    ".sh",
)

_READS: Final = {
    "safetensors.numpy.load_file": 0,
    "safetensors.torch.load_file": 0,
    "safetensors.flax.load_file": 0,
    "safetensors.safe_open": 0,
    "safetensors.torch.load_model": 1,
    "torch.load": 0,
    "numpy.load": 0,
    "joblib.load": 0,
    "mlx.core.load": 0,
    "tinygrad.nn.state.safe_load": 0,
}
_WRITES: Final = {
    "safetensors.numpy.save_file": (0, 1),
    "safetensors.torch.save_file": (0, 1),
    "safetensors.flax.save_file": (0, 1),
    "safetensors.torch.save_model": (0, 1),
    "torch.save": (0, 1),
    "numpy.savez": (1, 0),
    "numpy.savez_compressed": (1, 0),
    "numpy.save": (1, 0),
    "joblib.dump": (0, 1),
    "mlx.core.save_safetensors": (1, 0),
    "mlx.core.savez": (1, 0),
    "tinygrad.nn.state.safe_save": (0, 1),
}
"""Positions of what is written and of the path."""
_TREES: Final = frozenset(
    {"shutil.copytree", "shutil.move", "os.symlink", "os.rename", "os.replace", "os.link"}
)
_FILES: Final = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile"})
_SHELL: Final = frozenset({"shell.cp", "shell.mv", "shell.ln", "shell.rsync"})
_PATH_COPIES: Final = {"symlink_to": False, "rename": True, "replace": True, "hardlink_to": False}
"""Methods of paths that copy: whether from the receiver to the argument."""


class Access:
    """One read, write, copy or merge."""

    def __init__(self, kind: IOKind, path: str, call: Value, sources: Sequence[str] = ()) -> None:
        self.kind = kind
        self.path = path
        self.call = call
        self.sources = tuple(sources)


def accesses(machine: Machine, gradient: Callable[[Value, Role, Value], bool]) -> list[Access]:
    """All of them in order; ``gradient`` tells an edge that leads into an update of weights."""
    found: list[Access] = []
    loaded: dict[int, str] = {}
    for call in machine.calls:
        source = read(call)
        if source is not None:
            path = _folder(machine, source)
            loaded[id(call)] = path
            found.append(Access("read", path, call))
            continue
        written = _written(call)
        if written is not None:
            content, target = written
            parents = _parents(content, loaded, gradient)
            kind: IOKind = "merge" if len(parents) > 1 else "write"
            found.append(Access(kind, _folder(machine, target), call, parents if len(parents) > 1 else ()))
            continue
        found += _copied(machine, call)
    return found


def _argument(call: Value, position: int, *names: str) -> Value | None:
    for name in names:
        if name in call.keywords:
            return call.keywords[name]
    args = call.args[1:] if call.op == "method" else call.args
    return args[position] if len(args) > position else None


def read(call: Value) -> Value | None:
    """Path of the model that a call reads; null when it reads none."""
    if call.op == "call" and call.name in _READS:
        return _argument(call, _READS[call.name], "filename", "f", "file")
    if call.name.endswith("from_pretrained") and not any(word in call.name for word in api.NO_MODEL):
        named = call.name.split(".")[-2] if "." in call.name else _class_of(call)
        if not any(word in named for word in api.NO_MODEL):
            return _argument(
                call, 1 if "Peft" in named else 0, "pretrained_model_name_or_path", "model_id", "model_name"
            )
    if call.op == "call" and call.name == "vllm.LLM":
        return _argument(call, 0, "model")
    if (call.op == "call" and call.name == "builtins.open") or (
        call.op == "method" and call.name in ("open", "read_bytes")
    ):
        path = call.args[0] if call.args else None
        content = text.known(path) if path is not None else None
        mode = text.known(call.args[1]) if len(call.args) > 1 else None
        binary = call.name == "read_bytes" or mode == "rb"
        return path if binary and content is not None and content.endswith(_WEIGHT_FILES) else None
    return None


def _class_of(call: Value) -> str:
    """Class that a class method was called on, for an object that is not known by a dotted name."""
    base = call.args[0] if call.args else None
    return "" if base is None else base.name


def _written(call: Value) -> tuple[Value, Value] | None:
    """(what, path)."""
    if call.op == "call" and call.name in _WRITES:
        what, where = _WRITES[call.name]
        target = _argument(call, where, "filename", "f", "file")
        content = _argument(call, what, "tensors", "tensor_dict", "obj", "model")
        if target is None:
            return None
        if content is None:  # np.savez(path, **arrays)
            arrays = [v for k, v in call.keywords.items() if k not in ("file",)]
            content = arrays[0] if arrays else call
        return content, target
    if call.op == "method" and call.name in (
        "save_pretrained",
        "save_model",
        "save_pretrained_merged",
        "save_weights",
    ):
        made = {
            n.name.split(".")[-2]
            for n in Slice([call.args[0]], SMOOTH)
            if n.name.endswith(".from_pretrained")
        }
        if made and all(any(word in name for word in api.NO_MODEL) for name in made):
            return None
        target = _argument(call, 0, "save_directory", "output_dir", "path")
        return None if target is None else (call.args[0], target)
    return None


def _parents(
    content: Value, loaded: dict[int, str], gradient: Callable[[Value, Role, Value], bool]
) -> tuple[str, ...]:
    """Checkpoints that enter what is written, other than by a gradient."""
    inner = Slice([content], SMOOTH, cut=gradient)
    return tuple(sorted({loaded[id(node)] for node in inner if id(node) in loaded}))


def _copied(machine: Machine, call: Value) -> list[Access]:
    """A copy of a model, if the call is one: a folder, or a file of weights."""
    source: Value | None = None
    target: Value | None = None
    if call.op == "call" and call.name in _TREES | _FILES | _SHELL:
        source, target = _argument(call, 0, "src"), _argument(call, 1, "dst")
    elif call.op == "method" and call.name in _PATH_COPIES and len(call.args) > 1:
        source, target = call.args[:2] if _PATH_COPIES[call.name] else call.args[1::-1]
    if source is None or target is None:
        return []
    from_path, to_path = text.known(source), text.known(target)
    if from_path is None or from_path.endswith(_NO_WEIGHTS) or (to_path or "").endswith(_NO_WEIGHTS):
        return []
    if call.name in _FILES and "." in posixpath.basename(from_path) and not from_path.endswith(_WEIGHT_FILES):
        return []
    return [Access("copy", _folder(machine, target), call, (_folder(machine, source),))]


def _folder(machine: Machine, path: Value) -> str:
    """The model that a path means, as a pattern."""
    content = text.known(path)
    if content is None:
        return text.UNKNOWN
    if content.endswith(_IN_FOLDER) or posixpath.basename(content) in ("*", "*.*"):
        content = posixpath.dirname(content) or "."
    return machine.workspace.relative(content, machine.cwd)
