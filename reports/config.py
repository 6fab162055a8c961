"""The settings of a report by Hydra: ``conf/report/``, words such as ``alpha=0.1``, one-line errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from posttrace.reports.options import ReportOptions
from posttrace.traces.errors import ConfigError

if TYPE_CHECKING:
    from posttrace.analysis.audit.settings import AuditSettings

CONF: Final = "posttrace.conf"
GROUP: Final = "report="
MERGING: Final = "Error merging override "
"""How Hydra begins to name the word that does not fit the schema."""
WANTED: Final = {
    "converted to Integer": "a whole number",
    "converted to Float": "a number",
    "is not Optional": "a value, not null",
}
"""What OmegaConf says of a value -> what to give."""


@dataclass
class ReportConfig:
    """Typed schema: what composes is what these fields allow; typos and wrong types are refused."""

    title: str | None = None
    format: list[str] = field(default_factory=list)
    renderer: str = "builtin"
    style: str = "wide"
    where: dict[str, list[str]] = field(default_factory=dict)
    alpha: float = 0.05
    delta_min: float = 0.0
    delta_eq: float = 0.02
    resamples: int = 10_000
    seed: int = 0
    exclude_policy: str = "drop"


@dataclass(frozen=True)
class Chosen:
    """What ``report`` takes."""

    title: str | None
    settings: AuditSettings
    options: ReportOptions


def names() -> list[str]:
    """Files of ``conf/report/``."""
    folder = files(CONF) / "report"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def chosen(words: Sequence[str], given: Mapping[str, Any]) -> Chosen:
    """Compose ``report=NAME`` and ``KEY=VALUE`` words; ``given`` (flags) has the last word.

    Raises ``ConfigError`` for an unknown name, key or type, ``InputError`` for a value without sense.
    """
    from posttrace.analysis.audit.settings import AuditSettings

    config = {**_composed(words), **{key: value for key, value in given.items() if value is not None}}
    audit = {each.name: config[each.name] for each in fields(AuditSettings)}
    where = {str(name): tuple(map(str, values)) for name, values in config["where"].items()}
    options = ReportOptions(
        formats=tuple(config["format"]), renderer=config["renderer"], where=where, style=config["style"]
    )
    return Chosen(config["title"], AuditSettings(**audit), options)


def _composed(words: Sequence[str]) -> dict[str, Any]:
    """The composed configuration as plain data."""
    from hydra import compose, initialize_config_module
    from hydra.core.config_store import ConfigStore
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    name = _name(words)
    overrides = [_word(word) for word in words if not word.startswith(GROUP)]
    ConfigStore.instance().store(name="report_schema", node=ReportConfig)
    GlobalHydra.instance().clear()
    try:
        with initialize_config_module(config_module=CONF, version_base="1.3"):
            config: Any = OmegaConf.to_container(compose(f"report/{name}", overrides=overrides), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_one_line(error)) from error
    return dict(config)


def _one_line(error: Exception) -> str:
    said, reason = (str(each).splitlines()[0] for each in (error, error.__cause__ or error))
    if not said.startswith(MERGING):
        return said
    wanted = [f"give {give}" for sign, give in WANTED.items() if sign in reason]
    return f"{said.removeprefix(MERGING).lstrip('+')}: {(wanted or [reason])[0]}"


def _name(words: Sequence[str]) -> str:
    asked = [word.removeprefix(GROUP) for word in words if word.startswith(GROUP)]
    name = asked[-1] if asked else "default"
    if name not in names():
        raise ConfigError(f"report={name}: no such settings; there are {', '.join(names())}")
    return name


def _word(word: str) -> str:
    """As Hydra takes it: a list may be typed without its brackets."""
    key, _, value = word.lstrip("+").partition("=")
    _check_key(word, key)
    in_where = key.startswith("where.")
    if key == "where" or (in_where and not (key.removeprefix("where.").isidentifier() and value)):
        raise ConfigError(f"{word}: write where.COLUMN=[VALUE], such as where.task=[spell]")
    if (in_where or key == "format") and not value.startswith("["):
        value = f"[{value}]"
    _check_value(word, f"{key}={value}")
    return f"{'++' if in_where else ''}{key}={value}"


def _check_key(word: str, key: str) -> None:
    known = [each.name for each in fields(ReportConfig)]
    if key not in known and not key.startswith("where."):
        near = get_close_matches(key, known, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; keys are {', '.join(known)}"
        raise ConfigError(f"{word}: no such key{hint}")


def _check_value(word: str, spelt: str) -> None:
    """Hydra's own complaints do not name the word among several, and a list of choices is for sweeps."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    try:
        (read,) = OverridesParser.create().parse_overrides([spelt])
    except OverrideParseException as error:
        key = spelt.partition("=")[0]
        raise ConfigError(f"{word}: cannot be read; put the value in quotes: \"{key}='...'\"") from error
    if read.is_sweep_override():
        raise ConfigError(f"{word}: give one value; a report has one setting of each")
