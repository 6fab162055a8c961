"""Rewrites scripts so that only structure is left: other names, no comments, a dead trainer beside them."""

from __future__ import annotations

import ast
import builtins
import keyword
import posixpath
import random
from argparse import ArgumentParser
from collections.abc import Mapping
from http.client import HTTPResponse
from io import TextIOWrapper
from logging import Logger
from pathlib import Path
from urllib.error import HTTPError

import numpy as np

DECOYS = {
    "sft": """
def {name}(model, loader, opt):
    import torch.nn.functional as F
    for ids, labels in loader:
        loss = F.cross_entropy(model(ids).logits.flatten(0, 1), labels.flatten())
        loss.backward()
        opt.step()
""",
    "grpo": """
def {name}(model, prompts, opt, reward):
    import torch
    for prompt in prompts:
        ids = model.generate(prompt, num_return_sequences=8, do_sample=True)
        r = torch.tensor([reward(row) for row in ids])
        lp = torch.log_softmax(model(ids).logits, -1).gather(-1, ids[..., None]).sum((1, 2))
        loss = -((r - r.mean()) / r.std() * lp).mean()
        loss.backward()
        opt.step()
""",
}
"""Trainers that are never called, by what they would be."""

LIBRARY = (
    str,
    bytes,
    list,
    dict,
    set,
    Path,
    Logger,
    ArgumentParser,
    HTTPResponse,
    TextIOWrapper,
    HTTPError,
    np.ndarray,
    np.random.Generator,
)
KEPT = frozenset(
    {
        "forward",
        "step",
        "update",
        "init",
        "parameters",
        "generate",
        "log_prob",
        "load",
        "save",
        "apply",
        "main",
    }
).union(
    {"self", "cls", "args", "kwargs", "backward", "sample", "grad", "data", "requires_grad"},
    {"training_step", "configure_optimizers", "log", "fit"},
    *map(dir, LIBRARY),
)
"""Names that libraries use too, so that a consistent renaming cannot tell whose they are."""


def obfuscate(files: Mapping[str, bytes], entry: str, decoy: str, seed: int) -> tuple[dict[str, bytes], str]:
    """The same program under other names, with a dead trainer of the route ``decoy``; also its new entry.

    Renames variables, functions, classes, parameters, attributes and modules of the workspace; drops comments
    and docstrings. Strings stay, for paths and options lie in them. The same ``seed`` gives the same names.
    """
    rng = random.Random(seed)
    sources = {path: ast.parse(content) for path, content in sorted(files.items()) if path.endswith(".py")}
    modules = {posixpath.basename(path)[:-3]: _fresh(rng) for path in sources}
    names = _Defined(modules)
    for tree in sources.values():
        names.visit(tree)
    table = {name: _fresh(rng) for name in sorted(names.found - names.foreign)}
    renamed = {}
    for path, tree in sources.items():
        new = ast.unparse(ast.fix_missing_locations(_Rename(table, modules, names).visit(tree)))
        if path == entry:
            new = _with_decoy(new, DECOYS[decoy], rng)
        renamed[_moved(path, modules)] = new.encode()
    others = {path: content for path, content in files.items() if path not in sources}
    return {**others, **renamed}, _moved(entry, modules)


def _moved(path: str, modules: Mapping[str, str]) -> str:
    return posixpath.join(posixpath.dirname(path), modules[posixpath.basename(path)[:-3]] + ".py")


def _with_decoy(source: str, decoy: str, rng: random.Random) -> str:
    """The decoy stands before everything else, never called, and once more behind ``if False``."""
    name = _fresh(rng)
    dead = decoy.format(name=name)
    future = [line for line in source.splitlines() if line.startswith("from __future__")]
    rest = [line for line in source.splitlines() if not line.startswith("from __future__")]
    return "\n".join([*future, dead, "if False:", f"    {name}(None, None, None)", *rest]) + "\n"


def _fresh(rng: random.Random) -> str:
    while True:
        name = "".join(rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(8))
        if not keyword.iskeyword(name):
            return name


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


class _Defined(ast.NodeVisitor):
    """Names that the workspace binds, and names that belong to libraries."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = modules
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.parameters: set[str] = set()
        self.foreign = set(dir(builtins)) | KEPT
        self.libraries: set[str] = set()
        """Names that stand for a library, or for something imported from one."""
        self._classes = 0

    def visit_Import(self, node: ast.Import) -> None:
        self.foreign.update(alias.name.split(".")[0] for alias in node.names if alias.asname is None)
        self.found.update(alias.asname for alias in node.names if alias.asname)
        ours = self.modules
        self.libraries.update(
            (alias.asname or alias.name).split(".")[0] for alias in node.names if alias.name not in ours
        )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and (node.module or "").split(".")[-1] not in self.modules:
            self.foreign.update(alias.name for alias in node.names)
            self.libraries.update(alias.asname or alias.name for alias in node.names)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node.name)
        inside, self._classes = self._classes, 0
        self.generic_visit(node)
        self._classes = inside

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._define(node.name)
        self._classes += 1
        self.generic_visit(node)
        self._classes -= 1

    def _define(self, name: str) -> None:
        if name.startswith("__"):
            self.foreign.add(name)
        self.found.add(name)
        if self._classes:
            self.attributes.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._define(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        self.found.add(node.arg)
        self.parameters.add(node.arg)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self.found.add(node.attr)
            self.attributes.add(node.attr)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """What is also a string may be an option or a key of a file, which the name has to match."""
        if isinstance(node.value, str):
            self.foreign.add(node.value.lstrip("-").replace("-", "_"))


class _Rename(ast.NodeTransformer):
    """Applies a table of names."""

    def __init__(self, table: Mapping[str, str], modules: Mapping[str, str], names: _Defined) -> None:
        self.table = table
        self.modules = modules
        self.names = names

    def _new(self, name: str) -> str:
        return self.table.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._new(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._new(node.arg)
        node.annotation = None
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _root(node) in self.names.libraries:
            node.value = self.visit(node.value)
            return node
        whole = isinstance(node.value, ast.Name) and node.value.id in self.modules
        self.generic_visit(node)
        if whole or node.attr in self.names.attributes or node.attr in self.names.parameters:
            node.attr = self._new(node.attr)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        ours = _root(node.func) not in self.names.libraries
        for given in node.keywords if ours else ():
            if given.arg in self.names.parameters or given.arg in self.names.attributes:
                given.arg = self._new(given.arg)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._new(node.name)
        node.returns = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._new(node.name)
        return self._without_docstring(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_docstring(node)

    def _without_docstring(self, node: ast.Module | ast.FunctionDef | ast.ClassDef) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in self.modules:
                alias.asname = self._new(alias.asname) if alias.asname else self._new(alias.name)
                alias.name = self.modules[alias.name]
            elif alias.asname:
                alias.asname = self._new(alias.asname)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module is not None and node.module in self.modules:
            node.module = self.modules[node.module]
            for alias in node.names:
                alias.name = self._new(alias.name)
                alias.asname = self._new(alias.asname) if alias.asname else None
        else:
            for alias in node.names:
                alias.asname = self._new(alias.asname) if alias.asname else None
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._new(name) for name in node.names]
        return node
