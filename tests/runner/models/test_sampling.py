from __future__ import annotations

import numpy as np
import pytest

from posttrace.runner.models.checkpoint import GPT2Config
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.sampling import sample

CONFIG = GPT2Config(vocab_size=7, n_positions=12, n_embd=8, n_layer=2, n_head=2, eos_token_id=1)
PROMPTS = [[2, 3, 4], [5], [6, 2], [3, 3, 3, 3, 3], [4]]


@pytest.fixture
def model() -> GPT2:
    made = GPT2.initial(CONFIG, np.random.default_rng(0), std=0.5)
    made.weights = {name: weight.astype(np.float64) for name, weight in made.weights.items()}
    return made


def recomputed(model: GPT2, temperature: float, seed: int) -> list[list[int]]:
    """The same draws from whole sequences, one prompt at a time: no cache, no padding."""
    rng = np.random.default_rng(seed)
    answers: list[list[int]] = [[] for _ in PROMPTS]
    for _ in range(7):
        size = (len(PROMPTS), CONFIG.vocab_size)
        noise = rng.gumbel(size=size) if temperature else np.zeros(size)
        for row, prompt in enumerate(PROMPTS):
            if CONFIG.eos_token_id in answers[row]:
                continue
            logits = model.logits(model.hidden(np.array([prompt + answers[row]])))[0, -1]
            scores = logits / (temperature or 1) + noise[row]
            answers[row].append(int(scores.argmax()))
    return answers


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_the_cache_gives_what_full_recomputation_gives(model: GPT2, temperature: float) -> None:
    got = sample(model, PROMPTS, max_new_tokens=7, temperature=temperature, rng=np.random.default_rng(3))
    assert got == recomputed(model, temperature, seed=3)
    if temperature:
        assert any(answer[-1] == CONFIG.eos_token_id for answer in got)  # some rows did end early


def test_frequencies_are_the_softmax(model: GPT2) -> None:
    n = 20_000
    got = sample(model, [[2, 3]] * n, max_new_tokens=1, temperature=2.0, rng=np.random.default_rng(0))
    logits = model.logits(model.hidden(np.array([[2, 3]])))[0, -1] / 2.0
    expected = np.exp(logits) / np.exp(logits).sum()
    observed = np.bincount([answer[0] for answer in got], minlength=CONFIG.vocab_size) / n
    # five standard errors of a frequency from n draws
    assert (np.abs(observed - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


def test_the_seed_decides_and_greedy_draws_nothing(model: GPT2) -> None:
    def draw(seed: int, temperature: float) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return sample(model, PROMPTS * 20, max_new_tokens=5, temperature=temperature, rng=rng)

    assert draw(0, 1.0) == draw(0, 1.0)
    assert draw(0, 1.0) != draw(1, 1.0)
    assert draw(0, 0.0) == draw(1, 0.0)
    rng = np.random.default_rng(0)
    sample(model, PROMPTS, max_new_tokens=5, temperature=0.0, rng=rng)
    assert rng.random() == np.random.default_rng(0).random()
