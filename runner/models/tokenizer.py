"""A tokeniser for a closed vocabulary in the Hugging Face format (``tokenizer.json`` and its config).

Needs only the standard library at run time, so that it can be copied next to a training script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


class TokenizerError(ValueError):
    """A ``tokenizer.json`` is missing or holds no such tokeniser; the text says why."""


CHARACTERS = "."
"""The pattern whose every match is one character."""


@dataclass(frozen=True)
class Tokenizer:
    """Tokens by id: padding first, end second, then what the text is made of."""

    tokens: tuple[str, ...]
    pattern: str = CHARACTERS
    """Regular expression; each match in a text is one token, and what lies between matches is dropped."""

    @property
    def eos_id(self) -> int:
        """Id of the end token."""
        return 1

    @cached_property
    def ids(self) -> dict[str, int]:
        """Token -> id."""
        return {token: index for index, token in enumerate(self.tokens)}

    def encode(self, text: str) -> list[int]:
        """One id a match of ``pattern``. Raises ``ValueError`` for a match that is no token."""
        try:
            return [self.ids[match] for match in re.findall(self.pattern, text)]
        except KeyError as error:
            raise ValueError(f"{error} is no token") from error

    def decode(self, ids: Iterable[int]) -> str:
        """Characters run together, longer tokens one space apart; padding and end vanish."""
        return ("" if self.pattern == CHARACTERS else " ").join(self.tokens[i] for i in ids if i > 1)

    def save(self, directory: Path) -> None:
        """Write both files; ``transformers.AutoTokenizer`` reads them as a fast tokeniser."""
        pad, eos = self.tokens[:2]
        special = {
            "pad_token": pad,
            "eos_token": eos,
            "unk_token": pad,
            "tokenizer_class": "PreTrainedTokenizerFast",
        }
        _write(directory / "tokenizer.json", self._fast_tokenizer())
        _write(directory / "tokenizer_config.json", special)

    @classmethod
    def load(cls, directory: Path) -> Tokenizer:
        """Read ``tokenizer.json``. Raises ``TokenizerError``."""
        try:
            stored = json.loads((directory / "tokenizer.json").read_bytes())
            vocabulary, pattern = stored["model"]["vocab"], stored["pre_tokenizer"]["pattern"]["Regex"]
            by_id = {index: token for token, index in vocabulary.items()}
            tokens = tuple(by_id[index] for index in range(len(vocabulary)))
        except OSError as error:
            raise TokenizerError(f"tokenizer.json cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise TokenizerError(
                f"tokenizer.json holds no pattern, or no vocabulary with ids 0, 1, 2, ...: {error!r}"
            ) from error
        return cls(tokens, pattern)

    def _fast_tokenizer(self) -> dict[str, Any]:
        flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [{"id": i, "content": self.tokens[i], **flags} for i in (0, 1)],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": self.pattern},
                "behavior": "Removed",
                "invert": True,  # what does not match is removed
            },
            "post_processor": None,
            "decoder": {"type": "Fuse"} if self.pattern == CHARACTERS else None,
            "model": {
                "type": "WordLevel",
                "vocab": {token: index for index, token in enumerate(self.tokens)},
                "unk_token": self.tokens[0],
            },
        }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
