"""What lies beside a model, settings and histories of trainers: it confirms or contradicts."""

from __future__ import annotations

import io
import json
import pickle
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posttrace.analysis.routes.record.pickled import MAX_BYTES, arguments_class, objective_of
from posttrace.analysis.routes.route import Route
from tests.analysis.routes.made import GRPO, SFT, Story

Pickled = Callable[[str, int], bytes]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A run to be told."""
    return Story(tmp_path / "run")


@pytest.fixture
def pickled(monkeypatch: pytest.MonkeyPatch) -> Pickled:
    """An object of a class by its dotted name, pickled as the library that is not here would."""

    def make(dotted: str, protocol: int) -> bytes:
        module, name = dotted.rsplit(".", 1)
        holder = types.ModuleType(module)
        cls = type(name, (), {"__module__": module})
        setattr(holder, name, cls)
        above = [module[:n] for n, letter in enumerate(module) if letter == "."]
        for package in above:
            monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
        monkeypatch.setitem(sys.modules, module, holder)
        settings = cls()
        settings.__dict__.update(output_dir="output/m", learning_rate=1e-5)
        return pickle.dumps(settings, protocol)

    return make


def archived(content: bytes) -> bytes:
    """As ``torch.save`` writes it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("training_args/data.pkl", content)
        archive.writestr("training_args/version", "3\n")
    return data.getvalue()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_the_class_is_named_from_opcodes(pickled: Pickled, protocol: int) -> None:
    dotted = "trl.trainer.grpo_config.GRPOConfig"
    content = pickled(dotted, protocol)
    assert arguments_class(content) == dotted
    assert arguments_class(archived(content)) == dotted


@pytest.mark.parametrize(
    ("dotted", "objective"),
    [
        ("trl.trainer.grpo_config.GRPOConfig", "grpo"),
        ("trl.trainer.sft_config.SFTConfig", "sft"),
        ("trl.trainer.dpo_config.DPOConfig", "dpo"),
        ("trl.trainer.kto_config.KTOConfig", "dpo"),
        ("trl.trainer.reward_config.RewardConfig", "reward_model"),
        ("transformers.training_args.TrainingArguments", None),
        ("__main__.ScriptArguments", None),
    ],
)
def test_settings_belong_to_a_trainer(dotted: str, objective: str | None) -> None:
    assert objective_of(dotted) == objective


class Hostile:
    """Would write a file if it was unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, (f"open({str(self.target)!r}, 'w').close()",)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    content = pickle.dumps(Hostile(target))
    assert arguments_class(content) is None
    assert arguments_class(archived(content)) is None
    assert not target.exists()
    pickle.loads(content)  # the trap itself works
    assert target.exists()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\x80\x04"):
        named = arguments_class(start + content)
        assert named is None or isinstance(named, str)


def test_what_is_cut_short_or_too_large_names_nothing(pickled: Pickled) -> None:
    content = pickled("trl.GRPOConfig", 2)
    assert arguments_class(archived(content)[:-30]) is None
    assert arguments_class(archived(content + b"\0" * (MAX_BYTES + 1))) is None
    assert arguments_class(content + b"\0" * (MAX_BYTES + 1)) is None


def trained(story: Story, script: str, **more: bytes) -> Route:
    """The route of one training whose folder holds these files, ``_`` for the dot before the ending."""
    story.start(a=script)
    story.ran(10, 20, "code/a.py")
    files = {".".join(name.rsplit("_", 1)): content for name, content in more.items()}
    story.model(21, "output/sft", "s", written_s=19, more=files)
    story.submit(1, 22, "output/sft", "s")
    return story.told().submissions[1]


def test_settings_of_the_same_objective_confirm(story: Story, pickled: Pickled) -> None:
    route = trained(story, SFT, training_args_bin=archived(pickled("trl.SFTConfig", 2)))
    assert (route.label, route.tier) == ("sft", "A")
    (fact,) = [fact for fact in route.evidence if fact.rule == "training_args"]
    assert fact.where == "output/sft/training_args.bin"


def test_settings_of_another_objective_contradict_and_do_not_decide(story: Story, pickled: Pickled) -> None:
    route = trained(story, SFT, training_args_bin=archived(pickled("trl.GRPOConfig", 2)))
    assert (route.label, route.tier, route.candidates) == ("unknown", None, ("grpo",))


def test_a_trainer_of_tokens_may_learn_raw_text(story: Story, pickled: Pickled) -> None:
    raw = SFT.replace("stage sft", "stage pretrain")
    assert trained(story, raw, training_args_bin=pickled("trl.SFTConfig", 2)).label == "pretrain"


def test_the_history_of_a_trainer_confirms(story: Story) -> None:
    rows = [{"step": n, "loss": 1.0, "rewards/margins": 0.1, "rewards/chosen": 0.2} for n in (1, 2)]
    state = json.dumps({"global_step": 2, "log_history": rows}).encode()
    route = trained(story, SFT.replace("stage sft", "stage dpo"), trainer_state_json=state)
    assert (route.label, route.tier) == ("dpo", "A")
    assert "trainer_state" in {fact.rule for fact in route.evidence}


def test_an_adapter_says_its_kind(story: Story) -> None:
    config = json.dumps({"peft_type": "LORA", "base_model_name_or_path": "models/base"}).encode()
    route = trained(story, SFT, adapter_config_json=config)
    assert (route.label, route.attributes["adapter"], route.attributes["weights"]) == (
        "sft",
        "lora",
        "adapter",
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b"null", b'{"log_history": [1, {"a": []}]}', b"\xff"])
def test_files_that_are_no_such_thing_say_nothing(story: Story, content: bytes) -> None:
    files = {"adapter_config_json": content, "trainer_state_json": content, "training_args_bin": content}
    assert trained(story, SFT, **files).label == "sft"


def test_a_file_that_was_changed_later_says_nothing(story: Story, pickled: Pickled) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", 19, more={"training_args.bin": pickled("trl.GRPOConfig", 2)})
    place = story.folder / "workspace/output/sft/training_args.bin"
    place.write_bytes(pickled("trl.SFTConfig", 2))
    story.submit(1, 22, "output/sft", "s")
    route = story.told().submissions[1]
    assert (route.label, route.tier) == ("sft", "B")


def test_a_link_is_not_followed(story: Story, pickled: Pickled, tmp_path: Path) -> None:
    story.start(a=SFT)
    story.ran(10, 20, "code/a.py")
    content = pickled("trl.GRPOConfig", 2)
    story.model(21, "output/sft", "s", 19, more={"training_args.bin": content})
    place = story.folder / "workspace/output/sft/training_args.bin"
    place.unlink()
    (tmp_path / "elsewhere").write_bytes(content)
    place.symlink_to(tmp_path / "elsewhere")
    story.submit(1, 22, "output/sft", "s")
    assert story.told().submissions[1].label == "sft"


@pytest.mark.parametrize(("parent", "label"), [("output/sft", "sft>grpo"), ("models/base", "grpo")])
def test_a_configuration_names_the_parent_that_the_code_leaves_open(
    story: Story, parent: str, label: str
) -> None:
    """The command reads whatever a setting names; both models were there."""
    story.start(a=SFT, b=GRPO.replace("read output/sft", "read *"))
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.ran(23, 40, "code/b.py")
    config = json.dumps({"_name_or_path": f"/runs/r/workspace/{parent}"}).encode()
    story.model(41, "output/grpo", "g", 39, more={"config.json": config})
    story.submit(1, 42, "output/grpo", "g")
    assert story.told().submissions[1].label == label


def test_without_a_name_such_a_parent_is_open(story: Story) -> None:
    story.start(a=SFT, b=GRPO.replace("read output/sft", "read *"))
    story.ran(10, 20, "code/a.py")
    story.model(21, "output/sft", "s", written_s=19)
    story.ran(23, 40, "code/b.py")
    story.model(41, "output/grpo", "g", 39)
    story.submit(1, 42, "output/grpo", "g")
    route = story.told().submissions[1]
    assert (route.label, set(route.candidates)) == ("unknown", {"grpo", "sft>grpo"})
