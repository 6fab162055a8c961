from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.runner.recorder import metrics as module
from posttrace.runner.recorder.lines import STEP_KEYS, parse_json, parse_output, split_step
from posttrace.runner.recorder.metrics import Metrics


class Bench:
    def __init__(self, run) -> None:
        self.output = run.workspace / "output"
        self.stdout = run.logs / "agent.stdout.log"
        self.events: list[Any] = []
        self.metrics = Metrics(run.workspace, self.stdout, write=self.events.append)

    def scan(self, **words):
        """Look once and return (source, step, values) of what was written."""
        self.events.clear()
        self.metrics.scan(**words)
        return [(event.source, event.step, event.values) for event in self.events]

    def add(self, name, text):
        with (self.output / name).open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)


@pytest.fixture
def bench(run_dir):
    return Bench(run_dir)


@pytest.mark.parametrize(
    ("line", "step", "values"),
    [
        ('{"step": 3, "loss": 0.5, "note": "x", "ok": true, "n": null, "m": [1]}', 3, {"loss": 0.5}),
        ('{"global_step": 7, "epoch": 0.5, "reward": -1}', 7, {"epoch": 0.5, "reward": -1.0}),
        ('{"iteration": 2.0, "loss": 1e-3}', 2, {"loss": 0.001}),
        ('{"loss": 2}', None, {"loss": 2.0}),
        ('{"step": 1.5, "loss": 2}', None, {"step": 1.5, "loss": 2.0}),
        ('{"step": 1e300, "loss": 2}', None, {"step": 1e300, "loss": 2.0}),
        ('{"step": 1, "loss": NaN, "lr": -Infinity}', 1, {"loss": "NaN", "lr": "-Infinity"}),
        ('{"step": 1, "loss": "nan", "lr": "inf"}', 1, {"loss": "NaN", "lr": "Infinity"}),
        ('{"step": 1, "loss": 1' + "0" * 400 + "}", 1, {"loss": "Infinity"}),
    ],
)
def test_a_line_of_a_log_file(bench, line, step, values):
    bench.add("train.jsonl", line + "\n")
    assert bench.scan() == [("output/train.jsonl", step, values)]


@pytest.mark.parametrize("line", ["", "[1, 2]", "3", "{", '{"a": "b"}', '{"step": 3}', "[" * 60_000, "null"])
def test_a_line_without_values_is_none(bench, line):
    bench.add("train.jsonl", line + "\n")
    assert bench.scan() == []


@pytest.mark.parametrize(
    ("line", "step", "values"),
    [
        # transformers.Trainer prints a Python dict
        (
            "{'loss': 0.51, 'grad_norm': nan, 'epoch': 1.0}",
            None,
            {"loss": 0.51, "grad_norm": "NaN", "epoch": 1},
        ),
        ("{'train_loss': -inf, 'step': 4}", 4, {"train_loss": "-Infinity"}),
        ('{"step": 4, "loss": 0.25}', 4, {"loss": 0.25}),
        ("step 10: loss=0.25 lr 1e-3", 10, {"loss": 0.25, "lr": 0.001}),
        ("[INFO] iter: 5, reward: -.5", 5, {"reward": -0.5}),
        ("step=2 loss=nan", 2, {"loss": "NaN"}),
        ("eval/accuracy: 0.75", None, {"eval/accuracy": 0.75}),
    ],
)
def test_a_line_that_a_training_prints(bench, line, step, values):
    bench.stdout.write_text(line + "\n")
    assert bench.scan() == [("stdout", step, values)]


@pytest.mark.parametrize(
    "line",
    [
        "I read 3 files and changed 2 of them",
        "HTTP 200 in 0.1 s",
        '{"remaining_submissions": 3, "score": 0.4}',  # an answer of the grading server
        "{'a': __import__('os')}",
        "the loss was lower in version 1.2.3",
    ],
)
def test_what_an_agent_says_is_no_training(bench, line):
    bench.stdout.write_text(line + "\n")
    assert bench.scan() == []


@given(st.text())
def test_any_text_is_understood_or_not_and_never_fails(text):
    for parse in (parse_json, parse_output):
        _, values = split_step(parse(text))
        assert all(isinstance(value, float) for value in values.values())


@given(
    st.integers(-(2**53), 2**53),
    st.dictionaries(st.text().filter(lambda name: name not in STEP_KEYS), st.floats(), min_size=1),
)
def test_what_json_wrote_comes_back(step, values):
    found, rest = split_step(parse_json(json.dumps({"step": step, **values})))
    assert found == step
    assert {name: repr(x) for name, x in rest.items()} == {name: repr(x) for name, x in values.items()}


def test_a_history_is_told_once_however_many_checkpoints_repeat_it(bench):
    history = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("nan")}, {"step": 2, "eval_loss": 1.0}]
    first, second = "output/checkpoint-1/trainer_state.json", "output/checkpoint-2/trainer_state.json"
    for path, entries in ((first, history[:1]), (second, history)):
        file = bench.output.parent / path
        file.parent.mkdir()
        file.write_text(json.dumps({"log_history": entries}))
    expected = [(first, 1, {"loss": 0.5}), (second, 2, {"loss": "NaN"}), (second, 2, {"eval_loss": 1.0})]
    assert bench.scan() == expected
    assert bench.scan(last=True) == []


@pytest.mark.parametrize(
    "text", ['{"log_history": [{"step": 1', "[]", '{"log_history": 3}', "\0", "[" * 100_000]
)
def test_a_history_that_is_half_written_is_looked_at_again(bench, text):
    file = bench.output / "trainer_state.json"
    file.write_text(text)
    assert bench.scan() == []
    file.write_text('{"log_history": [3, {"step": 1, "loss": 2.0}]}')
    assert bench.scan() == [("output/trainer_state.json", 1, {"loss": 2.0})]


def steps(rows):
    return [step for _, step, _ in rows]


def test_an_unfinished_line_waits_for_its_end(bench):
    bench.add("a.jsonl", '{"step": 1, "loss": 1}\n{"step": 2, "lo')
    assert steps(bench.scan()) == [1]
    bench.add("a.jsonl", 'ss": 2}\n{"step": 3, "loss": 3}')
    assert steps(bench.scan()) == [2]
    assert steps(bench.scan(last=True)) == [3]
    assert bench.scan(last=True) == []


def test_a_log_that_is_cut_or_replaced_is_read_from_its_start(bench):
    bench.add("a.jsonl", '{"step": 1, "loss": 1}\n{"step": 2, "loss": 1}\n')
    assert steps(bench.scan()) == [1, 2]
    (bench.output / "a.jsonl").write_text('{"step": 3, "loss": 1}\n')  # cut, and shorter
    assert steps(bench.scan()) == [3]
    (bench.output / "a.jsonl").rename(bench.output / "a.jsonl.1")
    bench.add("a.jsonl", '{"step": 4, "loss": 1}\n{"step": 5, "loss": 1}\n')  # rotated, and longer
    assert steps(bench.scan()) == [4, 5]
    (bench.output / "a.jsonl").unlink()
    assert bench.scan() == []


def test_lines_beyond_the_cap_are_thinned_and_say_so(bench, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINES", 10)
    bench.add("a.jsonl", "".join(json.dumps({"step": i, "loss": 0}) + "\n" for i in range(1, 2501)))
    # ten lines of all, then each tenth until there are ten more (20, ..., 110), then ten of each hundredth
    assert steps(bench.scan()) == [*range(1, 11), *range(20, 120, 10), *range(200, 1200, 100), 2000]
    said = [event.extra["one_line_in"] if event.extra else 1 for event in bench.events]
    assert said == [1] * 10 + [10] * 10 + [100] * 10 + [1000]


def test_garbage_and_an_endless_line_hide_no_other_line(bench):
    good = b'{"step": 1, "loss": 1}\n'
    bench.add("a.jsonl", os.urandom(1 << 16).replace(b"\n", b" ") + b"\n" + good + b"\xff\xfe\0\n")
    bench.stdout.write_bytes(b"\0" * 1000 + b"\n" + b"loss: 2\n")
    bench.add("b.jsonl", b"x" * (50 << 20) + b"\n" + good)  # in pieces of 8 MiB
    rows = [row for _ in range(8) for row in bench.scan()]
    assert sorted(rows) == [
        ("output/a.jsonl", 1, {"loss": 1.0}),
        ("output/b.jsonl", 1, {"loss": 1.0}),
        ("stdout", None, {"loss": 2.0}),
    ]


def test_the_last_look_reads_all_that_is_left(bench):
    bench.add("a.jsonl", b"x" * (20 << 20) + b'\n{"step": 1, "loss": 1}\n' + b"y" * (9 << 20))
    assert steps(bench.scan(last=True)) == [1]


def test_only_regular_files_below_output_are_read(bench, tmp_path):
    outside = tmp_path / "host.jsonl"
    outside.write_text('{"loss": 1}\n')
    (bench.output / "link.jsonl").symlink_to(outside)
    (bench.output / "folder").symlink_to(tmp_path)
    os.mkfifo(bench.output / "pipe.jsonl")
    os.mkfifo(bench.output / "trainer_state.json")
    bench.add("z.jsonl", '{"step": 1, "loss": 1}\n')
    with pytest.raises(OSError, match="symbolic link"):
        bench.metrics.scan()
    assert [event.source for event in bench.events] == ["output/z.jsonl"]  # one that fails hides no other


def test_an_output_folder_that_is_a_link_is_not_entered(bench, tmp_path):
    (tmp_path / "host.jsonl").write_text('{"loss": 1}\n')
    bench.output.rmdir()
    bench.output.symlink_to(tmp_path)
    assert bench.scan() == []
