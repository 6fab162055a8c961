"""Three simple ways to guess a route from text: what any serious reading of code has to beat.

Each takes the files of a unit, path -> text in the order of running, and returns a label. None resolves an
import, a variable or a default, and none looks at more than the files of the unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Final

Floor = Callable[[Mapping[str, str]], str]

KEYWORDS: Final[Mapping[str, str]] = {
    "sft": r"sft|supervised|instruction[ _-]tun",
    "rft": r"rft|rejection[ _-]sampl|best[ _-]of[ _-]n|expert[ _-]iteration",
    "pretrain": r"pre-?train(?:ing|er)\b|language[ _-]model(?:l?ing)|next[ _-]token",
    "dpo": r"dpo|kto\b|orpo|simpo|cpo\b|preference[ _-]optim",
    "grpo": r"grpo|rloo|group[ _-]relative",
    "reinforce": r"\breinforce\b|policy[ _-]gradient",
    "ppo": r"ppo|proximal[ _-]policy",
    "distill": r"distil|gkd|teacher",
    "reward_model": r"reward[ _-]?model(?:l?ing)|rewardtrainer|rewardconfig",
    "other": r"classif|embedding[ _-]train|ilql",
}
CLASSES: Final[Mapping[str, str]] = {
    "sft": r"SFT",
    "dpo": r"DPO|KTO|ORPO|CPO|BCO|IPO|XPO|NashMD|OnlineDPO|SimPO",
    "grpo": r"GRPO|RLOO|DAPO",
    "ppo": r"PPO",
    "distill": r"GKD|GOLD|Distillation|KD|SDPO|SDFT",
    "reward_model": r"Reward(?:Model)?|PRM",
    "reinforce": r"Reinforce",
    "pretrain": r"Pretrain",
}
_COMPILED: Final = {name: re.compile(pattern, re.I) for name, pattern in KEYWORDS.items()}
_CLASS: Final = re.compile(rf"\b\w*?({'|'.join(reversed(list(CLASSES.values())))})(?:V2)?Trainer\s*\(")
_PLAIN: Final = re.compile(r"\b\w*Trainer(?:V\d)?\s*\(")
_HEAD: Final = re.compile(r"ForSequenceClassification|SentenceTransformer")
_STARTED: Final = re.compile(r"\.(?:train|fit|learn|step|ppo_train)\(")
_SETTINGS: Final[tuple[tuple[str, str], ...]] = (
    # explicit algorithm values first: they override what an entry point suggests
    ("grpo", r"(?:estimator|rlhf_type|\brl|\bstage)\W{1,4}(?:group_norm|grpo|rloo|dr_grpo|gspo)\b"),
    ("grpo", r"estimator\W{1,4}reinforce_(?:plus_plus_)?baseline\b"),
    ("reinforce", r"estimator\W{1,4}reinforce(?:_plus_plus)?\b"),
    ("ppo", r"(?:estimator|rlhf_type|\brl|\bstage)\W{1,4}(?:gae|ppo)\b"),
    ("dpo", r"(?:rlhf_type|\brl|\bstage)\W{1,4}(?:dpo|kto|orpo|ipo|simpo|cpo)\b"),
    ("reward_model", r"(?:rlhf_type|\bstage)\W{1,4}rm\b"),
    ("pretrain", r"\bstage\W{1,4}pt\b"),
    ("sft", r"\bstage\W{1,4}sft\b"),
    ("dpo", r"train_(?:dpo|kto)\b|\btrl (?:dpo|kto|orpo)\b"),
    ("distill", r"train_kd\b|\btrl gkd\b"),
    ("reward_model", r"train_(?:rm|prm)\b|\btrl reward\b"),
    ("grpo", r"\btrl (?:grpo|rloo)\b"),
    ("sft", r"train_sft\b|\btrl sft\b|tune run \w*finetune"),
    ("ppo", r"train_ppo(?:_ray)?\b|verl\.trainer\.main_ppo"),
    ("ppo", r"\bPPOConfig\(|default_ppo_config"),
    ("other", r"\bILQLConfig\(|default_ilql_config"),
    ("sft", r"\bSFTConfig\(|default_sft_config"),
    ("rft", r"\bRFTConfig\("),
)  # fmt: skip
_VALUES: Final = tuple((name, re.compile(pattern)) for name, pattern in _SETTINGS)


def keywords(files: Mapping[str, str]) -> str:
    """The objective whose words occur most often in path and text; ``no_train`` without any."""
    return _joined(_most(f"{path}\n{text}") for path, text in files.items())


def trainer_class(files: Mapping[str, str]) -> str:
    """The first class named ``...Trainer`` that is called, by its name alone."""
    return _joined(_first_class(text) for text in files.values())


def classes_and_settings(files: Mapping[str, str]) -> str:
    """Trainer classes that are called and started, else an algorithm's value, a command, a config class."""
    return _joined(label for path, text in files.items() for label in _classes_or_setting(path, text))


FLOORS: Final[Mapping[str, Floor]] = {
    "keywords": keywords,
    "trainer regex": trainer_class,
    "classes, keys, CLI": classes_and_settings,
}


def _joined(labels: Iterable[str]) -> str:
    """Objectives in order; a scorer beside a policy, and what trains nothing, left out."""
    named = [label for label in labels if label != "no_train"]
    policy = [label for label in named if label != "reward_model"] or named[:1]
    return ">".join(name for name, _ in groupby(policy)) or "no_train"


def _most(text: str) -> str:
    counts = {name: len(pattern.findall(text)) for name, pattern in _COMPILED.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "no_train"


def _first_class(text: str) -> str:
    found = _CLASS.search(text)
    return _named(found[1]) if found else "no_train"


def _named(name: str) -> str:
    return next(label for label, pattern in CLASSES.items() if re.fullmatch(pattern, name))


def _classes_or_setting(path: str, text: str) -> list[str]:
    if path.endswith((".md", ".txt", ".rst")):
        return []
    if _STARTED.search(text):
        called = [_named(found) for found in _CLASS.findall(text)]
        if called:
            return called
    for name, pattern in _VALUES:
        if pattern.search(text):
            return [name]
    plain = _PLAIN.search(text) and _STARTED.search(text)
    return ["other" if _HEAD.search(text) else "sft"] if plain else []
