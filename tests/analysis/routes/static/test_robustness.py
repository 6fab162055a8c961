"""Whatever the files hold, a reading comes back soon and says what it could not read."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.routes.static.scripts import label, read, script


def test_an_entry_that_is_not_there():
    reading = read({}, "python", "code/gone.py")
    assert reading.entry is None
    assert reading.problems == ("code/gone.py: the launched script is not in this revision",)


def test_a_syntax_error_where_it_matters_and_where_it_does_not():
    broken = "def f(:\n"
    assert read({"a.py": broken}, "python", "a.py").problems[0].startswith("a.py:1: syntax error")
    assert read({"a.py": "import b", "b.py": broken}, "python", "a.py").problems[0].startswith("b.py:1:")
    assert read({"a.py": "import json", "b.py": broken}, "python", "a.py").problems == ()


def test_bytes_that_are_no_text():
    assert read({"a.py": b"x = '\xff\xfe'\n"}, "python", "a.py").problems
    assert read({"a.py": b"\x00\x01\x02"}, "python", "a.py").problems


def test_a_file_too_large_to_be_source():
    assert "too many" in read({"a.py": b"#" * 2_000_001}, "python", "a.py").problems[0]


def test_deep_nesting():
    for source in ("(" * 5000 + ")" * 5000, "x = " + "-" * 3000 + "1", "x = " + "+".join(["y"] * 3000)):
        assert read({"a.py": source}, "python", "a.py").stages == ()


def test_recursion_and_import_cycles_end():
    files = {"a.py": "import b\ndef f(n): return f(n - 1)\nf(9)", "b.py": "import a\na.f"}
    assert read(files, "python", "a.py").stages == ()


def test_branching_calls_stop_at_the_limit():
    # 30 levels that call the next one twice would be 2^30 calls
    levels = "".join(f"def f{i}(x):\n    return f{i + 1}(x) + f{i + 1}(x)\n" for i in range(30))
    started = time.process_time()
    reading = read({"a.py": levels + "def f30(x): return x\nf0(1)"}, "python", "a.py")
    assert time.process_time() - started < 10
    assert "too long" in " ".join(reading.problems)


def test_many_files_cost_only_what_is_reached():
    files = {f"code/m{i}.py": script("np_grpo") for i in range(300)}
    files["code/run.py"] = script("np_sft")
    started = time.process_time()
    assert label(read(files, "python", "code/run.py")) == "sft"
    assert time.process_time() - started < 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4000), st.integers(1, 400))
def test_a_script_with_a_hole_is_read_or_refused(start, length):
    source = script("np_grpo")
    reading = read({"a.py": source[:start] + source[start + length :]}, "python", "a.py")
    assert reading.problems or reading.entry == "a.py"
