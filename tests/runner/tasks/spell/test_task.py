from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate

from posttrace.runner.compose import resolve
from posttrace.runner.tasks.pretrain import BASES, pack
from posttrace.runner.tasks.spell import Spell
from posttrace.runner.tasks.spell.build_base import encoded
from posttrace.runner.tasks.spell.task import TOKENIZER, answer_to, load_model, prompt_of
from posttrace.runner.tasks.spell.words import SIZES, words
from posttrace.traces.errors import ConfigError

SHIPPED = BASES / "spell" / "0"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "model"))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def test_the_option_file_composes_to_the_defaults() -> None:
    assert instantiate(resolve(["task=spell"]).task) == Spell()
    assert instantiate(resolve(["task=spell", "task.temperature=0"]).task) == Spell(temperature=0)


def test_the_trace_learns_level_metric_and_scale() -> None:
    info = Spell(n_items=50).info
    assert (info.id, info.level, info.metric, info.n_items, info.scale_max) == (
        "spell",
        "L1",
        "accuracy",
        50,
        100,
    )


def test_the_sampled_score_is_the_probability_of_the_answers() -> None:
    # independent path: p(item right) is the probability of its one right answer, from the uncached forward;
    # the score is a sum of independent coins, so it lies within four standard errors of the mean of p
    tokens, mask = pack([encoded(word, answer_to(word)) for word in words("sealed")])
    log_probs, _ = load_model(SHIPPED).log_probs(tokens)
    p = np.exp((log_probs * mask).sum(1))
    outcome = Spell().evaluate(SHIPPED, "sealed", seed=7)
    standard_error = np.sqrt((p * (1 - p)).sum()) / len(p)
    assert abs(outcome.score / 100 - p.mean()) < 4 * standard_error
    # and right items are likely ones: the point-biserial mean difference is far above 0
    right = np.array(outcome.items.values) == 100
    assert p[right].mean() > p[~right].mean() + 0.1


def test_the_greedy_score_is_that_of_uncached_decoding() -> None:
    task, model = Spell(temperature=0, n_items=60), load_model(SHIPPED)
    expected = []
    for word in words("fresh")[:60]:
        tokens = TOKENIZER.encode(prompt_of(word))
        while len(tokens) < 18 and tokens[-1] != TOKENIZER.eos_id:
            tokens.append(int(model.logits(model.hidden(np.array([tokens])))[0, -1].argmax()))
        right = TOKENIZER.decode(tokens) == prompt_of(word) + answer_to(word)
        expected.append(100.0 * (right and tokens[-1] == TOKENIZER.eos_id))
    assert task.evaluate(SHIPPED, "fresh", seed=0).items.values == expected


def test_items_are_100_or_0_and_the_score_is_their_mean() -> None:
    outcome = Spell().evaluate(SHIPPED, "feedback", seed=0)
    values = [value for value in outcome.items.values if value is not None]
    assert set(values) == {0.0, 100.0}
    assert len(values) == len(set(outcome.items.ids)) == 2000
    assert outcome.score == pytest.approx(sum(values) / 2000)
    assert 10 < outcome.score < 40  # the base is mediocre: room to gain


def test_seed_and_split_decide_the_draws() -> None:
    task = Spell(n_items=200)

    def values(split: Any, seed: int) -> list[float | None]:
        return task.evaluate(SHIPPED, split, seed).items.values

    assert values("feedback", 3) == values("feedback", 3)
    assert values("feedback", 3) != values("feedback", 4)
    assert values("feedback", 3) != values("sealed", 3)
    greedy = Spell(temperature=0, n_items=200)
    one, other = (greedy.evaluate(SHIPPED, "feedback", seed) for seed in (0, 1))
    assert one == other


def test_the_workspace_gets_solved_training_words_and_no_hidden_one(workspace: Path) -> None:
    Spell(demonstrations=300).prepare(workspace)
    examples = [json.loads(line) for line in (workspace / "data" / "train.jsonl").read_text().splitlines()]
    given = [example["prompt"].removesuffix(">") for example in examples]
    assert given == words("train")[:300]
    assert all(example["completion"] == example["prompt"][-2::-1] for example in examples)
    text = "\n".join(path.read_text() for path in workspace.rglob("*") if path.is_file())
    found = {line.strip('`":, ') for line in text.replace(">", " ").split()}
    for name in ("feedback", "sealed", "fresh"):
        hidden = words(name)
        assert not found & {*hidden, *(word[::-1] for word in hidden)} - set(given)


def test_the_texts_state_the_settings(workspace: Path) -> None:
    Spell(demonstrations=42, n_items=500, temperature=0).prepare(workspace)
    description = (workspace / "description.md").read_text()
    assert "42 solved examples" in description
    assert "500 hidden words" in description
    assert "decoded greedily" in description
    assert "{" not in description


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_items": 0}, "n_items must be 1 to 2000"),
        ({"n_items": 2001}, "n_items must be 1 to 2000"),
        ({"demonstrations": SIZES["train"] + 1}, "demonstrations must be 1 to 4000"),
        ({"temperature": -0.1}, "temperature must be 0 or more"),
        ({"temperature": float("nan")}, "temperature must be 0 or more"),
        ({"temperature": float("inf")}, "temperature must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Spell(**settings)
