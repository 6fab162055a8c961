from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.models.tokenizer import Tokenizer, TokenizerError

TOKENIZER = Tokenizer(("<pad>", "<eos>", ">", "a", "b", "c"))
WORDS = Tokenizer(("<pad>", "<eos>", "go to", "desk 1", "see", ","), r"go to|\w+ \d+|\w+|\S")


@given(st.text(alphabet=">abc"))
def test_decoding_undoes_encoding(text: str) -> None:
    assert TOKENIZER.decode([*TOKENIZER.encode(text), TOKENIZER.eos_id, 0]) == text


def test_an_unknown_character_is_an_error() -> None:
    with pytest.raises(ValueError, match="'z' is no token"):
        TOKENIZER.encode("z")


def test_a_pattern_makes_tokens_of_several_words() -> None:
    ids = WORDS.encode("go to desk 1,see")
    assert ids == [2, 3, 5, 4]
    assert WORDS.decode(ids) == "go to desk 1 , see"


@pytest.mark.parametrize("tokenizer", [TOKENIZER, WORDS])
def test_save_and_load(tmp_path: Path, tokenizer: Tokenizer) -> None:
    tokenizer.save(tmp_path)
    assert Tokenizer.load(tmp_path) == tokenizer
    assert json.loads((tmp_path / "tokenizer_config.json").read_bytes())["eos_token"] == "<eos>"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("{", "no vocabulary"),
        ("[" * 100_000, "no vocabulary"),
        ("[]", "no vocabulary"),
        ('{"model": {"vocab": {"a": 0}}}', "no pattern"),
        ('{"model": {"vocab": ["a"]}, "pre_tokenizer": {"pattern": {"Regex": "."}}}', "no vocabulary"),
        (
            '{"model": {"vocab": {"a": 0, "b": 2}}, "pre_tokenizer": {"pattern": {"Regex": "."}}}',
            "no vocabulary with ids 0, 1, 2",
        ),
    ],
)
def test_what_is_no_tokenizer_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(TokenizerError, match=message):
        Tokenizer.load(tmp_path)


def test_transformers_reads_the_same_tokens(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra)")
    TOKENIZER.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs("abba>c")["input_ids"] == TOKENIZER.encode("abba>c")
    assert (theirs.eos_token_id, theirs.pad_token_id) == (1, 0)
    assert theirs.decode(TOKENIZER.encode("cab")) == "cab"
    WORDS.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs("go to desk 1,see")["input_ids"] == WORDS.encode("go to desk 1,see")
    assert theirs.decode([2, 3]) == "go to desk 1"
