"""The class of the arguments that a trainer saved beside a model, without unpickling: from opcodes alone."""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Iterator
from typing import Final

from posttrace.analysis.routes import frameworks

MAX_BYTES: Final = 1 << 20
_ENDS: Final = ("Config", "TrainingArguments", "Arguments")
PLAIN: Final = "TrainingArguments"
"""Of the plain trainer, which can be given any loss."""


def arguments_class(content: bytes) -> str | None:
    """Dotted name of the first class of settings in a ``training_args.bin``; null when there is none to see.

    ``torch.save`` writes a ZIP archive with a ``data.pkl`` in it, or (before 2020) a bare pickle.
    """
    pickle = _pickle(content)
    for name in _globals(pickle) if pickle else ():
        if name.endswith(_ENDS):
            return name
    return None


def objective_of(dotted: str) -> str | None:
    """Objective of the trainer that takes settings of a class; null where they decide nothing."""
    package, name = dotted.split(".")[0], dotted.rsplit(".", 1)[-1]
    stem = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
    entry = frameworks.trainer(f"{package}.{stem}Trainer") if stem and name != PLAIN else None
    return entry.objective if entry is not None else None


def _pickle(content: bytes) -> bytes | None:
    if len(content) > MAX_BYTES:
        return None
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = next((i for i in archive.infolist() if i.filename.endswith("data.pkl")), None)
            if inner is None or inner.file_size > MAX_BYTES:
                return None
            return archive.read(inner)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        return None


def _globals(pickle: bytes) -> Iterator[str]:
    """Names that a pickle would import, in order; as far as it can be read."""
    texts: list[str] = []
    kept: dict[int, str] = {}
    try:
        for opcode, value, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL" and isinstance(value, str):
                yield value.replace(" ", ".", 1)
            elif opcode.name == "STACK_GLOBAL" and len(texts) > 1:
                yield f"{texts[-2]}.{texts[-1]}"
            elif opcode.name.endswith("UNICODE") and isinstance(value, str):
                texts.append(value)
            elif opcode.name == "MEMOIZE":
                kept[len(kept)] = texts[-1] if texts else ""
            elif opcode.name.endswith("PUT") and isinstance(value, int):
                kept[value] = texts[-1] if texts else ""
            elif opcode.name.endswith("GET") and isinstance(value, int):
                texts.append(kept.get(value, ""))
    except (ValueError, IndexError, UnicodeError, EOFError):
        return
