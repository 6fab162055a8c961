from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate

from posttrace.runner.compose import resolve
from posttrace.runner.tasks.pretrain import BASES
from posttrace.runner.tasks.style import Style
from posttrace.runner.tasks.style.judge import wins
from posttrace.runner.tasks.style.language import prompts
from posttrace.runner.tasks.style.pairs import preference_pairs
from posttrace.runner.tasks.style.task import MAX_NEW_TOKENS, TOKENIZER, load_model
from posttrace.runner.tasks.style.writers import references
from posttrace.traces.errors import ConfigError

SHIPPED = BASES / "style" / "0"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_option_file_composes_to_the_defaults() -> None:
    assert instantiate(resolve(["task=style"]).task) == Style()
    assert instantiate(resolve(["task=style", "task.temperature=0"]).task) == Style(temperature=0)


def test_the_trace_learns_level_metric_scale_and_judge() -> None:
    info = Style(n_items=50).info
    assert (info.id, info.level, info.metric, info.n_items, info.scale_max, info.judge) == (
        "style",
        "L2",
        "win_rate",
        50,
        100,
        "style-pairwise-judge",
    )


def test_the_greedy_score_is_that_of_uncached_decoding() -> None:
    task, model = Style(temperature=0, n_items=40), load_model(SHIPPED)
    expected = []
    for prompt, reference in zip(prompts("fresh")[:40], references("fresh")[:40], strict=True):
        tokens = TOKENIZER.encode(prompt.text)
        limit = len(tokens) + MAX_NEW_TOKENS
        while len(tokens) < limit and tokens[-1] != TOKENIZER.eos_id:
            tokens.append(int(model.logits(model.hidden(np.array([tokens])))[0, -1].argmax()))
        answer = TOKENIZER.decode(tokens).removeprefix(prompt.text + " ")
        expected.append(100.0 * wins(prompt, answer, reference))
    assert task.evaluate(SHIPPED, "fresh", seed=0).items.values == expected


def test_sampled_answers_are_as_likely_as_the_model_says() -> None:
    # independent path: the probability that an answer begins with "here", from the uncached forward; the
    # count of such answers is a sum of independent coins, so it lies within four standard errors
    asked, model = prompts("sealed")[:500], load_model(SHIPPED)
    here = TOKENIZER.encode("here")[0]
    p = []
    for prompt in asked:
        logits = model.logits(model.hidden(np.array([TOKENIZER.encode(prompt.text)])))[0, -1]
        p.append(float(np.exp(logits[here]) / np.exp(logits).sum()))
    answers = Style().answers(model, asked, np.random.default_rng(3))
    found = sum(answer.startswith("here ") for answer in answers)
    assert abs(found - sum(p)) < 4 * sum(q * (1 - q) for q in p) ** 0.5


def test_items_are_100_or_0_and_the_score_is_their_mean() -> None:
    outcome = Style().evaluate(SHIPPED, "feedback", seed=0)
    values = [value for value in outcome.items.values if value is not None]
    assert set(values) == {0.0, 100.0}
    assert len(values) == len(set(outcome.items.ids)) == 2000
    assert outcome.items.ids[0] == "feedback-0000"
    assert outcome.score == pytest.approx(sum(values) / 2000)


def test_seed_and_split_decide_the_draws() -> None:
    task = Style(n_items=200)

    def values(split: Any, seed: int) -> list[float | None]:
        return task.evaluate(SHIPPED, split, seed).items.values

    assert values("feedback", 3) == values("feedback", 3)
    assert values("feedback", 3) != values("feedback", 4)
    assert values("feedback", 3) != values("sealed", 3)
    greedy = Style(temperature=0, n_items=200)
    one, other = (greedy.evaluate(SHIPPED, "feedback", seed) for seed in (0, 1))
    assert one == other


def test_the_workspace_gets_verdicts_and_training_prompts_and_nothing_hidden(workspace: Path) -> None:
    Style(pairs=120).prepare(workspace)
    given, asked = (lines(workspace / "data" / f"{name}.jsonl") for name in ("train", "prompts"))
    assert given == [
        {"prompt": pair.prompt.text, "chosen": pair.chosen, "rejected": pair.rejected}
        for pair in preference_pairs(120)
    ]
    assert asked == [{"prompt": prompt.text} for prompt in prompts("train")]
    text = "\n".join(path.read_text() for path in workspace.rglob("*") if path.is_file())
    for name in ("feedback", "sealed", "fresh"):
        assert not [prompt for prompt in prompts(name) if prompt.text in text]


def test_the_files_and_texts_are_all_there_is(workspace: Path) -> None:
    Style().prepare(workspace)
    found = {str(path.relative_to(workspace)) for path in workspace.rglob("*") if path.is_file()}
    assert found == {"data/train.jsonl", "data/prompts.jsonl", "description.md"}


def test_the_texts_state_the_settings(workspace: Path) -> None:
    Style(pairs=42, n_items=500, temperature=0).prepare(workspace)
    description = (workspace / "description.md").read_text()
    assert "42 of its verdicts" in description
    assert "500 hidden prompts" in description
    assert "decoded greedily, at most 24 tokens" in description
    assert "{" not in description


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_items": 0}, "n_items must be 1 to 2000"),
        ({"n_items": 2001}, "n_items must be 1 to 2000"),
        ({"pairs": 0}, "pairs must be 1 to 2000"),
        ({"pairs": 2001}, "pairs must be 1 to 2000"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Style(**settings)
