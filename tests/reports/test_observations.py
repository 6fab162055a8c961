"""Every flag that the runner can raise has words, and a column of a run says the ones that matter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from posttrace.reports.observations import OBSERVATIONS, integrity, observation

ROOT = Path(__file__).parents[2]


def raised() -> set[str]:
    """Kinds of flags in the sources of the recorder, read without importing them."""
    files = [*(ROOT / "runner").rglob("*.py"), ROOT / "traces" / "writer.py"]
    return {kind for file in files for node in ast.walk(ast.parse(file.read_text())) for kind in kinds(node)}


def kinds(node: ast.AST) -> Iterator[str]:
    """Kinds that a call names, and for each reason to refuse a submission the kind made of it."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if name in {"note", "refused"} and texts:
        yield texts[0]
    if name == "IntegrityFlag":
        yield from (str(k.value.value) for k in node.keywords if isinstance(k.value, ast.Constant))
    status = node.args[0] if node.args else None
    if name == "RefusedError" and isinstance(status, ast.Constant) and status.value in {429, 503}:
        yield f"refused_{texts[0]}"


def test_every_kind_that_is_raised_has_words() -> None:
    found = raised()
    assert {"base_symlink", "refused_budget", "bad_request", "record_tampering", "observer_failed"} <= found
    assert found <= set(OBSERVATIONS)


def test_words_are_short_names_and_whole_clauses() -> None:
    assert len({said.name for said in OBSERVATIONS.values()}) == len(OBSERVATIONS)
    for said in OBSERVATIONS.values():
        assert len(said.name) < 22
        assert said.says
        assert not said.says.endswith(".")


@pytest.mark.parametrize(
    ("flags", "torn", "expected"),
    [
        ({}, False, "none"),
        ({"refused_budget": 4, "bad_request": 1, "base_copy_unscored": 2}, False, "none"),
        ({"path_escape": 1, "base_copy": 2, "refused_queue": 9}, False, "base copy ×2, path escape"),
        ({"endpoint_abuse": 1200}, True, "endpoint abuse ×1,200, torn trace"),
        ({"new_kind\n": 1}, False, "new kind "),
        ({"base_copy": 0}, False, "none"),
    ],
)
def test_a_run_in_a_column(flags: dict[str, int], torn: bool, expected: str) -> None:
    assert integrity(flags, torn=torn) == expected


def test_an_unknown_kind_matters() -> None:
    assert observation("never_seen").matters
