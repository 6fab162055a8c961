from __future__ import annotations

import numpy as np
import pytest

from posttrace.runner.models.checkpoint import GPT2Config
from posttrace.runner.models.gpt2 import GPT2

CONFIG = GPT2Config(vocab_size=7, n_positions=6, n_embd=4, n_layer=2, n_head=2, eos_token_id=1)


def model(dtype: type[np.floating] = np.float64) -> GPT2:
    """Weights far larger than at the usual start, so that no gradient vanishes."""
    made = GPT2.initial(CONFIG, np.random.default_rng(0), std=0.5)
    made.weights = {name: weight.astype(dtype) for name, weight in made.weights.items()}
    return made


def test_every_gradient_agrees_with_central_differences() -> None:
    gpt2, rng = model(), np.random.default_rng(1)
    tokens = rng.integers(CONFIG.vocab_size, size=(3, 6))
    upstream = rng.standard_normal((3, 5)) * (rng.random((3, 5)) < 0.7)  # some positions carry no loss

    def loss() -> float:
        return float((gpt2.log_probs(tokens)[0] * upstream).sum())

    grads = gpt2.backward(gpt2.log_probs(tokens)[1], upstream)
    assert grads.keys() == gpt2.weights.keys()
    worst, step = 0.0, 1e-5
    for name, weight in gpt2.weights.items():
        flat, analytic = weight.reshape(-1), grads[name].reshape(-1)
        for i in range(flat.size):
            kept = flat[i]
            flat[i] = kept + step
            above = loss()
            flat[i] = kept - step
            numeric = (above - loss()) / (2 * step)
            flat[i] = kept
            # rounding of the loss (about 1e-15 / step) hides errors of gradients below the floor
            scale = max(abs(numeric), abs(analytic[i]), 1e-3)
            worst = max(worst, abs(numeric - analytic[i]) / scale)
    assert worst < 1e-6


def test_log_probs_are_those_of_a_distribution() -> None:
    # sum over every possible last token of p(token | prefix) is 1
    prefix = np.array([3, 0, 5])
    tokens = np.array([[*prefix, last] for last in range(CONFIG.vocab_size)])
    log_probs, _ = model().log_probs(tokens)
    assert np.exp(log_probs[:, -1]).sum() == pytest.approx(1, abs=1e-12)


def test_padding_on_the_right_changes_nothing_before_it() -> None:
    gpt2 = model()
    tokens = np.array([[2, 3, 4, 5]])
    padded = np.array([[2, 3, 4, 5, 0, 0], [6, 6, 6, 6, 6, 6]])
    alone, _ = gpt2.log_probs(tokens)
    beside, tape = gpt2.log_probs(padded)
    np.testing.assert_allclose(beside[0, :3], alone[0], rtol=1e-12)

    mask = np.array([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0]], np.float64)
    expected = gpt2.backward(gpt2.log_probs(tokens)[1], np.array([[0, 1.0, 1.0]]))
    for name, grad in gpt2.backward(tape, mask).items():
        np.testing.assert_allclose(grad, expected[name], atol=1e-12)


def test_a_token_does_not_see_later_ones() -> None:
    gpt2 = model()
    one, other = (gpt2.hidden(np.array([[2, 3, last]])) for last in (4, 5))
    np.testing.assert_array_equal(one[:, :2], other[:, :2])
    assert not np.allclose(one[:, 2], other[:, 2])


def test_a_cache_gives_the_hidden_states_of_the_whole_sequence() -> None:
    gpt2, tokens = model(), np.random.default_rng(2).integers(CONFIG.vocab_size, size=(3, 6))
    whole = gpt2.hidden(tokens)
    cache = gpt2.empty_cache(3, 6)
    start = np.zeros(3, np.int64)
    parts = [gpt2.hidden(tokens[:, a:b], start=start + a, cache=cache) for a, b in ((0, 3), (3, 4), (4, 6))]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-10)


def test_float32_stays_float32() -> None:
    gpt2 = model(np.float32)
    log_probs, tape = gpt2.log_probs(np.array([[1, 2, 3]]))
    grads = gpt2.backward(tape, np.ones((1, 2)))
    assert {log_probs.dtype, *(grad.dtype for grad in grads.values())} == {np.dtype(np.float32)}


def test_the_start_depends_on_the_seed_alone() -> None:
    one, same, other = (GPT2.initial(CONFIG, np.random.default_rng(seed)) for seed in (0, 0, 1))
    name = "transformer.wte.weight"
    np.testing.assert_array_equal(one.weights[name], same.weights[name])
    assert not np.array_equal(one.weights[name], other.weights[name])
