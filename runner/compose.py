"""From command-line words to resolved run configurations, with one-line errors."""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from posttrace.runner.cells import CELL_GROUPS
from posttrace.runner.config import RunConfig
from posttrace.runner.one_line import no_such_key, one_line_errors
from posttrace.traces.errors import ConfigError

CONF = "posttrace.conf"
SEARCH_PATH = "hydra.searchpath="
OPEN = ("agent.env.", "agent.env=", "task.")
"""Mappings whose keys are not the schema's: the user's own, and those of the task's class, which ``checked``
looks at. Hydra refuses a new key without ``++``."""
READ_OF_HYDRA = re.compile(r"hydra[/.](launcher|searchpath)|\++hydra\.launcher\.\w+\.")
"""Words about Hydra itself that do something here. ``+`` adds to a mapping of the launcher; elsewhere it
would let a misspelt key in."""
CHOICE = re.compile(rf"({'|'.join(CELL_GROUPS)})=(null|\[.*\])")
"""No option of a group, or several, one laid over the other."""
NO_INTERPOLATED_SECRETS = ("agent", "driver", "task")


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """The jobs of a sweep: one list of overrides for each combination.

    A study file may hold a grid of its own (``hydra.sweeper.params``); a word given here replaces its line.
    Raises ``ConfigError`` for overrides outside Hydra's grammar.
    """
    words = _words(overrides)
    with one_line_errors():
        studies = [word for word in words if word.startswith("+experiment=")]
        others = [word for word in words if word not in studies]
        chosen = _product(studies) or [[]]
        return [job for study in chosen for job in _product([*study, *others, *_own_grid(study, others)])]


def _product(words: Sequence[str]) -> list[list[str]]:
    parsed = OverridesParser.create().parse_overrides(list(words))
    batches = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    return [list(job) for batch in batches for job in batch]


def _own_grid(study: Sequence[str], others: Sequence[str]) -> list[str]:
    """The lines of a study's grid that no other word replaces."""
    if not study:
        return []
    given = {o.key_or_group for o in OverridesParser.create().parse_overrides(list(others))}
    found_in = [word for word in others if word.startswith(SEARCH_PATH)]
    GlobalHydra.instance().clear()
    with initialize_config_module(config_module=CONF, version_base="1.3"):
        grid = (
            compose("run", overrides=[*study, *found_in], return_hydra_config=True).hydra.sweeper.params or {}
        )
    return [f"{key}={values}" for key, values in grid.items() if key not in given]


def resolve(overrides: Sequence[str]) -> DictConfig:
    """Compose one run; every value resolved, typed and present.

    Raises ``ConfigError`` with one line: unknown option, unknown key, wrong type, missing value.
    """
    words = hydra_words(overrides)
    with one_line_errors():
        GlobalHydra.instance().clear()
        with initialize_config_module(config_module=CONF, version_base="1.3"):
            return checked(compose("run", overrides=words))


def checked(cfg: DictConfig) -> DictConfig:
    """Resolve, and check what Hydra does not: that every key is one, as it lets any in after a ``+``; that no
    value is missing; that secrets are given by name only; the task's own keys and types.
    """
    with one_line_errors():
        given: Any = OmegaConf.to_container(cfg)
        given.pop("hydra", None)
        whole = OmegaConf.merge(OmegaConf.structured(RunConfig), given)
        assert isinstance(whole, DictConfig)
        _check_secrets(whole)
        missing = OmegaConf.missing_keys(whole)
        if missing:
            raise ConfigError(f"no value for {', '.join(sorted(missing))}; set it like {min(missing)}=VALUE")
        _check_task(whole.task)
        OmegaConf.resolve(whole)
        instantiate(whole.task)  # its own checks
    return whole


def _check_secrets(cfg: DictConfig) -> None:
    for group in NO_INTERPOLATED_SECRETS:
        if re.search(r"\$\{\s*oc\.env", OmegaConf.to_yaml(cfg[group])):
            raise ConfigError(
                f"{group}: ${{oc.env:...}} would write a secret into the record; "
                "name the variable in agent.env_passthrough instead"
            )


def _check_task(task: DictConfig) -> None:
    """Keys and types against those of the task's class; ``_target_`` and its like are Hydra's own."""
    cls = class_of("task", task.get("_target_"))
    given = {str(key): value for key, value in task.items() if not re.fullmatch("_[a-z]+_", str(key))}
    taken = inspect.signature(cls).parameters
    if all(one.kind is not one.VAR_KEYWORD for one in taken.values()):
        for key in given.keys() - taken.keys():
            raise ConfigError(no_such_key(f"task.{key}", [f"task.{name}" for name in taken]))
    if dataclasses.is_dataclass(cls):
        schema = OmegaConf.create({"task": OmegaConf.structured(cls)})
        OmegaConf.set_readonly(schema.task, False)  # a frozen class makes it so
        OmegaConf.merge(schema, {"task": given})


def class_of(group: str, target: str | None) -> type:
    """The class that an option's ``_target_`` names. Raises ``ConfigError`` when there is none."""
    try:
        found = pkgutil.resolve_name(target or "")
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{group}._target_={target}: {error}; give package.module.Class, its folder on PYTHONPATH"
        ) from error
    if not isinstance(found, type):
        raise ConfigError(f"{group}._target_={target} is no class; give package.module.Class")
    return found


def groups(cfg: DictConfig) -> dict[str, Any]:
    """The resolved configuration as plain data, without Hydra's own node."""
    plain = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(k): v for k, v in plain.items() if k != "hydra"}


def hydra_words(overrides: Sequence[str]) -> list[str]:
    """The words as Hydra wants them, which has no place for ``_named_experiment`` and ``OPEN``."""
    return [f"++{word}" if word.startswith(OPEN) else word for word in _words(overrides)]


def _words(overrides: Sequence[str]) -> list[str]:
    known = _experiments(overrides)
    return [_word(override, known) for override in overrides]


def _word(override: str, known: set[str]) -> str:
    if override.startswith("--"):
        raise ConfigError(f"{override}: no such option; overrides are written key=value")
    if re.match(r"[+~]*hydra[./]", override) and not READ_OF_HYDRA.match(override):
        raise ConfigError(
            f"{override}: not used; of Hydra itself give hydra/launcher=NAME and hydra.launcher.KEY=VALUE"
        )
    if chosen := CHOICE.fullmatch(override):
        raise ConfigError(f"{override}: give one name, {chosen[1]}=NAME; in a sweep (-m) NAME,NAME is each")
    match = re.fullmatch(r"(\+?)experiment=(.*)", override)
    if not match:
        return override
    for name in match[2].split(","):
        _named_experiment(name, known, must_exist=bool(match[1]))
    return f"+experiment={match[2]}"


def _named_experiment(name: str, known: set[str], *, must_exist: bool) -> None:
    """``experiment`` is a group of ready studies *and* the folder runs go to; Hydra allows only one.

    So ``+experiment=NAME`` loads ``conf/experiment/NAME.yaml``, and ``experiment=NAME`` does too or, when
    there is none, an empty option of that name, made here.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ConfigError(f"experiment={name}: a name has letters, digits, '.', '_' and '-' only")
    if name in known:
        return
    if must_exist:
        there = ", ".join(sorted(known))
        raise ConfigError(
            f"+experiment={name}: no such study (there is {there}); experiment={name} only names it"
        )
    node = {"experiment": name}
    ConfigStore.instance().store(group="experiment", name=name, node=node, package="_global_")


def options(group: str, overrides: Sequence[str]) -> set[str]:
    """Names of a group's option files: shipped, or in a folder that a word names."""
    from importlib.resources import files

    words = [word for word in overrides if word.startswith(SEARCH_PATH)]
    values: list[Any] = [o.value() for o in OverridesParser.create().parse_overrides(words)]
    named = chain.from_iterable(values)
    folders = [files(CONF), *(Path(str(folder).removeprefix("file://")) for folder in named)]
    return {
        file.name.removesuffix(".yaml")
        for folder in folders
        if (folder / group).is_dir()
        for file in (folder / group).iterdir()
        if file.name.endswith(".yaml")
    }


def _experiments(overrides: Sequence[str]) -> set[str]:
    """Names of all studies: those with a file, and those made by ``_named_experiment``."""
    made = {name.removesuffix(".yaml") for name in ConfigStore.instance().repo.get("experiment", {})}
    return options("experiment", overrides) | made
