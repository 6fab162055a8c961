from __future__ import annotations

import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from posttrace.runner.artifact_rules import ArtifactRejected, check_content, check_name


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pytorch_model.bin", "safe_serialization=True"),
        ("optimizer.pt", "may run code when it is loaded"),
        ("checkpoint-5/rng_state.PTH", "may run code"),
        ("data.pkl", "may run code"),
        ("last.ckpt", "may run code"),
        ("modeling_toy.py", "is code"),
        ("lib.so", "is code"),
        ("run.exe", "of no kind that is graded"),
        ("weights", "of no kind that is graded"),
        ("a\nb.json", "printable"),
        ("a\udcff.json", "printable"),
    ],
)
def test_names_that_are_refused(path, reason):
    with pytest.raises(ArtifactRejected, match=reason):
        check_name(path)


@pytest.mark.parametrize(
    "path",
    [
        *("config.json", "generation_config.json", "tokenizer.json", "model-00001-of-00002.safetensors"),
        *("merges.txt", "tokenizer.model", "chat_template.jinja", "README.md", "LICENSE", ".gitattributes"),
    ],
)
def test_what_save_pretrained_writes_is_allowed(path):
    check_name(path)


@pytest.fixture
def model(tmp_path):
    save_file({"a": np.ones(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def check(model):
    check_content(model, {path.name for path in model.iterdir()})


def test_a_whole_model(model):
    check(model)


def test_an_adapter_needs_merging(model):
    (model / "adapter_config.json").write_text("{}")
    with pytest.raises(ArtifactRejected, match="beside merged weights is ambiguous"):
        check(model)
    (model / "model.safetensors").rename(model / "adapter_model.safetensors")
    with pytest.raises(ArtifactRejected, match=r"adapter without merged weights.*merge_and_unload"):
        check(model)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_auto_map_runs_code(model, name):
    (model / name).write_text('{"auto_map": {"AutoModel": "modeling.Evil"}}')
    with pytest.raises(ArtifactRejected, match=f"^{name} has an auto_map"):
        check(model)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": NaN}', "[" * 100_000])
def test_a_config_that_is_no_object(model, text):
    (model / "config.json").write_text(text)
    with pytest.raises(ArtifactRejected, match=r"config\.json is not a JSON object"):
        check(model)


def test_missing_parts(model):
    (model / "config.json").unlink()
    with pytest.raises(ArtifactRejected, match=r"config\.json is missing"):
        check(model)
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").unlink()
    with pytest.raises(ArtifactRejected, match=r"no \*\.safetensors file"):
        check(model)


def test_weights_that_are_cut_short_or_empty(model):
    file = model / "model.safetensors"
    whole = file.read_bytes()
    for cut in (0, 5, len(whole) - 1):
        file.write_bytes(whole[:cut])
        with pytest.raises(ArtifactRejected, match="no complete safetensors file"):
            check(model)
    save_file({}, file)
    with pytest.raises(ArtifactRejected, match="holds no tensors"):
        check(model)


def test_the_error_survives_pickling(tmp_path):
    error = pickle.loads(pickle.dumps(ArtifactRejected("why", tmp_path)))
    assert (str(error), error.link_target) == ("why", tmp_path)
