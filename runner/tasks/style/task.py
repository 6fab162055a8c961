"""The task ``style``: what the agent gets, and how a checkpoint is scored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

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
from posttrace.runner.tasks.style.judge import wins
from posttrace.runner.tasks.style.language import LONGEST_PROMPT, SIZES, VOCABULARY, Prompt, prompts
from posttrace.runner.tasks.style.pairs import preference_pairs
from posttrace.runner.tasks.style.writers import references
from posttrace.traces.events import Evaluator, Split, TaskInfo

TOKENIZER: Final = Tokenizer(("<pad>", "<eos>", *VOCABULARY), r"\S+")
MAX_NEW_TOKENS: Final = 24
"""More than any writer says (22 words and the end); an answer is cut there."""
N_POSITIONS: Final = LONGEST_PROMPT + MAX_NEW_TOKENS
EVALUATOR: Final = Evaluator(id="style-pairwise-judge", version="1")


@dataclass(frozen=True)
class Style:
    """Score = per cent of hidden prompts where the judge prefers the model's answer to a reference.

    The judge is asked in both orders; only an answer preferred in both wins its item (100), anything else is
    worth 0. So there is no half point for a tie, and two equally good writers score below 50.

    The sets, the references and the judge follow from this package's source: they are kept out of the
    workspace, but only a sandbox that isolates ``test_data`` keeps them from a program that looks for the
    package.
    """

    temperature: float = 1.0
    """Of sampling; 0 is greedy, and then the evaluation seed changes nothing."""
    pairs: int = 300
    """Preference pairs the agent gets."""
    n_items: int = 2000
    """Prompts of each hidden set that are used."""

    def __post_init__(self) -> None:
        """Refuse settings that the prompt sets cannot serve. Raises ``ConfigError``."""
        check_range(n_items=(self.n_items, SIZES["feedback"]), pairs=(self.pairs, SIZES["train"]))
        check_temperature(self.temperature)

    @property
    def info(self) -> TaskInfo:
        """What the trace says of the task."""
        return TaskInfo(
            id="style",
            level="L2",
            metric="win_rate",
            n_items=self.n_items,
            scale_max=SCALE_MAX,
            judge=EVALUATOR.id,
        )

    def prepare(self, workspace: Path) -> None:
        """Write ``data/train.jsonl``, ``data/prompts.jsonl`` and ``description.md``."""
        verdicts = [
            {"prompt": pair.prompt.text, "chosen": pair.chosen, "rejected": pair.rejected}
            for pair in preference_pairs(self.pairs)
        ]
        write_lines(workspace / "data" / "train.jsonl", verdicts)
        write_lines(workspace / "data" / "prompts.jsonl", [{"prompt": p.text} for p in prompts("train")])
        describe(__package__, workspace, **asdict(self), limit=MAX_NEW_TOKENS, n_prompts=SIZES["train"])

    def check(self, model_dir: Path) -> None:
        """Raise ``GradingError`` when the checkpoint cannot be loaded or does not fit the task."""
        load_model(model_dir)

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Answer every prompt of a hidden set once and have each answer judged against the reference.

        Sampling noise comes from (seed, split) alone, so one seed gives two models the same noise.
        Raises ``GradingError`` when the checkpoint cannot be loaded, does not fit the task, or computes
        NaN.
        """
        model = load_model(model_dir)
        asked = prompts(split)[: self.n_items]
        answers = self.answers(model, asked, noise(seed, split))
        against = references(split)[: self.n_items]
        won = [wins(*duel) for duel in zip(asked, answers, against, strict=True)]
        return outcome(won, split, EVALUATOR)

    def answers(self, model: GPT2, asked: list[Prompt], rng: np.random.Generator) -> list[str]:
        """One answer a prompt, decoded as the settings say. Raises ``GradingError`` for NaN."""
        with nan_refused():
            drawn = sample(
                model,
                [TOKENIZER.encode(prompt.text) for prompt in asked],
                max_new_tokens=MAX_NEW_TOKENS,
                temperature=self.temperature,
                rng=rng,
            )
        return [TOKENIZER.decode(tokens) for tokens in drawn]


def load_model(model_dir: Path) -> GPT2:
    """A checkpoint that fits the task. Raises ``GradingError`` with the part that does not."""
    return loading.load_model(model_dir, TOKENIZER, N_POSITIONS)
