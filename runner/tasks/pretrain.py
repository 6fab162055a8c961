"""Pre-train the base models of an embedded task; each task's ``build_base`` is a recipe and a command.

A build is deterministic, but float32 matrix products round differently with another number of threads,
processor or BLAS library: there the hash differs although the model is equally good. ``--check`` then says by
how much (measured on ``spell`` for two threads instead of one: 0.002), and fails above ``TOLERANCE``. The
shipped bases were built with OPENBLAS_NUM_THREADS=1.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from posttrace.runner.models.adamw import AdamW
from posttrace.runner.models.checkpoint import GPT2Config, load_checkpoint, save_checkpoint
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.tokenizer import Tokenizer

BASES: Final = Path(__file__).parents[1] / "bases"
"""Shipped bases: ``<task>/<seed>/``."""
TOLERANCE: Final = 1e-2
"""Largest difference of any weight that ``--check`` puts down to rounding."""

Example = tuple[Sequence[int], Sequence[bool]]
"""Tokens, and which of them are learnt; the first never is."""


@dataclass(frozen=True)
class Recipe:
    """How the bases of one task are made. Only the seed tells them apart: first weights and examples."""

    task: str
    tokenizer: Tokenizer
    n_positions: int
    example: Callable[[random.Random], Example]
    """Draws one example; uses nothing but ``rng.random()``, whose sequence Python keeps across versions."""
    steps: int
    batch: int = 128
    learning_rate: float = 3e-3
    warm_up: int = 20
    n_embd: int = 64
    n_layer: int = 2
    n_head: int = 4

    @property
    def config(self) -> GPT2Config:
        """Shape of the model."""
        return GPT2Config(
            vocab_size=len(self.tokenizer.tokens),
            n_positions=self.n_positions,
            n_embd=self.n_embd,
            n_layer=self.n_layer,
            n_head=self.n_head,
            eos_token_id=self.tokenizer.eos_id,
        )


def train(recipe: Recipe, seed: int) -> GPT2:
    """The pre-trained model; the same recipe and seed give the same weights on the same machine.

    AdamW with a linear warm-up, then a linear decay to 0.
    """
    rng = random.Random(seed)
    model = GPT2.initial(recipe.config, np.random.default_rng(seed))
    optimizer = AdamW(model.weights, learning_rate=recipe.learning_rate)
    for step in range(recipe.steps):
        tokens, mask = pack([recipe.example(rng) for _ in range(recipe.batch)])
        _, tape = model.log_probs(tokens)
        scale = min(1.0, (step + 1) / recipe.warm_up) * (1 - step / recipe.steps)
        optimizer.step(model.backward(tape, -mask / mask.sum()), recipe.learning_rate * scale)
    return model


def pack(examples: Sequence[Example]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Tokens [B, T], padded with 0 on the right, and a mask [B, T-1]: 1 at t where token t + 1 is learnt."""
    tokens = np.zeros((len(examples), max(len(ids) for ids, _ in examples)), np.int64)
    mask = np.zeros((len(examples), tokens.shape[1] - 1), np.float32)
    for row, (ids, learnt) in enumerate(examples):
        tokens[row, : len(ids)] = ids
        mask[row, : len(ids) - 1] = learnt[1:]
    return tokens, mask


def save(recipe: Recipe, model: GPT2, directory: Path) -> None:
    """Write the checkpoint and its tokeniser."""
    save_checkpoint(directory, model.config, model.weights)
    recipe.tokenizer.save(directory)


def largest_difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Largest absolute difference of any weight."""
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


def command(recipe: Recipe) -> click.Command:
    """The command line of a recipe: ``[DIRECTORY] --seed N [--check]``."""

    @click.command(help=f"Build a base model of {recipe.task} (default: where the package keeps it).")
    @click.argument("directory", type=click.Path(path_type=Path), required=False)
    @click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
    @click.option("--check", is_flag=True, help="Write nothing: rebuild and compare with what is there.")
    def main(directory: Path | None, seed: int, check: bool) -> None:
        target = directory or BASES / recipe.task / str(seed)
        model = train(recipe, seed)
        if not check:
            save(recipe, model, target)
            click.echo(f"written to {target}")
            return
        difference = largest_difference(model.weights, load_checkpoint(target)[1])
        click.echo(f"largest weight difference {difference:g}" if difference else "identical weights")
        if difference > TOLERANCE:
            raise click.ClickException(f"the rebuilt weights differ by more than {TOLERANCE:g}")

    return main
