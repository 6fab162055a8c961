"""Pre-train the base model: ``python -m posttrace.runner.tasks.spell.build_base [DIR] [--check]``.

The base learns the task for a short time, from training words whose answers are wrong in three of ten cases
(two neighbouring letters swapped, one dropped, or one doubled), so that it samples a right answer for about
a third of the hidden words and leaves room for a gain, also when decoded greedily.

The script is deterministic, but float32 matrix products round differently with another number of threads,
processor or BLAS library: there the hash differs although the model is equally good. ``--check`` then says by
how much (measured for two threads instead of one: 0.002), and fails above ``TOLERANCE``. The shipped base was
built with OPENBLAS_NUM_THREADS=1, which takes seconds; two threads on a busy machine take a minute.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from posttrace.runner.models.adamw import AdamW
from posttrace.runner.models.checkpoint import GPT2Config, load_checkpoint, save_checkpoint
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.tasks.spell.task import N_POSITIONS, TOKENIZER, answer_to, prompt_of
from posttrace.runner.tasks.spell.words import words

SHIPPED = Path(__file__).parents[2] / "bases" / "spell"
TOLERANCE = 1e-2
"""Largest difference of any weight that ``--check`` puts down to rounding."""


@dataclass(frozen=True)
class Recipe:
    """How the shipped base was made."""

    steps: int = 250
    batch: int = 128
    learning_rate: float = 3e-3
    wrong_share: float = 0.3
    seed: int = 0
    n_embd: int = 64
    n_layer: int = 2
    n_head: int = 4


def train_base(recipe: Recipe) -> GPT2:
    """The pre-trained model; the same recipe gives the same weights on the same machine."""
    rng = random.Random(recipe.seed)
    config = GPT2Config(
        vocab_size=len(TOKENIZER.tokens),
        n_positions=N_POSITIONS,
        n_embd=recipe.n_embd,
        n_layer=recipe.n_layer,
        n_head=recipe.n_head,
        eos_token_id=TOKENIZER.eos_id,
    )
    model = GPT2.initial(config, np.random.default_rng(recipe.seed))
    optimizer = AdamW(model.weights, learning_rate=recipe.learning_rate)
    vocabulary = words("train")
    for step in range(recipe.steps):
        batch = [vocabulary[int(rng.random() * len(vocabulary))] for _ in range(recipe.batch)]
        pairs = [
            (word, misspelt(answer_to(word), rng) if rng.random() < recipe.wrong_share else answer_to(word))
            for word in batch
        ]
        tokens, mask = pack(pairs)
        _, tape = model.log_probs(tokens)
        warm_up, decay = min(1.0, (step + 1) / 20), 1 - step / recipe.steps
        optimizer.step(model.backward(tape, -mask / mask.sum()), recipe.learning_rate * warm_up * decay)
    return model


def misspelt(answer: str, rng: random.Random) -> str:
    """Swap two neighbouring letters, drop one, or double one; not always a different word."""
    at = int(rng.random() * (len(answer) - 1))
    kind = int(rng.random() * 3)
    if kind == 0:
        return answer[:at] + answer[at + 1] + answer[at] + answer[at + 2 :]
    return answer[:at] + (answer[at + 1 :] if kind == 1 else answer[at] + answer[at:])


def pack(pairs: list[tuple[str, str]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(word, answer) -> tokens [B, T], padded on the right, and a mask [B, T-1].

    The mask is 1 at t where token t + 1 belongs to the answer or its end.
    """
    length = max(len(prompt_of(word)) + len(answer) + 1 for word, answer in pairs)
    tokens = np.zeros((len(pairs), length), np.int64)
    mask = np.zeros((len(pairs), length - 1), np.float32)
    for row, (word, answer) in enumerate(pairs):
        prompt = TOKENIZER.encode(prompt_of(word))
        ids = [*prompt, *TOKENIZER.encode(answer), TOKENIZER.eos_id]
        tokens[row, : len(ids)] = ids
        mask[row, len(prompt) - 1 : len(ids) - 1] = 1
    return tokens, mask


def save_base(model: GPT2, directory: Path) -> None:
    """Write the checkpoint and its tokeniser."""
    save_checkpoint(directory, model.config, model.weights)
    TOKENIZER.save(directory)


def largest_difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Largest absolute difference of any weight."""
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=SHIPPED)
@click.option("--check", is_flag=True, help="Write nothing: rebuild and compare with what is there.")
def main(directory: Path, check: bool) -> None:
    """Build the base model of ``spell`` into DIRECTORY (default: where the package keeps it)."""
    model = train_base(Recipe())
    if not check:
        save_base(model, directory)
        click.echo(f"written to {directory}")
        return
    difference = largest_difference(model.weights, load_checkpoint(directory)[1])
    click.echo(f"largest weight difference {difference:g}" if difference else "identical weights")
    if difference > TOLERANCE:
        raise click.ClickException(f"the rebuilt weights differ by more than {TOLERANCE:g}")


if __name__ == "__main__":
    main()
