"""Calls that look like training in code of which nothing was found to train: a reason to doubt, no verdict.

A name proves nothing: ``fit`` may fit a tokenizer. But where training was found nowhere, a file that calls
``backward`` is likelier to hold a training that was not followed than a file that calls nothing of the kind.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from posttrace.analysis.routes.route import Evidence, Route

RULE: Final = "mentions"
_METHODS: Final = frozenset({"backward", "zero_grad", "fit", "learn", "value_and_grad", "training_step"})
_MODE: Final = "train"
"""Starts a trainer, or puts a network into training mode, when it is called without ``False``."""
_MADE: Final = "Trainer"
"""End of the name of what trainers are made of."""
_OF_TOKENIZERS: Final = frozenset(
    {"BpeTrainer", "WordPieceTrainer", "WordLevelTrainer", "UnigramTrainer", "SentencePieceTrainer"}
)
"""They count pieces of words: a tokenizer has no weights."""


def with_mentions(
    route: Route, files: Mapping[str, bytes], order: Sequence[str], *, commit: str | None = None
) -> Route:
    """The route, with the first such call of each program of ``order`` as evidence where it has no stage."""
    if route.stages:
        return route
    facts = (fact for path in order if path in files for fact in _first(path, files[path], commit))
    return replace(route, evidence=(*route.evidence, *facts))


def _first(path: str, data: bytes, commit: str | None) -> Iterator[Evidence]:
    tree = _parsed(path, data)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else iter(())
    named = ((call, name) for call in calls if (name := _training(call)))
    first = min(named, key=lambda found: found[0].lineno, default=None)
    if first is not None:
        says = f"{first[1]}() is called here, where no training was found"
        yield Evidence(RULE, says, path, first[0].lineno, commit)


def _training(call: ast.Call) -> str | None:
    """The name by which a call looks like training."""
    func = call.func
    if isinstance(func, ast.Attribute):
        if func.attr in _METHODS or _made(func.attr):
            return func.attr
        switched = any(isinstance(arg, ast.Constant) and arg.value is False for arg in call.args)
        return func.attr if func.attr == _MODE and not switched else None
    return func.id if isinstance(func, ast.Name) and _made(func.id) else None


def _made(name: str) -> bool:
    return name.endswith(_MADE) and name not in _OF_TOKENIZERS


def _parsed(path: str, data: bytes) -> ast.Module | None:
    """The tree of a Python file or notebook; null for other files and for what does not parse."""
    if not path.endswith((".py", ".ipynb")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of code that is not ours
            return ast.parse(_cells(data) if path.endswith(".ipynb") else data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _cells(data: bytes) -> str:
    """The code cells of a notebook one after the other, magics and shell lines blank."""
    notebook = json.loads(data)
    cells = notebook.get("cells", []) if isinstance(notebook, dict) else []
    code = (cell.get("source", "") for cell in cells if cell.get("cell_type") == "code")
    text = "\n".join(source if isinstance(source, str) else "".join(source) for source in code)
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in text.split("\n"))
