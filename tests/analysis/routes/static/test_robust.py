"""Files of any kind in any state: an answer soon, what could not be read is said, nothing is executed."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posttrace.analysis.routes.source.source import source_route
from posttrace.analysis.routes.static.entries.entries import read_entry

HEAD = """import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tok = AutoTokenizer.from_pretrained("base")
net = AutoModelForCausalLM.from_pretrained("base")
opt = torch.optim.AdamW(net.parameters(), lr=1e-5)
rows = [json.loads(line) for line in open("data.jsonl")]
"""
LOOP = """for row in rows:
    ids = tok(row["prompt"] + row["answer"], return_tensors="pt").input_ids
    loss = torch.nn.functional.cross_entropy(net(ids).logits[0, :-1], ids[0, 1:])
    loss.backward(); opt.step(); opt.zero_grad()
"""
SFT = HEAD + LOOP


def label(data, name="a.py"):
    return source_route({name: data if isinstance(data, bytes) else data.encode()}, [name]).label


BROKEN = {
    "after": SFT + "def later(:\n    pass\n",
    "before": "def early(:\n    pass\n" + SFT,
    "between": HEAD + "x = = 3\n" + LOOP,
    "cut off": SFT + "net.save_pretrained('out',\n",
    "in a function": "def show(x):\n    print 'loss', x\n    return x\n" + SFT,
    "inside a class": "class A:\n    def f(self):\n        x = = 1\n"
    "        return 2\n    def g(self): return 3\n" + SFT,
    "python 2": "import sys\nprint 'start'\nprint >>sys.stderr, 'x'\n"
    "try:\n    pass\nexcept IOError, e:\n    print e\n" + SFT,
    "merge": HEAD + "<<<<<<< HEAD\nlr = 1\n=======\nlr = 2\n>>>>>>> other\n" + LOOP,
    "template": "{% if cookiecutter.x %}\nimport os\n{% endif %}\n" + SFT,
    "indent": SFT + "   x = 1\n",
    "quote": SFT + "s = 'no end\n",
    "triple": SFT + 's = """no end\n',
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_parses_is_read_and_the_rest_is_said(name):
    reading = read_entry({"a.py": BROKEN[name].encode()}, "a.py")
    assert [stage.objective for stage in reading.stages] == ["sft"]
    assert "syntax error" in reading.problems[0]
    # lines stay where they are
    line = BROKEN[name].split("\n").index("    loss.backward(); opt.step(); opt.zero_grad()") + 1
    assert reading.stages[0].evidence[-1].line == line


def test_the_side_of_a_merge_that_was_there_counts():
    text = HEAD + "<<<<<<< HEAD\nrows = []\n=======\n" + LOOP + ">>>>>>> other\n"
    assert label(text) == "no_train"


ENCODED = {
    "byte order mark": b"\xef\xbb\xbf" + SFT.encode(),
    "carriage returns": SFT.replace("\n", "\r\n").encode(),
    "old carriage returns": SFT.replace("\n", "\r").encode(),
    "latin": "# caf\xe9\n".encode("latin-1") + SFT.encode(),
    "declared latin": "# coding: latin-1\nx = 'caf\xe9'\n".encode("latin-1") + SFT.encode(),
    "null": SFT.replace("import json", "import json\0").encode(),
    "form feed": ("\f" + SFT).encode(),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encodings(name):
    assert label(ENCODED[name]) == "sft"


@pytest.mark.parametrize(
    "name", ["a.sh", "a.sbatch", "README.md", "Makefile", "a.yaml", "a.json", "a.toml", "a.ipynb"]
)
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"\x00" * 4000, b"(" * 5000, b"{" * 5000, b"$(" * 3000, b"<<EOF" * 99]
)
def test_rubbish_in_files_of_every_kind(name, data):
    assert label(data, name) == "no_train"


def test_a_file_that_is_not_there_and_one_of_no_kind():
    for files, name in (({}, "gone.py"), ({"a.bin": b"\x7fELF"}, "a.bin"), ({"a": b"text"}, "a")):
        route = source_route(files, [name])
        assert route.label == "no_train"
        assert "no kind of file" in route.evidence[0].says


def timed(data, name, at_most_s):
    started = time.process_time()
    said = label(data, name)
    assert time.process_time() - started < at_most_s
    return said


def test_ten_megabytes_of_python():
    assert timed(b"x = 1\n" * 1_700_000, "a.py", 2) == "no_train"


def test_ten_megabytes_of_shell_settings_and_documents():
    for name, line in (
        ("a.sh", b"python a.py\n"),
        ("a.yaml", b"a: 1\n"),
        ("README.md", b"```bash\npython a.py\n```\n"),
    ):
        assert timed(line * 900_000, name, 6) == "no_train"


def test_a_notebook_full_of_pictures():
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}}
    cells = [{"cell_type": "code", "source": part, "outputs": [picture]} for part in (HEAD, LOOP)]
    assert timed(json.dumps({"cells": cells, "metadata": {}}).encode(), "a.ipynb", 2) == "sft"


def test_a_broken_file_of_many_statements():
    text = "".join(f"x{i} = [{i},\n  {i}]\n" for i in range(8000)) + "def f(:\n"
    assert timed(text.encode(), "a.py", 10) == "no_train"


def test_loops_in_loops_of_a_shell_script():
    # eight words in twelve nested loops would be 8^12 commands
    script = (
        "".join(f"for i{n} in 1 2 3 4 5 6 7 8; do\n" for n in range(12)) + "python x.py\n" + "done\n" * 12
    )
    assert timed(script.encode(), "a.sh", 15) == "no_train"


def test_scripts_that_start_themselves_end():
    files = {
        "a.sh": b"bash b.sh\nsource a.sh\nf() { f; }\nf\n",
        "b.sh": b"./a.sh\nmake\n",
        "Makefile": b"all: all2\n\tmake all\nall2: all\n\tbash a.sh\n",
        "c.py": b"import subprocess\nsubprocess.run('python c.py; bash a.sh', shell=True)\n",
    }
    for name in files:
        assert source_route(files, [name]).label == "no_train"


def test_nothing_is_executed(tmp_path):
    mark = tmp_path / "mark"
    files = {
        "a.py": f"open({str(mark)!r}, 'w').write('x')\nimport os\nos.system('touch {mark}')\n".encode(),
        "a.sh": f"touch {mark}\npython - <<EOF\nopen('{mark}', 'w')\nEOF\n$(touch {mark})\n".encode(),
        "a.yaml": f"a: !!python/object/apply:os.system ['touch {mark}']\n".encode(),
        "Makefile": f"X := $(shell touch {mark})\nall:\n\ttouch {mark}\n".encode(),
        "a.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": f"!touch {mark}"}]}).encode(),
        "README.md": f"```bash\ntouch {mark}\n```\n".encode(),
    }
    source_route(files, list(files))
    assert not mark.exists()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, len(SFT)), st.integers(1, 200), st.sampled_from(["a.py", "a.sh", "a.ipynb", "README.md"])
)
def test_a_hole_anywhere_is_no_error(start, length, name):
    wrapped = {
        "a.py": SFT,
        "a.sh": f"set -e\ncat > t.py <<'EOF'\n{SFT}EOF\nif true; then python t.py; fi\n",
        "a.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": SFT}], "metadata": {}}),
        "README.md": f"# Title\n```bash\npython - <<'EOF'\n{SFT}EOF\n```\n",
    }[name]
    assert label(wrapped[:start] + wrapped[start + length :], name)
