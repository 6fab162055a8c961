from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from posttrace.traces.redact import Redactor

VALUES = st.text('abc"\\\n€\u0007', min_size=1, max_size=6)


def test_a_value_is_replaced_by_its_name() -> None:
    assert Redactor({"KEY": "s3cret"}).text("x s3cret, s3cret.") == "x <secret:KEY>, <secret:KEY>."


def test_text_without_a_value_is_unchanged() -> None:
    assert Redactor({"KEY": "s3cret", "EMPTY": ""}).text("nothing here") == "nothing here"


def test_a_value_quoted_in_json_is_found_in_both_spellings() -> None:
    value = 'a"b\\ü'
    redactor = Redactor({"KEY": value})
    for ascii_only in (True, False):
        quoted = json.dumps({"key": value}, ensure_ascii=ascii_only)
        assert redactor.text(quoted) == '{"key": "<secret:KEY>"}'


def test_of_two_values_that_begin_alike_the_longer_wins() -> None:
    assert Redactor({"SHORT": "abc", "LONG": "abcdef"}).text("abcdef abc") == "<secret:LONG> <secret:SHORT>"


def test_overlapping_values_leave_no_part_of_either() -> None:
    """``abcd`` alone would leave ``ef`` of the second; the stretch goes under the longest name."""
    assert Redactor({"A": "abcd", "B": "bcdef"}).text("-abcdef-") == "-<secret:B>-"


def test_a_value_that_occurs_in_a_marker_is_not_replaced_in_it() -> None:
    assert Redactor({"A": "xyz", "B": "secret"}).text("xyz") == "<secret:A>"


def test_a_value_that_is_not_utf8_is_found_as_it_is_written() -> None:
    redactor = Redactor({"KEY": "caf\udce9"})  # what os.environ holds for the bytes caf\xe9
    assert redactor.text("in caf\\xe9!") == "in <secret:KEY>!"
    assert base64.b64decode(redactor.twin(base64.b64encode(b"\xffcaf\xe9").decode())) == b"\xff<secret:KEY>"


def test_a_twin_hides_the_value_too() -> None:
    redactor = Redactor({"KEY": "s3cret"})
    twin = base64.b64encode(b"\xff--key=s3cret").decode()
    assert base64.b64decode(redactor.twin(twin)) == b"\xff--key=<secret:KEY>"
    assert redactor.twin("Y2Fm6Q==") == "Y2Fm6Q=="
    assert redactor.twin("not base64: s3cret") == "not base64: <secret:KEY>"


def test_overlapping_values_leave_no_part_of_either_in_a_twin() -> None:
    """As in text: what is left of ``abcd`` after ``bcdef`` is taken out would be its first letter."""
    redactor = Redactor({"A": "abcd", "B": "bcdef", "C": "secret"})
    twin = redactor.twin(base64.b64encode(b"\xff-abcdef-").decode())
    assert base64.b64decode(twin) == b"\xff-<secret:B>-"


@given(st.dictionaries(st.sampled_from("XYZ"), VALUES, min_size=1), st.lists(st.text("de ")))
def test_no_value_is_left_wherever_it_stands(secrets: dict[str, str], between: list[str]) -> None:
    """Markers are taken out before looking: they hold no letter of any value."""
    text = "".join(part + value for part in ["", *between] for value in secrets.values())
    clean = Redactor(secrets).text(text)
    for name in secrets:
        clean = clean.replace(f"<secret:{name}>", " ")
    assert not any(value in clean for value in secrets.values())
