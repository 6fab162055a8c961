"""AdamW with gradient clipping (Loshchilov & Hutter 2019).

Needs numpy alone at run time, so that it can be copied next to a training script.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[Any]]


@dataclass
class AdamW:
    """Optimiser of ``weights``, which ``step`` changes in place."""

    weights: Weights
    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.99)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    """Decoupled; matrices only, as is usual for transformers."""
    max_norm: float = 1.0
    """Gradients are scaled down to this global L2 norm."""
    steps: int = 0
    first: Weights = field(init=False)
    second: Weights = field(init=False)

    def __post_init__(self) -> None:
        self.first = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        self.second = {name: np.zeros_like(weight) for name, weight in self.weights.items()}

    def step(self, gradients: Weights, learning_rate: float | None = None) -> float:
        """Take one step; returns the global norm of the gradients before clipping."""
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.steps += 1
        norm = math.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
        clip = min(1.0, self.max_norm / (norm + 1e-12))
        beta_1, beta_2 = self.betas
        correct_1, correct_2 = 1 - beta_1**self.steps, 1 - beta_2**self.steps
        for name, weight in self.weights.items():
            gradient = gradients[name] * clip
            first, second = self.first[name], self.second[name]
            first += (1 - beta_1) * (gradient - first)
            second += (1 - beta_2) * (gradient * gradient - second)
            if weight.ndim > 1:
                weight *= 1 - rate * self.weight_decay
            weight -= rate * (first / correct_1) / (np.sqrt(second / correct_2) + self.epsilon)
        return norm
