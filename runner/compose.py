"""From command-line words to resolved run configurations, with one-line errors."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_module
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from posttrace.runner.config import RunConfig
from posttrace.traces.errors import ConfigError, PosttraceError

CONF = "posttrace.conf"
SEARCH_PATH = "hydra.searchpath="
OPEN = ("agent.env",)
"""Mappings whose keys are the user's to choose; Hydra refuses a new key without ``++``."""
NO_INTERPOLATED_SECRETS = ("agent", "driver", "task")


def expand(overrides: Sequence[str]) -> list[list[str]]:
    """The jobs of a sweep: one list of overrides for each combination.

    A study file may hold a grid of its own (``hydra.sweeper.params``); a word given here replaces its line.
    Raises ``ConfigError`` for overrides outside Hydra's grammar.
    """
    words = _as_hydra_wants(overrides)
    with _one_line_errors():
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
    words = _as_hydra_wants(overrides)
    with _one_line_errors():
        GlobalHydra.instance().clear()
        with initialize_config_module(config_module=CONF, version_base="1.3"):
            return checked(compose("run", overrides=words))


def checked(cfg: DictConfig) -> DictConfig:
    """Check what Hydra cannot: secrets by name only, no missing value, the task's own types."""
    for group in NO_INTERPOLATED_SECRETS:
        if re.search(r"\$\{\s*oc\.env", OmegaConf.to_yaml(cfg[group])):
            raise ConfigError(
                f"{group}: ${{oc.env:...}} would write a secret into the record; "
                "name the variable in agent.env_passthrough instead"
            )
    with _one_line_errors():
        missing = OmegaConf.missing_keys(cfg)
        if missing:
            raise ConfigError(f"no value for {', '.join(sorted(missing))}; set it like {min(missing)}=VALUE")
        cls = get_class(cfg.task["_target_"])
        if dataclasses.is_dataclass(cls):
            OmegaConf.merge(OmegaConf.structured(cls), {k: v for k, v in cfg.task.items() if k != "_target_"})
        OmegaConf.resolve(cfg)
        instantiate(cfg.task)  # its own checks
    return cfg


def groups(cfg: DictConfig) -> dict[str, Any]:
    """The resolved configuration as plain data, without Hydra's own node."""
    plain = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(k): v for k, v in plain.items() if k != "hydra"}


def _as_hydra_wants(overrides: Sequence[str]) -> list[str]:
    """The words, but for two of ours that Hydra has no place for: see ``_named_experiment`` and ``OPEN``."""
    known = _experiments(overrides)
    return [_word(override, known) for override in overrides]


def _word(override: str, known: set[str]) -> str:
    if override.startswith("--"):
        raise ConfigError(f"{override}: no such option; overrides are written key=value")
    if any(override.startswith((f"{key}.", f"{key}=")) for key in OPEN):
        return f"++{override}"
    match = re.fullmatch(r"(\+?)experiment=(.+)", override)
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


def _experiments(overrides: Sequence[str]) -> set[str]:
    """Names of all study files: shipped, made by ``_named_experiment``, or in a folder that a word names."""
    from importlib.resources import files

    words = [word for word in overrides if word.startswith(SEARCH_PATH)]
    values: list[Any] = [o.value() for o in OverridesParser.create().parse_overrides(words)]
    named = chain.from_iterable(values)
    folders = [files(CONF), *(Path(str(folder).removeprefix("file://")) for folder in named)]
    shipped = {
        file.name.removesuffix(".yaml")
        for folder in folders
        if (folder / "experiment").is_dir()
        for file in (folder / "experiment").iterdir()
    }
    made = {name.removesuffix(".yaml") for name in ConfigStore.instance().repo.get("experiment", {})}
    return shipped | made


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Hydra's and OmegaConf's exceptions as one line that says what is wrong and what to do."""
    try:
        yield
    except (HydraException, OmegaConfBaseException, ImportError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(_one_line(error)) from error


def _one_line(error: BaseException) -> str:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and len(causes) < 5:
        causes.append(cause)
    ours = [cause for cause in causes if isinstance(cause, PosttraceError)]
    if ours:  # raised in a class that Hydra built for us
        return str(ours[0])
    text = str(error)
    if isinstance(error, OverrideParseException):
        text = f"{error.override}: not an override ({text.splitlines()[0]}); write key=value"
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return _unknown_key(unknown[1])
    if text.startswith("Error merging override"):  # the reason is in the cause
        text = f"{text}: {causes[1] if len(causes) > 1 else ''}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("full_key", "object_type", "reference_type"))]
    return " ".join(_punctuated(lines))


def _unknown_key(key: str) -> str:
    known = list(_keys(OmegaConf.structured(RunConfig)))
    near = [k for k in known if k.endswith(f".{key}")] or get_close_matches(key, known, 3)
    return f"{key}: no such key" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _keys(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, node):
        yield f"{prefix}{key}"
        if not OmegaConf.is_missing(node, key) and isinstance(node[key], DictConfig):
            yield from _keys(node[key], f"{prefix}{key}.")


def _punctuated(lines: list[str]) -> list[str]:
    options = [i for i, line in enumerate(lines) if line.startswith("Available options")]
    if options:  # Hydra prints one option a line, then where it looked
        head, tail = lines[: options[0] + 1], lines[options[0] + 1 :]
        ends = [i for i, line in enumerate(tail) if line.startswith("Config search path")]
        named = tail[: ends[0]] if ends else tail
        lines = [*head, ", ".join(name for name in named if not name.startswith("_"))]  # those are parts
    last = len(lines) - 1
    return [line if line[-1] in ".:,;" or i == last else f"{line}." for i, line in enumerate(lines)]
