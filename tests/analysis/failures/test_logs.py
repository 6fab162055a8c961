"""Logs: any length, any line, any bytes; tracebacks are found where they stand."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.failures import scan
from posttrace.analysis.failures.scan import read_log
from posttrace.analysis.failures.tracebacks import crashes_in
from posttrace.traces.errors import InputError
from tests.analysis.failures.story import traceback

NOISE = st.lists(
    st.sampled_from(["step 1 loss 0.3", "", "  indented", "ValueError: in words", "Error", "a: b", "=" * 80]),
    max_size=6,
)


@given(before=NOISE, after=NOISE)
def test_a_traceback_is_found_among_other_lines(before, after):
    lines = traceback("code/a.py", "KeyError: 'x'").splitlines()
    (crash,) = crashes_in([*before, *lines, "next", *after])
    assert (crash.line, crash.end_line) == (len(before) + 1, len(before) + len(lines))
    assert (crash.exception, crash.message, crash.uncaught) == ("KeyError", "'x'", True)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=40), max_size=30))
def test_any_lines_can_be_read(lines):
    assert all(crash.line <= crash.end_line <= len(lines) for crash in crashes_in(lines))


@given(noise=st.lists(NOISE, min_size=1, max_size=5), chunk=st.integers(40, 400))
def test_what_is_found_does_not_depend_on_how_much_is_read_at_a_time(tmp_path_factory, noise, chunk):
    text = "\n".join("\n".join([*lines, traceback("code/a.py", "KeyError: 1")]) for lines in noise)
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_text(text)
    whole = read_log(path, "a.log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "CHUNK_BYTES", chunk)
        assert read_log(path, "a.log") == whole
    assert len(whole.crashes) == len(noise)
    assert whole.lines == text.count("\n")


def test_of_a_chain_the_last_exception_counts():
    chained = (
        traceback("a.py", "KeyError: 1")
        + "\nDuring handling of the above exception, another exception occurred:\n\n"
        + traceback("b.py", "ValueError: 2")
    )
    (crash,) = crashes_in(chained.splitlines())
    assert (crash.exception, crash.line, crash.end_line) == ("ValueError", 1, 15)


def test_two_tracebacks_in_a_row_are_two():
    text = traceback("a.py", "KeyError: 1") + traceback("b.py", "ValueError: 2")
    assert [crash.exception for crash in crashes_in(text.splitlines())] == ["KeyError", "ValueError"]


def test_a_message_may_have_several_lines():
    text = traceback("a.py", "RuntimeError: Error(s) in loading:\n\tsize mismatch for wte") + "done\n"
    (crash,) = crashes_in(text.splitlines())
    assert crash.kind == "shape"
    assert crash.end_line == 7


def test_lines_of_several_processes_may_be_mixed():
    lines = []
    both = zip(traceback("a.py", "KeyError: 1").splitlines(), range(9), strict=False)
    for line, n in both:
        lines += [f"[rank1]: {line}", f"step {n}"]
    (crash,) = crashes_in(lines)
    assert (crash.exception, crash.prefix) == ("KeyError", "[rank1]:")


def test_a_recursion_is_one_crash():
    frame = '  File "a.py", line 2, in f\n    f()\n'
    text = "Traceback (most recent call last):\n" + frame * 990 + "RecursionError: maximum depth\n"
    (crash,) = crashes_in(text.splitlines())
    assert crash.end_line == 1982


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last):\n",  # cut off
        "Traceback (most recent call last):\nplain words\n",
        '  File "a.py", line 3\nplain words\n',
        '"Traceback (most recent call last):"\n  File "a.py", line 3\n    x\nKeyError: 1\n',
    ],
)
def test_what_is_no_traceback(text):
    assert list(crashes_in(text.splitlines())) == []


def test_answers_of_the_server_cut_a_log(tmp_path):
    path = tmp_path / "a.log"
    path.write_text('x\n{"submission_id": 1}\ny\n{"submission_id": 2}\n')
    log = read_log(path, "a.log")
    assert [log.after(line) for line in (1, 3, 5)] == [0, 1, 2]
    assert [log.before(line) for line in (1, 3, 5)] == [1, 2, None]


def test_a_progress_bar_may_stand_before_a_traceback(tmp_path):
    path = tmp_path / "a.log"
    path.write_text(
        "\r 1%|  | 1/99 [00:01]\r 2%|# | 2/99 [00:02, 1.0it/s]" + traceback("a.py", "KeyError: 1")
    )
    (crash,) = read_log(path, "a.log").crashes
    assert (crash.exception, crash.line, crash.end_line, crash.prefix) == ("KeyError", 1, 6, "")


def test_memory_does_not_grow_with_a_log(tmp_path):
    """16 MB of lines, of tracebacks, and of one line without an end: at most 8 MB at any time."""
    path = tmp_path / "a.log"
    path.write_bytes(
        b"step 1 loss 0.3 lr 1e-5 and so on and so on and so on\n" * 100_000
        + traceback("a.py", "KeyError: 1").encode() * 20_000
        + b"\r50%" * 1_500_000
        + b"\xff\xfe\n"
    )
    tracemalloc.start()
    log = read_log(path, "a.log")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6
    assert len(log.crashes) == 2 * scan.KEPT
    assert log.crashes[-1].end_line == 100_000 + 20_000 * 6


def test_a_log_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.log cannot be read"):
        read_log(tmp_path / "a.log", "a.log")
