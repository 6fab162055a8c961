from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces import Finding, TraceError, validate
from posttrace.traces.chain import GENESIS, seal, stated_hash


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("validate") / "trace.jsonl"


@pytest.fixture(scope="session")
def content(golden: Path) -> bytes:
    return (golden / "trace.jsonl").read_bytes()


def codes(path: Path) -> list[tuple[int, str]]:
    return [(finding.line, finding.code) for finding in validate(path)]


def chained(bodies: list[bytes]) -> bytes:
    """Seal bodies into a trace whose chain is whole, whatever they say."""
    head, lines = GENESIS.encode(), []
    for body in bodies:
        lines.append(seal(head, body))
        head = stated_hash(lines[-1])
    return b"".join(lines)


@given(st.data())
def test_any_cut_after_the_start_gives_warnings_only(
    content: bytes, scratch: Path, data: st.DataObject
) -> None:
    """A cut in the first line leaves no event, which is an error: nothing was recorded."""
    cut = data.draw(st.integers(0, len(content) - 1))
    scratch.write_bytes(content[:cut])
    found = validate(scratch)
    errors = [finding.code for finding in found if finding.severity == "error"]
    assert errors == ["NO_START"] * (cut <= content.index(b"\n"))
    torn = cut > 0 and not content[:cut].endswith(b"\n")
    n = content[:cut].count(b"\n")
    assert [finding.line for finding in found if finding.code == "TORN_TAIL"] == [n + 1] * torn
    assert [finding.line for finding in found if finding.code == "NO_FINISH"] == [n]


@given(st.data())
def test_any_changed_byte_is_an_error_at_its_line_and_nowhere_else(
    content: bytes, scratch: Path, data: st.DataObject
) -> None:
    """But for what a change makes of the events: two lines joined lack a number, for instance."""
    at = data.draw(st.integers(0, len(content) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    scratch.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
    line = content[:at].count(b"\n") + 1
    found = validate(scratch)
    assert found[0].line == line
    assert found[0].code in ("BROKEN_CHAIN", "BAD_LINE")
    assert found[0].severity == "error"
    if byte != 10 and content[at] != 10:
        assert [f.line for f in found if f.code in ("BROKEN_CHAIN", "BAD_LINE")] == [line]


def test_a_changed_last_newline_is_found_with_its_line(content: bytes, scratch: Path) -> None:
    scratch.write_bytes(content[:-1] + b" ")
    assert (19, "TORN_TAIL") in codes(scratch)


def test_every_change_of_several_is_reported_once(content: bytes, scratch: Path) -> None:
    lines = content.splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"replicate":1', b'"replicate":2')
    lines[6] = lines[6].replace(b'"loss":2.5', b'"loss":0.5')
    lines[10] = lines[10][:-5] + b'0"}\n'
    scratch.write_bytes(b"".join(lines))
    assert len(lines[10]) < len(content.splitlines(keepends=True)[10])
    assert [line for line, code in codes(scratch) if code in ("BROKEN_CHAIN", "BAD_LINE")] == [3, 7, 11, 12]


def test_a_dropped_line(content: bytes, scratch: Path) -> None:
    lines = content.splitlines(keepends=True)
    scratch.write_bytes(b"".join(lines[:7] + lines[8:]))
    assert codes(scratch) == [(8, "BROKEN_CHAIN"), (8, "BAD_SEQ")]


def test_an_inserted_line_that_follows_is_named(content: bytes, scratch: Path) -> None:
    lines = content.splitlines(keepends=True)
    forged = seal(stated_hash(lines[6]), b'{"type":"integrity.flag","seq":7,"ts":null,"t_s":1.75,"kind":"x"}')
    scratch.write_bytes(b"".join([*lines[:7], forged, *lines[7:]]))
    found = validate(scratch)
    broken = [finding for finding in found if finding.code == "BROKEN_CHAIN"]
    assert [finding.line for finding in broken] == [9]
    assert "the line between was inserted" in broken[0].message


def test_an_inserted_line_that_does_not_follow_is_named(content: bytes, scratch: Path) -> None:
    lines = content.splitlines(keepends=True)
    scratch.write_bytes(b"".join([*lines[:7], b"junk\n", *lines[7:]]))
    assert codes(scratch) == [(8, "BAD_LINE")]


def test_a_finding_says_path_line_code_and_message(content: bytes, scratch: Path) -> None:
    scratch.write_bytes(content + b"torn")
    [finding] = validate(scratch)
    assert finding == Finding(scratch, 20, "TORN_TAIL", "warning", finding.message)
    assert str(finding) == f"{scratch}:20: TORN_TAIL {finding.message}"
    assert finding.message.startswith("the last line was cut short (4 bytes)")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'{"type":"log.surprise","seq":1}', "log.surprise"),
        (b'{"type":"integrity.flag","seq":1,"kind":3}', r"Expected `str`, got `int` - at `\$.kind`"),
        (b'{"type":"integrity.flag","seq":1,"kind":"\xff"}', "utf-8"),
        (b'{"type":"integrity.flag","seq":1,"kind":"k","count":NaN}', "malformed"),
        (b"{}", "begin with its type"),
    ],
)
def test_a_line_that_is_no_event(content: bytes, scratch: Path, body: bytes, what: str) -> None:
    first = content.splitlines()[0]
    scratch.write_bytes(chained([first[: first.rindex(b',"hash"')] + b"}", body]))
    bad, end = validate(scratch)
    assert (bad.line, bad.code, end.code) == (2, "BAD_EVENT", "NO_FINISH")
    with pytest.raises(AssertionError, match=what):
        raise AssertionError(bad.message)


def test_a_line_beyond_the_limit(content: bytes, scratch: Path) -> None:
    scratch.write_bytes(content + b"x" * 9_000_000 + b"\n")
    [finding] = validate(scratch)
    assert (finding.line, finding.code) == (20, "BAD_LINE")
    assert "longer than 8388608 bytes" in finding.message


def test_files_that_are_no_traces_give_findings_not_exceptions(scratch: Path) -> None:
    scratch.write_bytes(b"# notes\n\n\x00\xff\n")
    assert codes(scratch) == [
        (1, "BAD_LINE"),
        (2, "BAD_LINE"),
        (3, "BAD_LINE"),
        (3, "NO_START"),
        (3, "NO_FINISH"),
    ]
    scratch.write_bytes(b"")
    found = validate(scratch)
    assert [(f.line, f.code, f.severity) for f in found] == [
        (0, "NO_START", "error"),
        (0, "NO_FINISH", "warning"),
    ]


@pytest.mark.parametrize("neighbour", ["logs", "artifacts", "workspace"])
def test_a_run_directory_without_its_revisions(content: bytes, tmp_path: Path, neighbour: str) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(content)
    assert validate(trace) == []  # alone: copied elsewhere
    (tmp_path / neighbour).mkdir()
    [finding] = validate(trace)
    assert (finding.line, finding.code, finding.severity) == (19, "MISSING_STORE", "warning")
    (tmp_path / "revisions.git" / "objects").mkdir(parents=True)  # what writing to a deleted store leaves
    assert [found.code for found in validate(trace)] == ["MISSING_STORE"]
    (tmp_path / "revisions.git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert validate(trace) == []
    (tmp_path / "revisions.git" / "HEAD").unlink()
    trace.write_bytes(b"".join(content.splitlines(keepends=True)[:3]))  # no commit is named
    assert codes(trace) == [(3, "NO_FINISH")]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        validate(tmp_path / "trace.jsonl")


EDITS = {
    # The golden run, one line of it edited and every line sealed again: the chain is whole, and only the
    # rules between events are left to find it. Line n is event n - 1.
    "NO_CLOCK": (5, b'"t_s":1.25', b'"t_s":null'),
    "BAD_TS": (5, b'"ts":"2026-01-02T', b'"ts":"2026-13-02T'),
    "TS_BACK": (5, b'"ts":"2026-01-02T', b'"ts":"2026-01-01T'),
    "T_S_BACK": (5, b'"t_s":1.25', b'"t_s":0.5'),
    "BAD_SEQ": (19, b'"seq":18', b'"seq":20'),
    "UNKNOWN_REVISION": (12, b'"revision":"2222', b'"revision":"9999'),
    "BAD_DUPLICATE": (14, b'"duplicate_of":1', b'"duplicate_of":2'),
    "BAD_SCORE": (16, b'"score":null', b'"score":0.0'),
    "UNKNOWN_SUBMISSION": (18, b'"submission_id":1', b'"submission_id":8'),
    "BAD_ITEMS": (18, b'"s11"]', b'"s10"]'),
    "BAD_COUNT": (19, b'"submissions":3', b'"submissions":4'),
    "BAD_BEST": (19, b'"best":{"submission_id":1', b'"best":{"submission_id":2'),
    "BAD_EVENT": (7, b'"step":1', b'"step":"1"'),
}


@pytest.mark.parametrize("code", EDITS)
def test_an_edit_that_the_chain_does_not_show(content: bytes, scratch: Path, code: str) -> None:
    line, old, new = EDITS[code]
    bodies = [whole[: whole.rindex(b',"hash"')] + b"}" for whole in content.splitlines()]
    assert bodies[line - 1].count(old) == 1
    bodies[line - 1] = bodies[line - 1].replace(old, new)
    scratch.write_bytes(chained(bodies))
    found = validate(scratch)
    assert (found[0].line, found[0].code) == (line, code)
    assert found[0].severity == ("warning" if code == "TS_BACK" else "error")
    assert "BROKEN_CHAIN" not in {finding.code for finding in found}


def test_nothing_but_the_edit_is_found_in_those(content: bytes, scratch: Path) -> None:
    """The same sealing without an edit gives the golden bytes back."""
    bodies = [whole[: whole.rindex(b',"hash"')] + b"}" for whole in content.splitlines()]
    assert chained(bodies) == content


class TestRescore:
    @pytest.fixture
    def folder(self, golden: Path, tmp_path: Path) -> Path:
        for name in ("trace.jsonl", "rescore-1.jsonl"):
            shutil.copy(golden / name, tmp_path / name)
        return tmp_path

    def rewrite(self, path: Path, old: bytes, new: bytes) -> None:
        """Change the text and seal every line again."""
        lines = path.read_bytes().splitlines()
        bodies = [line[: line.rindex(b',"hash"')] + b"}" for line in lines]
        path.write_bytes(chained([body.replace(old, new) for body in bodies]))

    def test_it_needs_no_end(self, folder: Path) -> None:
        assert validate(folder / "rescore-1.jsonl") == []

    def test_its_parent_may_have_grown(self, folder: Path) -> None:
        """Any line's hash is a head that the trace once had."""
        heads = [
            stated_hash(line) for line in (folder / "trace.jsonl").read_bytes().splitlines(keepends=True)
        ]
        self.rewrite(folder / "rescore-1.jsonl", heads[-1], heads[3])
        assert validate(folder / "rescore-1.jsonl") == []

    def test_a_head_that_the_parent_never_had(self, folder: Path) -> None:
        """So does a parent rewritten as a whole, which its own chain does not show."""
        self.rewrite(folder / "trace.jsonl", b'"loss":2.5', b'"loss":0.5')
        assert validate(folder / "trace.jsonl") == []
        [finding] = validate(folder / "rescore-1.jsonl")
        assert (finding.line, finding.code) == (1, "BAD_PARENT")

    def test_a_missing_and_a_broken_parent(self, folder: Path) -> None:
        trace = folder / "trace.jsonl"
        trace.write_bytes(trace.read_bytes().replace(b'"loss":2.5', b'"loss":0.5'))
        assert (1, "BAD_PARENT") in codes(folder / "rescore-1.jsonl")
        trace.unlink()
        first, *_ = validate(folder / "rescore-1.jsonl")
        assert first.code == "BAD_PARENT"
        assert "cannot be read" in first.message

    def test_another_run_s(self, folder: Path) -> None:
        self.rewrite(folder / "rescore-1.jsonl", b"0123456789ab-s7-a1", b"0123456789ab-s8-a1")
        assert codes(folder / "rescore-1.jsonl") == [(1, "BAD_PARENT")]

    def test_an_unknown_submission(self, folder: Path) -> None:
        self.rewrite(folder / "rescore-1.jsonl", b'"submission_id":1', b'"submission_id":9')
        assert codes(folder / "rescore-1.jsonl") == [(3, "UNKNOWN_SUBMISSION")]
