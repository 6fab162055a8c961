from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from posttrace.runner.recorder.artifacts import Artifacts, describe


def save(folder, tensors, **config):
    """A checkpoint as ``save_pretrained`` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.asarray(value) for name, value in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_raw(folder, dtype, shape, content: bytes):
    """A file with one tensor ``w``, made by hand from the format's description."""
    folder.mkdir(parents=True, exist_ok=True)
    header = {"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(content)]}}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + content)
    return folder


BASE = {"w": np.array([[3.0, 0.0]], np.float32), "b": np.array([4.0], np.float32)}  # norm 5


class Bench:
    def __init__(self, run) -> None:
        self.workspace = run.workspace
        self.base = save(run.workspace / "models/base", BASE, architectures=["GPT2LMHeadModel"])
        self.events: list[Any] = []
        self.artifacts = Artifacts(run.workspace, self.base, write=self.events.append)

    def scan(self, times=2, **words):
        """Look and return what was written."""
        self.events.clear()
        for _ in range(times):
            self.artifacts.scan(**words)
        return list(self.events)


@pytest.fixture
def bench(run_dir):
    return Bench(run_dir)


def test_a_model_is_reported_once_when_two_scans_saw_it_the_same(bench):
    folder = save(bench.workspace / "output/m", BASE | {"b": np.array([4.5], np.float32)}, model_type="gpt2")
    assert bench.scan(1) == []
    [event] = bench.scan(1)
    assert bench.scan(3) == []
    assert event.path == "output/m"
    files = {file.path: (file.bytes, file.sha256) for file in event.files}
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert files == {name: (len(x), hashlib.sha256(x).hexdigest()) for name, x in contents.items()}
    # three parameters; the difference is 0.5 in one place, the base's norm is sqrt(9 + 16)
    assert (event.model.n_params, event.model.architecture) == (3, "gpt2")
    assert (event.model.adapter, event.model.same_as_base) == (False, False)
    assert event.model.delta_l2_rel == pytest.approx(0.1)


def test_mtime_is_that_of_the_weights(bench):
    folder = save(bench.workspace / "output/m", BASE)
    os.utime(folder / "model.safetensors", ns=(0, 86_400_000_001_000))  # a day and a microsecond
    assert bench.scan()[0].mtime == "1970-01-02T00:00:00.000001Z"


def test_a_change_is_reported_again(bench):
    folder = save(bench.workspace / "output/m", BASE)
    assert [event.model.same_as_base for event in bench.scan()] == [True]
    save(folder, {"w": BASE["w"], "b": -BASE["b"]})
    # (8, as 4 became -4) / 5
    assert [event.model.delta_l2_rel for event in bench.scan()] == [pytest.approx(1.6)]


def test_what_is_still_growing_waits_and_is_told_at_the_last_scan(bench):
    whole = (bench.base / "model.safetensors").read_bytes()
    file = bench.workspace / "output/m/model.safetensors"
    file.parent.mkdir()
    for size in (10, 20, 30):
        file.write_bytes(whole[:size])
        assert bench.scan(1) == []
    [event] = bench.scan(1, last=True)
    # cut within its header: there is nothing to say but that it is there
    model = event.model
    assert (model.n_params, model.same_as_base, model.delta_l2_rel) == (None, None, None)
    assert event.files[0].bytes == 30


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 64,  # a header of 2^64 bytes
        (5).to_bytes(8, "little") + b"{]}[}",
        (2).to_bytes(8, "little") + b"[]",
        (13).to_bytes(8, "little") + b'{"w":{"a":1}}',
        (200_005).to_bytes(8, "little") + b'{"a":' + b"[" * 200_000,  # deeper than a parser may go
    ],
)
def test_a_corrupt_header_is_unknown(bench, content):
    folder = save(bench.workspace / "output/m", BASE, architectures=["X"])
    (folder / "model.safetensors").write_bytes(content)
    [event] = bench.scan()
    assert (event.model.architecture, event.model.n_params, event.model.delta_l2_rel) == ("X", None, None)


@pytest.mark.parametrize("offsets", [[0, 9], [8, 0], [-8, 0]])
def test_a_tensor_outside_its_file_is_unknown(bench, offsets):
    folder = bench.workspace / "output/m"
    folder.mkdir()
    text = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": offsets}}).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    assert bench.scan()[0].model.n_params is None


@pytest.mark.parametrize("shape", [[2**62, 2**62], [-1], [1] * 100_000, [65]])
def test_a_shape_that_eight_bytes_cannot_hold_is_no_number_of_parameters(bench, shape):
    write_raw(bench.workspace / "output/m", "Q1", shape, bytes(8))  # 64 elements at best
    assert bench.scan()[0].model.n_params is None


def test_files_beyond_the_room_of_an_event_are_counted(bench, monkeypatch):
    monkeypatch.setattr("posttrace.runner.recorder.listing.LIST_BYTES", 1000)
    folder = save(bench.workspace / "output/m", BASE)
    for number in range(20):
        (folder / f"a{number}.txt").touch()
    [event] = bench.scan()
    assert 0 < len(event.files) < 22
    assert event.extra == {"files_omitted": 22 - len(event.files)}


@pytest.mark.parametrize("config", ["", "[]", '{"architectures": 3}', "[" * 100_000, '"gpt2"'])
def test_a_config_that_says_nothing_is_no_reason_to_fail(bench, config):
    folder = save(bench.workspace / "output/m", BASE)
    (folder / "config.json").write_text(config)
    [event] = bench.scan()
    assert (event.model.architecture, event.model.n_params) == (None, 3)


def test_bf16_is_the_upper_half_of_a_float32(tmp_path):
    base = write_raw(tmp_path / "base", "F32", [2], np.array([3.0, 4.0], "<f4").tobytes())
    # 3.0 = 0x40400000, 4.5 = 0x40900000
    model = write_raw(tmp_path / "m", "BF16", [2], bytes.fromhex("4040" + "9040"))
    info = describe(model, base)
    assert (info.n_params, info.same_as_base) == (2, False)
    assert info.delta_l2_rel == pytest.approx(0.5 / 5)


def test_the_same_values_in_another_type_are_not_the_same_bytes(tmp_path):
    base = write_raw(tmp_path / "base", "F32", [2], np.array([3.0, 4.0], "<f4").tobytes())
    model = write_raw(tmp_path / "m", "F16", [2], np.array([3.0, 4.0], "<f2").tobytes())
    info = describe(model, base)
    assert (info.same_as_base, info.delta_l2_rel) == (False, 0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_distance_that_is_no_number_is_unknown(tmp_path, value):
    base, model = save(tmp_path / "base", BASE), save(tmp_path / "m", BASE | {"b": np.float32([value])})
    info = describe(model, base)
    assert (info.same_as_base, info.delta_l2_rel) == (False, None)


def test_many_tensors_in_shards_are_one_vector(tmp_path):
    rng = np.random.default_rng(0)
    base = {f"t{i}": rng.normal(size=(7, i + 1)).astype(np.float32) for i in range(6)}
    model = {name: (x + rng.normal(size=x.shape) / 10).astype(np.float32) for name, x in base.items()}
    save(tmp_path / "base", base)
    (tmp_path / "m").mkdir()
    for shard in range(2):
        part = {name: x for i, (name, x) in enumerate(model.items()) if i % 2 == shard}
        save_file(part, tmp_path / f"m/model-{shard}.safetensors")
    old, new = (np.concatenate([x[n].ravel() for n in base]).astype(np.float64) for x in (base, model))
    info = describe(tmp_path / "m", tmp_path / "base")
    assert info.n_params == 7 * (1 + 2 + 3 + 4 + 5 + 6)
    assert info.delta_l2_rel == pytest.approx(np.linalg.norm(new - old) / np.linalg.norm(old), rel=1e-12)


def test_comparing_goes_beyond_one_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr("posttrace.runner.recorder.weights._CHUNK", 4)
    old = np.arange(1, 12, dtype=np.float32)
    new = old.copy()
    new[-1] += 1
    info = describe(save(tmp_path / "m", {"w": new}), save(tmp_path / "base", {"w": old}))
    assert info.same_as_base is False
    # 1^2 + ... + 11^2 = 11 * 12 * 23 / 6 = 506
    assert info.delta_l2_rel == pytest.approx(1 / math.sqrt(506))


def test_an_adapter_is_one_and_has_no_distance(bench):
    folder = bench.workspace / "output/lora"
    folder.mkdir()
    save_file({"w.lora_A": np.ones((2, 3), np.float32)}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("{}")
    [event] = bench.scan()
    model = event.model
    assert (model.adapter, model.n_params, model.same_as_base, model.delta_l2_rel) == (True, 6, False, None)


def test_links_to_the_base_are_no_models_of_their_own(bench):
    (bench.workspace / "output/linked").symlink_to(bench.base)
    inner = bench.workspace / "output/m"
    inner.mkdir()
    (inner / "model.safetensors").symlink_to(bench.base / "model.safetensors")
    assert bench.scan() == []


def test_a_copy_of_the_base_is_the_same_whatever_lies_beside_it(bench):
    shutil.copytree(bench.base, bench.workspace / "output/copy")
    (bench.workspace / "output/copy/README.md").write_text("mine")
    [event] = bench.scan()
    assert (event.model.same_as_base, event.model.delta_l2_rel) == (True, 0.0)


def test_a_pipe_that_is_called_a_model_blocks_nothing(bench):
    for folder in ("alone", "beside"):
        (bench.workspace / "output" / folder).mkdir()
        os.mkfifo(bench.workspace / "output" / folder / "model.safetensors")
    save_file(BASE, bench.workspace / "output/beside/other.safetensors")
    [event] = bench.scan()
    assert [file.path for file in event.files] == ["other.safetensors"]
    assert event.model.n_params is None  # the directory holds more than can be read


def test_models_in_environments_and_caches_are_left_out(bench):
    save(bench.workspace / "code/site-packages/pkg", BASE)
    save(bench.workspace / "output/.git/x", BASE)
    assert bench.scan() == []


def test_one_that_cannot_be_hashed_hides_no_other(bench):
    save(bench.workspace / "output/a" / "/".join("d" * 20), BASE)  # deeper than is walked
    deep = save(bench.workspace / "output/b", BASE)
    (deep / "/".join("d" * 18)).mkdir(parents=True)  # deeper than is hashed
    save(bench.workspace / "output/c", BASE)
    with pytest.raises(Exception, match="nested deeper"):
        bench.scan()
    assert [event.path for event in bench.events] == ["output/c"]
