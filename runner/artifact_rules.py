"""What a submitted model directory may hold: nothing that unpickles or runs, and a model that is whole."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec
from safetensors import SafetensorError, safe_open

from posttrace.traces.errors import InputError

ALLOWED: Final = frozenset({".json", ".safetensors", ".txt", ".model", ".tiktoken", ".jinja", ".md"})
"""Suffixes of weights, configuration and tokenizers that are data when they are read."""
PICKLES: Final = frozenset(
    {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".h5", ".msgpack"}
)
CODE: Final = frozenset({".py", ".pyc", ".so", ".dylib", ".dll", ".sh", ".pyx", ".ipynb"})
ADAPTER: Final = frozenset({"adapter_config.json", "adapter_model.safetensors"})
_CONVERT: Final = "save the weights with model.save_pretrained(path, safe_serialization=True)"


class ArtifactRejected(InputError):
    """A model directory is not graded; the text says why and what to do.

    ``link_target`` is where a link that was found pointed to, unresolved.
    """

    def __init__(self, reason: str, link_target: Path | None = None) -> None:
        super().__init__(reason)
        self.link_target = link_target

    def __reduce__(self) -> tuple[type[ArtifactRejected], tuple[str, Path | None]]:
        return type(self), (str(self), self.link_target)


def check_name(path: str) -> None:
    """Raise ``ArtifactRejected`` when a file of this relative path may not be in a model directory."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix.lower()
    if not path.isprintable():
        raise ArtifactRejected(f"{path!a} is not a printable UTF-8 file name; rename it")
    if suffix in PICKLES:
        raise ArtifactRejected(
            f"{path} may run code when it is loaded; {_CONVERT} and submit a folder without {suffix} files"
        )
    if suffix in CODE:
        raise ArtifactRejected(f"{path} is code, and the grader runs none; leave {suffix} files out")
    if suffix not in ALLOWED and name.lower() not in ("license", "notice", ".gitattributes"):
        allowed = ", ".join(sorted(ALLOWED))
        raise ArtifactRejected(f"{path} is of no kind that is graded; submit only {allowed} files")


def check_content(directory: Path, paths: set[str]) -> None:
    """Raise ``ArtifactRejected`` when a copy with these files is not one whole model."""
    weights = {path for path in paths if path.endswith(".safetensors")} - ADAPTER
    if adapters := sorted(ADAPTER & paths):
        merge = "merge it with model.merge_and_unload(), then model.save_pretrained(path)"
        what = "is an adapter without merged weights" if not weights else "beside merged weights is ambiguous"
        raise ArtifactRejected(f"{adapters[0]} {what}; {merge} into a new folder")
    if "config.json" not in paths:
        raise ArtifactRejected("config.json is missing; submit what model.save_pretrained(path) wrote")
    if not weights:
        raise ArtifactRejected(f"there is no *.safetensors file; {_CONVERT}")
    for path in sorted(p for p in paths if p.endswith("config.json")):
        _check_config(directory / path, path)
    for path in sorted(weights):
        _check_weights(directory / path, path)


def _check_config(file: Path, path: str) -> None:
    try:
        config = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ArtifactRejected(f"{path} is not a JSON object ({error}); write it again") from error
    if "auto_map" in config:
        raise ArtifactRejected(
            f"{path} has an auto_map, which runs code; use a built-in architecture and remove the key"
        )


def _check_weights(file: Path, path: str) -> None:
    try:
        with safe_open(file, framework="numpy") as tensors:
            count = len(tensors.keys())
    except (SafetensorError, OSError) as error:
        raise ArtifactRejected(f"{path} is no complete safetensors file ({error}); write it again") from error
    if count == 0:
        raise ArtifactRejected(f"{path} holds no tensors; {_CONVERT}")
