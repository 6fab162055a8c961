"""The task ``spell``: what the agent gets, and how a checkpoint is scored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.sampling import sample
from posttrace.runner.models.tokenizer import Tokenizer
from posttrace.runner.tasks import loading
from posttrace.runner.tasks.base import Outcome
from posttrace.runner.tasks.embedded import (
    SCALE_MAX,
    check_range,
    check_temperature,
    describe,
    nan_refused,
    noise,
    outcome,
    write_lines,
)
from posttrace.runner.tasks.spell.words import ALPHABET, MAX_LETTERS, SIZES, words
from posttrace.traces.events import Evaluator, Split, TaskInfo

PROMPT_END: Final = ">"
TOKENIZER: Final = Tokenizer(("<pad>", "<eos>", PROMPT_END, *ALPHABET))
MAX_NEW_TOKENS: Final = MAX_LETTERS + 1
"""The longest answer and its end token; whatever a model says beyond that is wrong anyway."""
N_POSITIONS: Final = 2 * MAX_LETTERS + 2
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
        check_range(
            n_items=(self.n_items, SIZES["feedback"]), demonstrations=(self.demonstrations, SIZES["train"])
        )
        check_temperature(self.temperature)

    @property
    def info(self) -> TaskInfo:
        """What the trace says of the task."""
        return TaskInfo(id="spell", level="L1", metric="accuracy", n_items=self.n_items, scale_max=SCALE_MAX)

    def prepare(self, workspace: Path) -> None:
        """Write ``data/train.jsonl`` and ``description.md``."""
        shown = words("train")[: self.demonstrations]
        solved = [{"prompt": prompt_of(word), "completion": answer_to(word)} for word in shown]
        write_lines(workspace / "data" / "train.jsonl", solved)
        describe(__package__, workspace, **asdict(self), limit=MAX_NEW_TOKENS)

    def check(self, model_dir: Path) -> None:
        """Raise ``GradingError`` when the checkpoint cannot be loaded or does not fit the task."""
        load_model(model_dir)

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Answer every word of a hidden set once; an item is worth 100 or 0.

        Sampling noise comes from (seed, split) alone, so one seed gives two models the same noise.
        Raises ``GradingError`` when the checkpoint cannot be loaded, does not fit the task, or computes
        NaN.
        """
        model = load_model(model_dir)
        hidden = words(split)[: self.n_items]
        with nan_refused():
            answers = sample(
                model,
                [TOKENIZER.encode(prompt_of(word)) for word in hidden],
                max_new_tokens=MAX_NEW_TOKENS,
                temperature=self.temperature,
                rng=noise(seed, split),
            )
        right = [[*TOKENIZER.encode(answer_to(word)), TOKENIZER.eos_id] for word in hidden]
        return outcome([a == b for a, b in zip(answers, right, strict=True)], split, EVALUATOR)


def load_model(model_dir: Path) -> GPT2:
    """A checkpoint that fits the task. Raises ``GradingError`` with the part that does not."""
    return loading.load_model(model_dir, TOKENIZER, N_POSITIONS)
