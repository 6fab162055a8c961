"""``argparse``: the options that were observed, and the defaults of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from posttrace.analysis.routes.static.machine import callbacks, objects
from posttrace.analysis.routes.static.machine.values import (
    UNDECIDED,
    Const,
    Instance,
    Items,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


@dataclass(eq=False, slots=True)
class Parser(Value):
    """An ``ArgumentParser`` and what was added to it."""

    options: list[Option] = field(default_factory=list)
    defaults: dict[str, Value] = field(default_factory=dict)
    choices: dict[str, Parser] = field(default_factory=dict)
    chosen_as: str | None = None
    """Attribute that holds the name of the sub-command."""


@dataclass(frozen=True, slots=True)
class Option:
    """One ``add_argument``."""

    flags: tuple[str, ...]
    given: dict[str, Value]

    @property
    def attribute(self) -> str:
        """Name of the attribute it sets."""
        known = objects.constant(self.given["dest"]) if "dest" in self.given else UNDECIDED
        if isinstance(known, str):
            return known
        long = [flag for flag in self.flags if flag.startswith("--")]
        return (long or list(self.flags))[0].lstrip("-").replace("-", "_")

    @property
    def action(self) -> str:
        """Its action; a class counts as ``store``."""
        known = objects.constant(self.given["action"]) if "action" in self.given else "store"
        if "action" in self.given and self.given["action"].name == "argparse.BooleanOptionalAction":
            return "optional"
        return known if isinstance(known, str) else "store"

    @property
    def many(self) -> bool:
        """Whether it takes any number of values."""
        return "nargs" in self.given and objects.constant(self.given["nargs"]) in ("*", "+", UNDECIDED)


def method(m: Machine, base: Value, name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """A method of a parser; null when ``base`` is none."""
    handed = callbacks.method(m, base, name, args, keywords)
    if handed is not None:
        return handed
    found = [choice for choice in alternatives(base, 2) if isinstance(choice, Parser)]
    if not found:
        return None
    parser = found[0]
    if name == "add_argument":
        flags = tuple(str(c) for c in map(objects.constant, args) if isinstance(c, str))
        if flags:
            parser.options.append(Option(flags, keywords))
    elif name in ("add_argument_group", "add_mutually_exclusive_group"):
        return parser
    elif name == "add_subparsers":
        known = objects.constant(keywords["dest"]) if "dest" in keywords else None
        parser.chosen_as = known if isinstance(known, str) else ""
        return parser
    elif name == "add_parser" and args:
        sub = Parser("parser", [], m.where())
        parser.choices[str(objects.constant(args[0]))] = sub
        return sub
    elif name == "set_defaults":
        parser.defaults.update(keywords)
    elif name == "parse_args":
        return _parsed(m, parser, args)
    elif name == "parse_known_args":
        return m.items([_parsed(m, parser, args), m.items([], exact=False)], "tuple")
    return m.value("unknown", name=name)


def _parsed(m: Machine, parser: Parser, args: Sequence[Value]) -> Instance:
    words: list[str] = list(m.argv[1:])
    if args and isinstance(args[0], Items):
        given = [objects.constant(arg) for arg in args[0].args]
        words = [str(word) for word in given if word is not UNDECIDED]
    made = Instance("instance", [], m.where(), name="Namespace")
    _fill(m, parser, words, made)
    return made


def _fill(m: Machine, parser: Parser, words: list[str], made: Instance) -> None:
    for option in parser.options:
        made.attributes[option.attribute] = _default(m, option)
    made.attributes.update(parser.defaults)
    positional = [option for option in parser.options if not option.flags[0].startswith("-")]
    while words:
        word = words.pop(0)
        flag, equals, assigned = word.partition("=")
        matched = _match(parser, flag) if word.startswith("-") and len(word) > 1 else None
        if matched is not None:
            made.attributes[matched.attribute] = _given(m, matched, assigned if equals else None, words, flag)
        elif word in parser.choices:
            if parser.chosen_as:
                made.attributes[parser.chosen_as] = m.const(word)
            _fill(m, parser.choices[word], words, made)
            return
        elif positional:
            place = positional.pop(0)
            value = _convert(m, place, word)
            if place.many:
                more = [value]
                while words and not words[0].startswith("-"):
                    more.append(_convert(m, place, words.pop(0)))
                value = m.items(more)
            made.attributes[place.attribute] = value


def _match(parser: Parser, flag: str) -> Option | None:
    options = [o for o in parser.options if o.flags[0].startswith("-")]
    for option in options:
        if flag in option.flags or (
            option.action == "optional" and flag.replace("--no-", "--", 1) in option.flags
        ):
            return option
    close = [o for o in options if any(f.startswith(flag) for f in o.flags)] if flag.startswith("--") else []
    return close[0] if len(close) == 1 else None


def _given(m: Machine, option: Option, value: str | None, words: list[str], flag: str) -> Value:
    if option.action in ("store_true", "store_false"):
        return m.const(option.action == "store_true")
    if option.action == "optional":
        return m.const(not flag.startswith("--no-"))
    if option.action == "store_const":
        return option.given.get("const", m.const(None))
    if option.many:
        taken = [] if value is None else [value]
        while words and not words[0].startswith("--"):
            taken.append(words.pop(0))
        return m.items([_convert(m, option, word) for word in taken])
    if value is None:
        value = words.pop(0) if words else None
    return m.value("unknown") if value is None else _convert(m, option, value)


def _convert(m: Machine, option: Option, word: str) -> Value:
    kind = option.given.get("type")
    if kind is None:
        return m.const(word)
    return m.call(kind, [m.const(word)], {})


def _default(m: Machine, option: Option) -> Value:
    fallback: dict[str, Any] = {"store_true": False, "store_false": True}
    default = option.given.get("default")
    if default is None:
        return m.const(fallback.get(option.action))
    is_text = isinstance(default, Const) and isinstance(default.value, str)
    return _convert(m, option, default.value) if is_text and isinstance(default, Const) else default
