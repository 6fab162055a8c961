"""Calls that look like training where none was found."""

from __future__ import annotations

import json

import pytest

from posttrace.analysis.routes.route import Evidence, Route
from posttrace.analysis.routes.source.mentions import with_mentions

NOTHING = Route((), "C")


def mentioned(**files: str) -> list[tuple[str | None, int | None, str]]:
    """(path, line, first word) of what is found; in a name ``_`` stands for the dot."""
    texts = {name.replace("_", "."): text.encode() for name, text in files.items()}
    found = with_mentions(NOTHING, texts, list(texts), commit="c")
    return [(fact.path, fact.line, fact.says.split("(")[0]) for fact in found.evidence]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\nloss.backward()\nopt.zero_grad()\n", (2, "backward")),
        ("class A:\n    def run(self):\n        self.model.train()\n", (3, "train")),
        ("model.train(True)\n", (1, "train")),
        ("from trl import SFTTrainer as T\nt = trl.DPOTrainer(model)\n", (2, "DPOTrainer")),
        ("t = MyTrainer()\n", (1, "MyTrainer")),
    ],
)
def test_calls(text, says):
    assert mentioned(a_py=text) == [("a.py", *says)]


@pytest.mark.parametrize(
    "text",
    [
        "model.train(False)\nmodel.eval()\n",
        "# loss.backward()\nprint('loss.backward()')\n",
        "from trl import SFTTrainer\n",
        "def broken(:\n    loss.backward()\n",
        "def train(): pass\n",
        "train()\n",
    ],
)
def test_no_calls(text):
    assert mentioned(a_py=text) == []


def test_cells_of_a_notebook():
    cells = [
        {"cell_type": "markdown", "source": ["loss.backward()"]},
        {"cell_type": "code", "source": ["%pip install trl\n", "!python x.py\n", "a = 1"]},
        {"cell_type": "code", "source": "trainer.fit(a)"},
    ]
    assert mentioned(n_ipynb=json.dumps({"cells": cells})) == [("n.ipynb", 4, "fit")]
    assert mentioned(n_ipynb="{") == []
    assert mentioned(n_ipynb="[]") == []


def test_other_files_and_files_that_are_not_there():
    assert mentioned(run_sh="loss.backward()") == []
    assert with_mentions(NOTHING, {}, ["a.py"]) == NOTHING


def test_each_program_once_after_what_was_said():
    said = Route((), "C", (Evidence("unread", "a line"),))
    files = {"a.py": b"a.backward()\nb.backward()\n", "b.py": b"c.backward()\n"}
    found = with_mentions(said, files, ["b.py", "a.py"], commit="c0ffee")
    assert [fact.where for fact in found.evidence] == ["", "b.py:1@c0ffee", "a.py:1@c0ffee"]


def test_a_training_needs_no_names():
    route = Route(("sft",), "C")
    assert with_mentions(route, {"a.py": b"a.backward()\n"}, ["a.py"]) is route
