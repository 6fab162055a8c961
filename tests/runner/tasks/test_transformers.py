"""``transformers`` reads what agents submit: the same tokens, the same logits, the same greedy answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from posttrace.runner.models.checkpoint import load_checkpoint
from posttrace.runner.models.gpt2 import GPT2
from posttrace.runner.models.sampling import sample
from posttrace.runner.models.tokenizer import Tokenizer
from posttrace.runner.tasks.base import Task
from posttrace.runner.tasks.house import House
from posttrace.runner.tasks.pretrain import BASES
from posttrace.runner.tasks.spell import Spell
from posttrace.runner.tasks.style import Style

torch = pytest.importorskip("torch", reason="torch is not installed (extra)")
transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra)")


def texts(task: Task, folder: Path) -> list[str]:
    """Twenty prompts from the task's training data."""
    (folder / "data").mkdir()
    task.prepare(folder)
    lines = [json.loads(line) for line in (folder / "data" / "train.jsonl").read_text().splitlines()[:20]]
    return [line["prompt"] if "prompt" in line else line["turns"][0]["observation"] for line in lines]


@pytest.mark.parametrize("task", [Spell(), Style(), House()], ids=lambda task: task.info.id)
def test_a_base_is_the_same_model_in_transformers(task: Task, tmp_path: Path) -> None:
    base = BASES / task.info.id / "0"
    tokenizer, model = Tokenizer.load(base), GPT2(*load_checkpoint(base))
    their_tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(base).eval()
    for text in texts(task, tmp_path):
        ids = tokenizer.encode(text)
        assert their_tokenizer(text)["input_ids"] == ids
        with torch.no_grad():
            logits = theirs(torch.tensor([ids])).logits.numpy()
            answer = theirs.generate(torch.tensor([ids]), max_new_tokens=4, do_sample=False)[0, len(ids) :]
        np.testing.assert_allclose(model.logits(model.hidden(np.array([ids]))), logits, atol=1e-4)
        rng = np.random.default_rng(0)
        [ours] = sample(model, [ids], max_new_tokens=4, temperature=0, rng=rng)
        assert answer.tolist()[: len(ours)] == ours
