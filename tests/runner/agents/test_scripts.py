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
from posttrace.runner.compose import resolve
from posttrace.runner.models.checkpoint import Weights, load_checkpoint
from posttrace.runner.models.sampling import sample
from posttrace.runner.tasks.pretrain import BASES, pack
from posttrace.runner.tasks.spell import Spell
from posttrace.runner.tasks.spell.build_base import encoded
from posttrace.runner.tasks.spell.task import MAX_NEW_TOKENS, TOKENIZER, load_model, prompt_of
from posttrace.runner.tasks.spell.words import words

SHIPPED = BASES / "spell" / "0"


@dataclass
class Inbox:
    """What was submitted, as it was when it arrived."""

    url: str = ""
    limit: int = 100
    paths: list[Path] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    weights: list[Weights] = field(default_factory=list)

    def receive(self, path: Path) -> dict[str, Any]:
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
def inbox() -> Iterator[Inbox]:
    box = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/r/token/submit":
                self.send_error(404)
                return
            reply = json.dumps(box.receive(Path(body["model_path"]))).encode()
            self.send_response(200)
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
    option = resolve([f"agent={agent}"]).agent
    workspace = folder / "workspace"
    workspaces.build(workspace, base=SHIPPED, base_id="spell", code=list(option.code))
    Spell().prepare(workspace)
    values = {"seed": seed, "steps": steps, "workspace": workspace}
    return subprocess.run(
        [workspaces.fill(word, values) for word in option.command],
        cwd=workspace,
        env=dict(option.env)
        | workspaces.environment(workspace, task="spell", base_id="spell", url=inbox.url),
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


def mean_loss(weights: Weights) -> float:
    """Cross-entropy a token over 300 training words, from this package's own forward."""
    model = load_model(SHIPPED)
    model.weights = weights
    tokens, mask = pack([encoded(word, word[::-1]) for word in words("train")[:300]])
    return -float((model.log_probs(tokens)[0] * mask).sum() / mask.sum())


def test_sft_trains_and_submits_four_checkpoints(tmp_path: Path, inbox: Inbox) -> None:
    done = run("sft", tmp_path, inbox, steps=30)
    assert done.returncode == 0, done.stderr
    # quarters of 30 steps, rounded down
    assert [path.name for path in inbox.paths] == [f"checkpoint-{step}" for step in (7, 15, 22, 30)]
    assert len(set(inbox.hashes)) == 4
    before, after = mean_loss(load_checkpoint(SHIPPED)[1]), mean_loss(inbox.weights[-1])
    assert after < 0.5 * before  # measured over four seeds: 0.27 to 0.31 of it

    log = (tmp_path / "workspace" / "output" / "train_log.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in log]
    assert [entry["step"] for entry in entries] == list(range(1, 31))
    assert all(entry.keys() == {"step", "loss", "lr", "grad_norm"} for entry in entries)
    # the first batch is scored by the base itself; 64 words differ from 300 by chance
    assert entries[0]["loss"] == pytest.approx(before, rel=0.15)


def test_sft_depends_on_its_seed_alone(tmp_path: Path, inbox: Inbox) -> None:
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        assert run("sft", tmp_path / name, inbox, steps=4, seed=seed).returncode == 0
    one, same, other = inbox.hashes[:4], inbox.hashes[4:8], inbox.hashes[8:]
    assert one == same
    assert not set(one) & set(other)


def test_sft_stops_when_no_submission_is_left(tmp_path: Path, inbox: Inbox) -> None:
    inbox.limit = 2
    assert run("sft", tmp_path, inbox, steps=8).returncode == 0
    assert len(inbox.paths) == 2


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
