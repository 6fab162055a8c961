"""Decode from a model with cached keys and values, greedily or at a temperature.

Needs numpy alone at run time, so that it can be copied next to a training script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # only for annotations: at run time this file stands alone
    from posttrace.runner.models.gpt2 import GPT2


def sample(
    model: GPT2,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    temperature: float,
    rng: np.random.Generator,
) -> list[list[int]]:
    """Continue every prompt until the end token, which is kept, or ``max_new_tokens`` tokens.

    Temperature 0 takes the most likely token and draws nothing from ``rng``. Otherwise one [B, V] block of
    Gumbel noise is drawn a step (argmax of logits / temperature + noise is a softmax sample), so a prompt's
    result depends on the seed, its row and the number of prompts, not on when other rows end.

    Raises ``FloatingPointError`` when the model computes a logit that is no finite number.
    """
    lengths = np.array([len(prompt) for prompt in prompts])
    tokens = np.zeros((len(prompts), lengths.max()), np.int64)
    for row, prompt in enumerate(prompts):
        tokens[row, : len(prompt)] = prompt
    everyone = np.arange(len(prompts))
    cache = model.empty_cache(len(prompts), tokens.shape[1] + max_new_tokens)
    hidden = model.hidden(tokens, start=np.zeros_like(lengths), cache=cache)[everyone, lengths - 1]
    drawn = np.full((len(prompts), max_new_tokens), model.config.eos_token_id)
    running = np.ones(len(prompts), bool)
    for step in range(max_new_tokens):
        logits = model.logits(hidden)
        if not np.isfinite(logits).all():
            raise FloatingPointError("the model computes NaN or infinite logits")
        if temperature > 0:
            logits = logits / temperature + rng.gumbel(size=logits.shape)
        drawn[running, step] = logits.argmax(-1)[running]
        running &= drawn[:, step] != model.config.eos_token_id
        if not running.any() or step + 1 == max_new_tokens:
            break
        # padding slots behind a prompt were never visible; each new token overwrites the next of them
        hidden = model.hidden(drawn[:, step : step + 1], start=lengths + step, cache=cache)[:, 0]
    return [_until_end(row, model.config.eos_token_id) for row in drawn.tolist()]


def _until_end(tokens: list[int], eos: int) -> list[int]:
    return tokens[: tokens.index(eos) + 1] if eos in tokens else tokens
