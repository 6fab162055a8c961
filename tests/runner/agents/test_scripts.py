"""The scripted agents, run for real in a workspace, against a server that keeps what they submit."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posttrace.runner import workspace as workspaces
from posttrace.runner.artifacts import hash_directory
from posttrace.runner.compose import groups, resolve
from posttrace.runner.models.checkpoint import Weights, load_checkpoint
from posttrace.runner.models.sampling import sample
from posttrace.runner.sandbox.local import agent_environment
from posttrace.runner.tasks.pretrain import BASES, pack
from posttrace.runner.tasks.spell import Spell
from posttrace.runner.tasks.spell.build_base import encoded
from posttrace.runner.tasks.spell.task import MAX_NEW_TOKENS, TOKENIZER, load_model, prompt_of
from posttrace.runner.tasks.spell.words import words

SHIPPED = BASES / "spell" / "0"


@dataclass
class Inbox:
    """What was submitted, as it was when it arrived."""

    workspace: Path
    url: str = ""
    limit: int = 100
    submitted: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    weights: list[Weights] = field(default_factory=list)

    def receive(self, submitted: str) -> dict[str, Any]:
        self.submitted.append(submitted)
        path = self.workspace / submitted  # an absolute path stays what it is
        load_model(path)  # every submission is a checkpoint that fits the task
        self.paths.append(path)
        self.hashes.append(hash_directory(path)[0].sha256)
        self.weights.append(load_checkpoint(path)[1])
        return {
            "submission_id": len(self.paths),
            "status": "graded",
            "score": 33.0,
            "remaining_submissions": self.limit - len(self.paths),
        }


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    box = Inbox(tmp_path / "workspace")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/r/token/submit":
                self.send_error(404)
                return
            spent = len(box.paths) == box.limit
            answer = {"error": "no submission is left"} if spent else box.receive(body["model_path"])
            reply = json.dumps(answer).encode()
            self.send_response(429 if spent else 200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        box.url = f"http://127.0.0.1:{server.server_port}/r/token"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


def run(agent: str, folder: Path, inbox: Inbox, *, steps: int = 8, seed: int = 0) -> Any:
    """Start the option ``agent`` as a run does, without a sandbox or a recorder."""
    config = groups(resolve([f"agent={agent}", f"budget.steps={steps}", f"seed={seed}"]))
    option = config["agent"]
    workspace = folder / "workspace"
    workspaces.build(workspace, base=SHIPPED, base_id="spell", code=option["code"])
    Spell().prepare(workspace)
    values = workspaces.placeholders(config, workspace)
    given = workspaces.environment(workspace, task="spell", base_id="spell", url=inbox.url)
    return subprocess.run(
        [workspaces.fill(word, values) for word in option["command"]],
        cwd=workspace,
        env=agent_environment(given | option["env"]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def greedy(weights: Weights) -> list[list[int]]:
    model = load_model(SHIPPED)
    model.weights = weights
    prompts = [TOKENIZER.encode(prompt_of(word)) for word in words("feedback")[:500]]
    rng = np.random.default_rng(0)
    return sample(model, prompts, max_new_tokens=MAX_NEW_TOKENS, temperature=0, rng=rng)


def logged(folder: Path, name: str) -> list[dict[str, float]]:
    """What a training script wrote of its steps; nothing when it did not run."""
    file = folder / "workspace" / "output" / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def distance(one: Weights, other: Weights) -> float:
    """L2 norm of the difference of all weights."""
    return float(np.sqrt(sum(((one[name] - other[name]) ** 2).sum() for name in one)))


def mean_loss(weights: Weights) -> float:
    """Cross-entropy a token over 300 training words, from this package's own forward."""
    model = load_model(SHIPPED)
    model.weights = weights
    tokens, mask = pack([encoded(word, word[::-1]) for word in words("train")[:300]])
    return -float((model.log_probs(tokens)[0] * mask).sum() / mask.sum())


def test_sft_fails_once_then_trains_anneals_and_merges(tmp_path: Path, inbox: Inbox) -> None:
    done = run("sft", tmp_path, inbox, steps=40)
    assert done.returncode == 0, done.stderr
    assert "KeyError: 'BASE_MODEL_PATH'" in done.stderr  # the first draft
    assert inbox.submitted == ["output/sft", "output/sft", "output/annealed", "output/merged"]
    assert len(set(inbox.hashes)) == 4  # the second checkpoint replaced the first in the same folder
    for name, merged in inbox.weights[3].items():
        np.testing.assert_allclose(merged, (inbox.weights[1][name] + inbox.weights[2][name]) / 2, atol=1e-6)
    before, after = mean_loss(load_checkpoint(SHIPPED)[1]), mean_loss(inbox.weights[2])
    assert after < 0.6 * before
    # three quarters of 40 steps, then the rest at another rate; the first batch is scored by the base itself
    entries = logged(tmp_path, "sft")
    assert [entry["step"] for entry in entries] == [*range(1, 31), *range(1, 11)]
    assert {entry["learning_rate"] for entry in entries} == {1e-3, 3e-4}
    assert entries[0]["loss"] == pytest.approx(before, rel=0.15)


def test_grpo_learns_nothing_without_a_group_and_then_raises_its_reward(tmp_path: Path, inbox: Inbox) -> None:
    done = run("grpo", tmp_path, inbox, steps=40)
    assert done.returncode == 0, done.stderr
    assert inbox.submitted == ["output/single", *["output/policy"] * 4]
    assert inbox.hashes[0] == hash_directory(SHIPPED)[0].sha256  # no advantage, no gradient, no change
    entries = logged(tmp_path, "grpo")
    alone, grouped = entries[:4], entries[4:]
    assert all(entry["grad_norm"] == entry["reward_std"] == 0 for entry in alone)
    rewards = [entry["reward"] for entry in grouped]
    assert np.mean(rewards[-8:]) > np.mean(rewards[:8]) + 0.1  # of 1,024 tries each; measured: +0.27


def test_hybrid_warms_up_and_goes_on_from_there(tmp_path: Path, inbox: Inbox) -> None:
    done = run("hybrid", tmp_path, inbox, steps=12)
    assert done.returncode == 0, done.stderr
    assert "CheckpointError: config.json cannot be read" in done.stderr  # the slip in the name
    assert inbox.submitted == ["output/warm-up", *["output/policy"] * 3]
    assert (len(logged(tmp_path, "sft")), len(logged(tmp_path, "grpo"))) == (6, 6)
    # the first policy is two small steps from the warm-up and far from the base
    warm_up, policy = inbox.weights[:2]
    base = load_checkpoint(SHIPPED)[1]
    assert distance(policy, warm_up) < 0.7 * distance(warm_up, base)


def test_rft_learns_from_the_tries_it_chose(tmp_path: Path, inbox: Inbox) -> None:
    done = run("rft", tmp_path, inbox, steps=8)
    assert done.returncode == 0, done.stderr
    assert inbox.submitted == [f"output/round-{n}" for n in (1, 2, 3, 4)]
    for line in (tmp_path / "workspace/output/tries-1.jsonl").read_text().splitlines():
        kept = json.loads(line)
        word, answer = TOKENIZER.decode(kept["tokens"]).split(">", 1)
        # one point for a right answer, and the share of letters at their place: see the practice's reward
        right = sum(a == b for a, b in zip(answer, word[::-1], strict=False)) / max(len(word), len(answer))
        assert kept["reward"] == pytest.approx(right + (answer == word[::-1]))


def test_the_control_costs_what_the_hybrid_costs(tmp_path: Path, inbox: Inbox) -> None:
    passes = {}
    for agent in ("hybrid", "sft_continued"):
        inbox.workspace = tmp_path / agent / "workspace"
        assert run(agent, tmp_path / agent, inbox, steps=40).returncode == 0
        entries = [*logged(tmp_path / agent, "sft"), *logged(tmp_path / agent, "grpo")]
        passes[agent] = sum(entry["passes"] for entry in entries)
    assert passes["sft_continued"] == pytest.approx(passes["hybrid"], rel=0.1)
    assert inbox.submitted[4:] == ["output/warm-up", *["output/continued"] * 3]
    assert inbox.hashes[0] == inbox.hashes[4]  # one and the same warm-up


def test_a_session_depends_on_its_seed_alone(tmp_path: Path, inbox: Inbox) -> None:
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        inbox.workspace = tmp_path / name / "workspace"
        assert run("hybrid", tmp_path / name, inbox, steps=6, seed=seed).returncode == 0
    one, same, other = inbox.hashes[:4], inbox.hashes[4:8], inbox.hashes[8:]
    assert one == same
    assert not set(one) & set(other)


def test_a_spent_budget_is_no_failure_of_the_training(tmp_path: Path, inbox: Inbox) -> None:
    inbox.limit = 2
    done = run("sft", tmp_path, inbox, steps=8)
    assert done.returncode == 0, done.stderr
    assert inbox.submitted == ["output/sft", "output/sft"]
    assert "no submission is left" in done.stderr


def test_copy_submits_the_base_twice_from_different_folders(tmp_path: Path, inbox: Inbox) -> None:
    done = run("copy", tmp_path, inbox)
    assert done.returncode == 0, done.stderr
    assert inbox.hashes == [hash_directory(SHIPPED)[0].sha256] * 2
    assert len(set(inbox.paths)) == 2


def test_lottery_tickets_differ_in_content_but_not_in_ability(tmp_path: Path, inbox: Inbox) -> None:
    done = run("lottery", tmp_path, inbox)
    assert done.returncode == 0, done.stderr
    assert len(set(inbox.hashes) - {hash_directory(SHIPPED)[0].sha256}) == 8
    base = greedy(load_checkpoint(SHIPPED)[1])
    for weights in inbox.weights:
        same = sum(a == b for a, b in zip(greedy(weights), base, strict=True))
        assert same >= 490  # of 500; measured over 2,000 words: 99.7 % or more


def test_lottery_stops_when_no_submission_is_left(tmp_path: Path, inbox: Inbox) -> None:
    inbox.limit = 3
    assert run("lottery", tmp_path, inbox).returncode == 0
    assert len(inbox.paths) == 3


def test_crash_submits_once_and_ends_in_a_traceback(tmp_path: Path, inbox: Inbox) -> None:
    done = run("crash", tmp_path, inbox)
    assert done.returncode == 1
    assert len(inbox.paths) == 1
    assert mean_loss(inbox.weights[0]) < mean_loss(load_checkpoint(SHIPPED)[1])  # it did train
    assert "Traceback (most recent call last)" in done.stderr
    assert re.search(r"FileNotFoundError: .*validation\.jsonl", done.stderr.splitlines()[-1])


def test_a_refused_submission_ends_the_agent_with_the_http_status(tmp_path: Path, inbox: Inbox) -> None:
    inbox.url += "-stale"
    done = run("copy", tmp_path, inbox)
    assert done.returncode == 1
    assert "HTTP Error 404" in done.stderr
    assert not inbox.paths
