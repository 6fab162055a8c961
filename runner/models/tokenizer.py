"""A character tokeniser in the Hugging Face format: ``tokenizer.json`` and ``tokenizer_config.json``.

Needs only the standard library at run time, so that it can be copied next to a training script.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class TokenizerError(ValueError):
    """A ``tokenizer.json`` is missing or is no character tokeniser; the text says why."""


@dataclass(frozen=True)
class CharTokenizer:
    """Tokens by id: padding first, end second, then single characters."""

    tokens: tuple[str, ...]

    @property
    def eos_id(self) -> int:
        """Id of the end token."""
        return 1

    def encode(self, text: str) -> list[int]:
        """One id a character. Raises ``ValueError`` for a character that is no token."""
        return [self.tokens.index(char) for char in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The characters; padding and end vanish."""
        return "".join(self.tokens[i] for i in ids if i > 1)

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
    def load(cls, directory: Path) -> CharTokenizer:
        """Read ``tokenizer.json``. Raises ``TokenizerError``."""
        try:
            vocabulary = json.loads((directory / "tokenizer.json").read_bytes())["model"]["vocab"]
            by_id = {index: token for token, index in vocabulary.items()}
            tokens = tuple(by_id[index] for index in range(len(vocabulary)))
        except OSError as error:
            raise TokenizerError(f"tokenizer.json cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise TokenizerError(
                f"tokenizer.json holds no vocabulary with ids 0, 1, 2, ...: {error!r}"
            ) from error
        return cls(tokens)

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
                "pattern": {"Regex": "."},
                "behavior": "Isolated",
                "invert": False,
            },
            "post_processor": None,
            "decoder": {"type": "Fuse"},
            "model": {
                "type": "WordLevel",
                "vocab": {token: index for index, token in enumerate(self.tokens)},
                "unk_token": self.tokens[0],
            },
        }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
