"""A reward learnt from preference pairs: a Bradley-Terry model on a few features of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

RIDGE = 0.1


class RewardModel:
    """Scores an answer to a prompt; fitted to pairs (prompt, chosen, rejected)."""

    def __init__(self, prompts: Sequence[str], pairs: Sequence[tuple[str, str, str]]) -> None:
        self.tones = sorted({prompt.split()[0] for prompt in prompts})
        self.content = {word for prompt in prompts for word in prompt.split()[1:]} - {":", ">"}
        self.starts = sorted({text.split()[0] for _, *texts in pairs for text in texts if text})
        differences = np.array([self.features(p, good) - self.features(p, bad) for p, good, bad in pairs])
        self.coefficients = fit(differences)

    def features(self, prompt: str, answer: str) -> Any:
        """Numbers that may matter; which of them do, and how much, is for the pairs to say."""
        tone, words = prompt.split()[0], answer.split()
        asked = self.content.intersection(prompt.split())
        said = [word for word in words if word in self.content]
        opens = np.zeros((len(self.tones), len(self.starts) + 1))
        start = self.starts.index(words[0]) if words and words[0] in self.starts else -1
        opens[self.tones.index(tone), start] = 1
        counts = [
            len(asked.intersection(said)),
            len(set(said) - asked),
            len(said) - len(set(said)),
            len(words),
            sum(a == b for a, b in pairwise(words)),
            words[-1:] == ["."],
        ]
        return np.array([*counts, *opens.ravel()], float)

    def __call__(self, prompt: str, answer: str) -> float:
        """The reward; only differences between answers to one prompt mean anything."""
        return float(self.features(prompt, answer) @ self.coefficients)


def fit(differences: Any, iterations: int = 20) -> Any:
    """Logistic regression on chosen minus rejected features, by Newton steps with a ridge penalty."""
    coefficients = np.zeros(differences.shape[1])
    for _ in range(iterations):
        p = 1 / (1 + np.exp(-(differences @ coefficients)))
        gradient = differences.T @ (1 - p) - RIDGE * coefficients
        curvature = (differences * (p * (1 - p))[:, None]).T @ differences + RIDGE * np.eye(len(coefficients))
        coefficients = coefficients + np.linalg.solve(curvature, gradient)
    return coefficients
