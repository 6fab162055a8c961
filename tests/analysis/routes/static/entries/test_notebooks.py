"""Notebooks: cells in order, commands of the shell followed, magics left out, lines that a reader finds."""

from __future__ import annotations

import json

import pytest

from posttrace.analysis.routes.static.entries import notebooks
from posttrace.analysis.routes.static.entries.entries import read_entry

LOAD = """import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tok = AutoTokenizer.from_pretrained("base")
net = AutoModelForCausalLM.from_pretrained("base")
opt = torch.optim.AdamW(net.parameters(), lr=1e-5)
rows = [json.loads(line) for line in open("data.jsonl")]"""
TRAIN = """for row in rows:
    ids = tok(row["prompt"] + row["answer"], return_tensors="pt").input_ids
    loss = torch.nn.functional.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
    loss.backward()
    opt.step(); opt.zero_grad()"""


def book(*cells, language="python", **extra):
    made = [
        {"cell_type": "markdown", "source": cell[3:]}
        if cell.startswith("md:")
        else {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": [], "metadata": {}}
        for cell in cells
    ]
    return json.dumps(
        {"cells": made, "metadata": {"language_info": {"name": language}}, "nbformat": 4, **extra}
    ).encode()


def read(*cells, **files):
    content = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return read_entry({"nb.ipynb": book(*cells), **content}, "nb.ipynb")


def label(reading):
    return ">".join(stage.objective for stage in reading.stages)


def test_cells_are_one_program_and_lines_name_their_cell():
    reading = read("md:# Title", LOAD, "md:loss.backward()", TRAIN)
    assert label(reading) == "sft"
    update = reading.stages[0].evidence[-1]
    # lines count over the code cells: 6 of the first, then the fourth of the second
    assert (update.path, update.line) == ("nb.ipynb", 10)
    assert update.says.endswith("[cell 2, line 4]")


@pytest.mark.parametrize(
    "cell",
    [
        "%pip install trl\n!pip install -q x\n",
        "%%capture\nimport os",
        "%load_ext autoreload\n%autoreload 2\n%matplotlib inline",
        "!nvidia-smi",
        "files = !ls\nout = %env HOME",
        "torch?\n?torch.nn\nnet??",
        "if True:\n    !pip install y\n    %pip install z",
        "%%html\n<b>loss.backward()</b>",
        "%%javascript\nlet x = {a: 1};",
        "%time x = 1",
        "%%time\nx = 1",
    ],
)
def test_magics_do_not_hide_the_rest(cell):
    reading = read(cell, LOAD, TRAIN)
    assert label(reading) == "sft"
    assert reading.problems == ()
    assert reading.stages[0].evidence[-1].says.endswith("[cell 3, line 4]")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("!python train.py", "sft"),
        ("!accelerate launch \\\n    train.py --x 1", "sft"),
        ("%run train.py", "sft"),
        ("%%bash\nset -e\npython train.py", "sft"),
        ("%%sh\ncd . && python train.py", "sft"),
        ("%%script bash\npython train.py", "sft"),
        ("%%script false\npython train.py", ""),
        ("%%writefile other.py\nimport train", ""),
        ("name = 'train'\n!python {name}.py", "sft"),
        ("name = 'train'\n!python $name.py --json '{\"a\": 1}'", "sft"),
        ("%cd code\n!python inner.py", "sft"),
        ("import subprocess\nsubprocess.run(['python', 'train.py'])", "sft"),
        ("'''\n!python train.py\n'''", ""),
        ("# !python train.py", ""),
    ],
)
def test_commands_in_cells(cell, expected):
    program = f"{LOAD}\n{TRAIN}\n"
    reading = read_entry(
        {"nb.ipynb": book(cell), "train.py": program.encode(), "code/inner.py": program.encode()}, "nb.ipynb"
    )
    assert label(reading) == expected


def test_a_file_that_a_cell_writes_is_cited_in_the_cell():
    reading = read("%%writefile made.py\n" + LOAD + "\n" + TRAIN, "!python made.py")
    assert label(reading) == "sft"
    update = reading.stages[0].evidence[-1]
    # the magic is line 1 of the cell, so the tenth line of the file is its eleventh
    assert (update.path, update.line) == ("nb.ipynb", 11)
    assert "[made.py:10]" in update.says


def test_a_broken_cell_costs_only_itself():
    reading = read(LOAD, "def f(:\n    return 1", TRAIN)
    assert label(reading) == "sft"
    assert any("cell 2: syntax error" in problem for problem in reading.problems)


def test_a_notebook_of_another_language_and_no_notebook():
    for data, words in (
        (book("x <- 1", language="R"), "notebook of r"),
        (b"{", "no notebook"),
        (b"[]", "no object"),
    ):
        reading = read_entry({"nb.ipynb": data}, "nb.ipynb")
        assert reading.stages == ()
        assert words in reading.problems[0]


def test_the_third_version_of_the_format():
    sheet = {"cells": [{"cell_type": "code", "input": LOAD + "\n" + TRAIN}]}
    data = json.dumps({"worksheets": [sheet], "metadata": {}, "nbformat": 3}).encode()
    assert label(read_entry({"nb.ipynb": data}, "nb.ipynb")) == "sft"


def test_places_of_lines():
    source = notebooks.source(book("a = 1\nb = 2", "md:x", "", "c = 3"))
    assert source.text.split("\n") == ["a = 1", "b = 2", "", "c = 3", ""]
    assert [source.cell(line) for line in (1, 2, 3, 4)] == [(1, 1), (1, 2), (2, 1), (3, 1)]
