"""Whether a base model fits its task, before a run starts from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.utils import instantiate

from posttrace.runner.base_model import BaseModel
from posttrace.runner.compose import groups, options, resolve
from posttrace.runner.tasks.base import ChecksModels
from posttrace.traces.errors import ConfigError, GradingError


def check_fit(config: Mapping[str, Any], overrides: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a base that the task refuses, naming the options of ``base_model`` that fit.

    ``overrides`` are the words that ``config`` came from. Of a task without ``check`` nothing is known.
    """
    task, base = instantiate(config["task"]), BaseModel.of(config["base_model"], config["seed"])
    if not isinstance(task, ChecksModels):
        return
    try:
        task.check(base.path)
    except GradingError as error:
        cause = str(error).partition(";")[0]  # what follows is advice for an agent
        others = [
            word for word in overrides if not word.lstrip("+").startswith(("base_model=", "base_model."))
        ]
        fitting = [name for name in sorted(options("base_model", overrides)) if _fits(task, name, others)]
        advice = f"choose base_model={' or '.join(fitting)}" if fitting else "no option of base_model fits it"
        raise ConfigError(
            f"the base model {base.id} ({base.path}) does not fit the task {task.info.id}: {cause}; {advice}"
        ) from error


def _fits(task: ChecksModels, name: str, others: Sequence[str]) -> bool:
    try:
        config = groups(resolve([*others, f"base_model={name}"]))
        task.check(BaseModel.of(config["base_model"], config["seed"]).path)
    except (ConfigError, GradingError):
        return False
    return True
