"""The task ``spell``: what the agent gets, and how a checkpoint is scored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.sampling import sample
from posttrace.runner.models.tokenizer import Tokenizer
from posttrace.runner.tasks import loading
from posttrace.runner.tasks.base import Outcome
from posttrace.runner.tasks.spell.words import ALPHABET, MAX_LETTERS, SIZES, words
from posttrace.traces.errors import ConfigError, GradingError
from posttrace.traces.events import Evaluator, Items, Split, TaskInfo

PROMPT_END: Final = ">"
TOKENIZER: Final = Tokenizer(("<pad>", "<eos>", PROMPT_END, *ALPHABET))
MAX_NEW_TOKENS: Final = MAX_LETTERS + 1
"""The longest answer and its end token; whatever a model says beyond that is wrong anyway."""
N_POSITIONS: Final = 2 * MAX_LETTERS + 2
SCALE_MAX: Final = 100.0
SPLIT_KEY: Final[dict[Split, int]] = {"feedback": 0, "sealed": 1, "fresh": 2}
EVALUATOR: Final = Evaluator(id="spell-exact-match", version="1")


def prompt_of(word: str) -> str:
    """What the model reads."""
    return word + PROMPT_END


def answer_to(word: str) -> str:
    """What it should say before its end token."""
    return word[::-1]


@dataclass(frozen=True)
class Spell:
    """Score = per cent of hidden words that a sampled answer spells backwards exactly.

    The sets follow from this package's source: they are kept out of the workspace, but only a sandbox that
    isolates ``test_data`` keeps them from a program that looks for the package.
    """

    temperature: float = 1.0
    """Of sampling; 0 is greedy, and then the evaluation seed changes nothing."""
    demonstrations: int = 300
    """Solved training words the agent gets. All 4,000 would let plain SFT reach the ceiling."""
    n_items: int = 2000
    """Words of each hidden set that are used."""

    def __post_init__(self) -> None:
        """Refuse settings that the word sets cannot serve. Raises ``ConfigError``."""
        if not 1 <= self.n_items <= SIZES["feedback"]:
            raise ConfigError(f"task.n_items must be 1 to {SIZES['feedback']}, not {self.n_items}")
        if not 1 <= self.demonstrations <= SIZES["train"]:
            raise ConfigError(f"task.demonstrations must be 1 to {SIZES['train']}, not {self.demonstrations}")
        if not self.temperature >= 0:
            raise ConfigError(f"task.temperature must not be below 0, not {self.temperature}")

    @property
    def info(self) -> TaskInfo:
        """What the trace says of the task."""
        return TaskInfo(id="spell", level="L1", metric="accuracy", n_items=self.n_items, scale_max=SCALE_MAX)

    def prepare(self, workspace: Path) -> None:
        """Write ``data/train.jsonl``, ``description.md`` and ``instructions.md``."""
        lines = [
            json.dumps({"prompt": prompt_of(word), "completion": answer_to(word)})
            for word in words("train")[: self.demonstrations]
        ]
        (workspace / "data" / "train.jsonl").write_text("\n".join(lines) + "\n")
        here = files(__package__)
        decoding = f"sampled at temperature {self.temperature:g}" if self.temperature else "decoded greedily"
        numbers = {"n_items": self.n_items, "demonstrations": self.demonstrations, "limit": MAX_NEW_TOKENS}
        description = (here / "description.md").read_text().format(decoding=decoding, **numbers)
        (workspace / "description.md").write_text(description)
        (workspace / "instructions.md").write_text((here / "instructions.md").read_text())

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Answer every word of a hidden set once; an item is worth 100 or 0.

        Sampling noise comes from (seed, split) alone, so one seed gives two models the same noise.
        Raises ``GradingError`` when the checkpoint cannot be loaded, does not fit the task, or computes
        NaN.
        """
        model = load_model(model_dir)
        hidden_words = words(split)[: self.n_items]
        rng = np.random.default_rng([seed, SPLIT_KEY[split]])
        answers = self._answers(model, [prompt_of(word) for word in hidden_words], rng)
        values = [
            SCALE_MAX * (answer == [*TOKENIZER.encode(answer_to(word)), TOKENIZER.eos_id])
            for word, answer in zip(hidden_words, answers, strict=True)
        ]
        ids = [f"{split}-{i:04d}" for i in range(self.n_items)]
        return Outcome(
            score=float(np.mean(values)), items=Items(ids=ids, values=[*values]), evaluator=EVALUATOR
        )

    def _answers(self, model: GPT2, prompts: list[str], rng: np.random.Generator) -> list[list[int]]:
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # ``sample`` looks at what comes of it
                return sample(
                    model,
                    [TOKENIZER.encode(prompt) for prompt in prompts],
                    max_new_tokens=MAX_NEW_TOKENS,
                    temperature=self.temperature,
                    rng=rng,
                )
        except FloatingPointError as error:
            raise GradingError(f"{error}; submit an earlier checkpoint") from error


def load_model(model_dir: Path) -> GPT2:
    """A checkpoint that fits the task. Raises ``GradingError`` with the part that does not."""
    return loading.load_model(model_dir, TOKENIZER, N_POSITIONS)
