"""The task ``style``: what the agent gets, and how a checkpoint is scored."""

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
from posttrace.runner.tasks.style.judge import wins
from posttrace.runner.tasks.style.language import LONGEST_PROMPT, SIZES, VOCABULARY, Prompt, prompts
from posttrace.runner.tasks.style.pairs import preference_pairs
from posttrace.runner.tasks.style.writers import references
from posttrace.traces.errors import ConfigError, GradingError
from posttrace.traces.events import Evaluator, Items, Split, TaskInfo

TOKENIZER: Final = Tokenizer(("<pad>", "<eos>", *VOCABULARY), r"\S+")
MAX_NEW_TOKENS: Final = 24
"""More than any writer says (22 words and the end); an answer is cut there."""
N_POSITIONS: Final = LONGEST_PROMPT + MAX_NEW_TOKENS
SCALE_MAX: Final = 100.0
SPLIT_KEY: Final[dict[Split, int]] = {"feedback": 0, "sealed": 1, "fresh": 2}
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
        if not 1 <= self.n_items <= SIZES["feedback"]:
            raise ConfigError(f"task.n_items must be 1 to {SIZES['feedback']}, not {self.n_items}")
        if not 1 <= self.pairs <= SIZES["train"]:
            raise ConfigError(f"task.pairs must be 1 to {SIZES['train']}, not {self.pairs}")
        if not self.temperature >= 0:
            raise ConfigError(f"task.temperature must not be below 0, not {self.temperature}")

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
        """Write ``data/train.jsonl``, ``data/prompts.jsonl``, ``description.md`` and ``instructions.md``."""
        verdicts = [
            {"prompt": pair.prompt.text, "chosen": pair.chosen, "rejected": pair.rejected}
            for pair in preference_pairs(self.pairs)
        ]
        _write_lines(workspace / "data" / "train.jsonl", verdicts)
        _write_lines(workspace / "data" / "prompts.jsonl", [{"prompt": p.text} for p in prompts("train")])
        here = files(__package__)
        decoding = f"sampled at temperature {self.temperature:g}" if self.temperature else "decoded greedily"
        numbers = {
            "n_items": self.n_items,
            "pairs": self.pairs,
            "limit": MAX_NEW_TOKENS,
            "n_prompts": SIZES["train"],
        }
        description = (here / "description.md").read_text().format(decoding=decoding, **numbers)
        (workspace / "description.md").write_text(description)
        (workspace / "instructions.md").write_text((here / "instructions.md").read_text())

    def evaluate(self, model_dir: Path, split: Split, seed: int) -> Outcome:
        """Answer every prompt of a hidden set once and have each answer judged against the reference.

        Sampling noise comes from (seed, split) alone, so one seed gives two models the same noise.
        Raises ``GradingError`` when the checkpoint cannot be loaded, does not fit the task, or computes
        NaN.
        """
        model = load_model(model_dir)
        asked = prompts(split)[: self.n_items]
        answers = self.answers(model, asked, np.random.default_rng([seed, SPLIT_KEY[split]]))
        against = references(split)[: self.n_items]
        values = [
            SCALE_MAX * wins(prompt, answer, reference)
            for prompt, answer, reference in zip(asked, answers, against, strict=True)
        ]
        ids = [f"{split}-{i:04d}" for i in range(self.n_items)]
        return Outcome(
            score=float(np.mean(values)), items=Items(ids=ids, values=[*values]), evaluator=EVALUATOR
        )

    def answers(self, model: GPT2, asked: list[Prompt], rng: np.random.Generator) -> list[str]:
        """One answer a prompt, decoded as the settings say. Raises ``GradingError`` for NaN."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # ``sample`` looks at what comes of it
                drawn = sample(
                    model,
                    [TOKENIZER.encode(prompt.text) for prompt in asked],
                    max_new_tokens=MAX_NEW_TOKENS,
                    temperature=self.temperature,
                    rng=rng,
                )
        except FloatingPointError as error:
            raise GradingError(f"{error}; submit an earlier checkpoint") from error
        return [TOKENIZER.decode(tokens) for tokens in drawn]


def load_model(model_dir: Path) -> GPT2:
    """A checkpoint that fits the task. Raises ``GradingError`` with the part that does not."""
    return loading.load_model(model_dir, TOKENIZER, N_POSITIONS)


def _write_lines(path: Path, objects: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in objects))
