from __future__ import annotations

import numpy as np
import pytest

from posttrace.runner.models.adamw import AdamW


def test_the_first_step_has_the_size_of_the_learning_rate() -> None:
    # bias correction makes first = g and second = g^2, so every weight moves by rate * sign(g)
    weights = {"w": np.array([1.0, 1.0, 1.0])}
    AdamW(weights, learning_rate=0.1).step({"w": np.array([0.3, -0.002, 0.5])})
    np.testing.assert_allclose(weights["w"], [0.9, 1.1, 0.9], atol=1e-6)


def test_three_steps_follow_the_published_recurrence() -> None:
    # Loshchilov & Hutter 2019, algorithm 2, written out with plain floats
    gradients, w, m, v = [0.2, -0.5, 0.1], 1.0, 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        w -= 0.1 * ((m / (1 - 0.9**t)) / ((v / (1 - 0.99**t)) ** 0.5 + 1e-8) + 0.05 * w)
    weights = {"w": np.array([[1.0]])}
    optimizer = AdamW(weights, learning_rate=0.1, weight_decay=0.05)
    for g in gradients:
        optimizer.step({"w": np.array([[g]])})
    assert weights["w"].item() == pytest.approx(w, rel=1e-9)


def test_long_gradients_are_scaled_to_the_largest_norm() -> None:
    # norm of (30, 40) is 50; what is stored is 0.1 * the clipped (0.6, 0.8)
    weights = {"a": np.zeros(1), "b": np.zeros(1)}
    optimizer = AdamW(weights, learning_rate=0.1)
    assert optimizer.step({"a": np.array([30.0]), "b": np.array([40.0])}) == pytest.approx(50)
    assert optimizer.first["a"].item() == pytest.approx(0.06)
    assert optimizer.first["b"].item() == pytest.approx(0.08)


def test_decay_spares_vectors_and_a_given_rate_replaces_the_usual_one() -> None:
    # no gradient, so only decay acts: 2 * (1 - 0.5 * 0.1)
    weights = {"matrix": np.full((1, 1), 2.0), "bias": np.full(1, 2.0)}
    still = {name: np.zeros_like(weight) for name, weight in weights.items()}
    AdamW(weights, learning_rate=9.0, weight_decay=0.1).step(still, learning_rate=0.5)
    assert weights["matrix"].item() == pytest.approx(1.9)
    assert weights["bias"].item() == 2.0
