"""Built-in functions, the environment, paths, subprocesses: what the standard library does to values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine import (
    arguments,
    attributes,
    callbacks,
    containers,
    objects,
    records,
    text,
)
from posttrace.analysis.routes.static.machine.values import (
    UNDECIDED,
    Halted,
    Instance,
    Items,
    Value,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

Args = list[Value]
Keywords = dict[str, Value]


def call(m: Machine, name: str, args: Args, keywords: Keywords) -> Value | None:
    """Result of a function that is known here; null for any other."""
    handler = _HANDLERS.get(name)
    return callbacks.call(m, name, args, keywords) if handler is None else handler(m, args, keywords)


def variable(m: Machine, key: Value, default: Value | None) -> Value:
    """A variable of the environment; one that was not recorded may be its default or anything else."""
    name = objects.constant(key)
    if name in m.env:
        return m.const(m.env[name])
    unset = m.value("call", [key], "os.environ")
    return unset if default is None else m.phi([default, unset])


def _variable(m: Machine, args: Args, keywords: Keywords) -> Value:
    default = args[1] if len(args) > 1 else keywords.get("default", m.const(None))
    return variable(m, args[0], default)


def _node(name: str) -> Callable[[Machine, Args, Keywords], Value]:
    """A pure function that becomes a node without being noted as a call."""
    return lambda m, args, keywords: m.value("call", args, name, **keywords)


def _len(m: Machine, args: Args, keywords: Keywords) -> Value:
    known = objects.known_elements(args[0]) if args else None
    return m.value("call", args, "builtins.len") if known is None else m.const(len(known))


def _converted(kind: type) -> Callable[[Machine, Args, Keywords], Value]:
    def convert(m: Machine, args: Args, keywords: Keywords) -> Value:
        known = objects.constant(args[0]) if len(args) == 1 else UNDECIDED
        if kind is str and args and text.known(args[0]) is not None:
            return text.joined(m, args)
        if isinstance(known, str | int | float):
            try:
                return m.const(kind(known))
            except (ValueError, OverflowError):
                return m.value("unknown", args)
        return m.value("call", args, f"builtins.{kind.__name__}")

    return convert


def _listed(kind: str) -> Callable[[Machine, Args, Keywords], Value]:
    def make(m: Machine, args: Args, keywords: Keywords) -> Value:
        made = containers.listed(m, args[0], kind) if args else m.items([], kind)
        if "key" in keywords and isinstance(made, Items):
            made.tests.append(m.call(keywords["key"], [m.value("elem", [made])], {}))
        elif kind == "sorted" and isinstance(made, Items):
            made.tests.append(m.value("elem", [made]))
        if kind in ("sorted", "reversed") and isinstance(made, Items):
            made.kind, made.exact = "list", False
            made.name = kind
        return made

    return make


def _extreme(name: str) -> Callable[[Machine, Args, Keywords], Value]:
    def make(m: Machine, args: Args, keywords: Keywords) -> Value:
        node = m.value("call", args, name)
        if "key" in keywords and args and len(args) == 1:
            best = m.value("elem", args)
            best.tests.append(m.call(keywords["key"], [best], {}))
            return best
        return node

    return make


def _getattr(m: Machine, args: Args, keywords: Keywords) -> Value:
    name = objects.constant(args[1]) if len(args) > 1 else UNDECIDED
    if not isinstance(name, str):
        return m.value("attr", args)
    if isinstance(args[0], Instance) and len(args) > 2 and name not in args[0].attributes:
        found = attributes.attribute(m, args[0], name)
        return args[2] if found.op == "attr" else found
    return attributes.attribute(m, args[0], name)


def _setattr(m: Machine, args: Args, keywords: Keywords) -> Value:
    name = objects.constant(args[1]) if len(args) > 2 else UNDECIDED
    if isinstance(name, str):
        attributes.set_attribute(m, args[0], name, args[2])
    return m.const(None)


def _vars(m: Machine, args: Args, keywords: Keywords) -> Value:
    return attributes.attribute(m, args[0], "__dict__") if args else m.value("unknown")


def _next(m: Machine, args: Args, keywords: Keywords) -> Value:
    return objects.element(m, args[0]) if args else m.value("unknown")


def _map(m: Machine, args: Args, keywords: Keywords) -> Value:
    return containers.mapped(m, args[0], args[1:]) if len(args) > 1 else m.value("unknown", args)


def _filter(m: Machine, args: Args, keywords: Keywords) -> Value:
    return containers.filtered(m, args[0], args[1]) if len(args) > 1 else m.value("unknown", args)


def _halt(m: Machine, args: Args, keywords: Keywords) -> Value:
    raise Halted


def _nothing(m: Machine, args: Args, keywords: Keywords) -> Value:
    return m.const(None)


def _path(m: Machine, args: Args, keywords: Keywords) -> Value:
    return text.path(m, args) if args else m.const(m.folder())


def _first(m: Machine, args: Args, keywords: Keywords) -> Value:
    return args[0] if args else m.value("unknown")


def _dirname(m: Machine, args: Args, keywords: Keywords) -> Value:
    return text.attribute(m, args[0], "parent") or m.value("call", args, "os.path.dirname")


def _basename(m: Machine, args: Args, keywords: Keywords) -> Value:
    return text.attribute(m, args[0], "name") or m.value("call", args, "os.path.basename")


def _folder(m: Machine, args: Args, keywords: Keywords) -> Value:
    return m.const(m.folder())


def _run(m: Machine, args: Args, keywords: Keywords) -> Value:
    if args:
        m.spawn(args[0], keywords.get("cwd"), keywords.get("env"))
    return m.value("call", args, "subprocess.run")


def _change_folder(m: Machine, args: Args, keywords: Keywords) -> Value:
    target = text.known(args[0]) if args else None
    if target is not None:
        m.cwd = m.workspace.folder(target, m.cwd, m.path)
    return m.const(None)


def _parser(m: Machine, args: Args, keywords: Keywords) -> Value:
    return arguments.Parser("parser", [], m.where())


def _search_path(m: Machine, args: Args, keywords: Keywords) -> Value:
    added = text.known(args[-1]) if args else None
    if added is not None:
        m.roots.insert(0, m.workspace.relative(added, m.cwd))
    return m.const(None)


_PURE: Final = api.names(
    "range zip enumerate sum abs round any all divmod pow type id hash isinstance issubclass hasattr"
    " callable iter chr ord repr slice"
)
_HANDLERS: Final[Mapping[str, Callable[[Any, Args, Keywords], Value]]] = {
    **{f"builtins.{name}": _node(f"builtins.{name}") for name in _PURE},
    "builtins.len": _len,
    **{f"builtins.{kind.__name__}": _converted(kind) for kind in (str, int, float, bool)},
    **{
        f"builtins.{kind}": _listed(kind)
        for kind in ("list", "tuple", "set", "sorted", "reversed", "frozenset")
    },
    "collections.deque": _listed("list"),
    "builtins.max": _extreme("builtins.max"),
    "builtins.min": _extreme("builtins.min"),
    "builtins.dict": containers.dictionary,
    "collections.OrderedDict": containers.dictionary,
    "collections.defaultdict": containers.with_default,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.vars": _vars,
    **records.HANDLERS,
    "builtins.next": _next,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.exit": _halt,
    "builtins.quit": _halt,
    "sys.exit": _halt,
    "os._exit": _halt,
    "builtins.print": _nothing,
    "builtins.super": _nothing,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "os.path.join": _path,
    "pathlib.Path.cwd": _folder,
    "os.getcwd": _folder,
    **{f"os.path.{name}": _first for name in ("abspath", "realpath", "expanduser", "normpath")},
    "os.fspath": _first,
    "os.path.dirname": _dirname,
    "os.path.basename": _basename,
    "os.environ.get": _variable,
    "os.getenv": _variable,
    **{f"subprocess.{name}": _run for name in ("run", "call", "check_call", "check_output", "Popen")},
    "os.system": _run,
    "os.chdir": _change_folder,
    "argparse.ArgumentParser": _parser,
    "sys.path.insert": _search_path,
    "sys.path.append": _search_path,
    "tqdm.tqdm": _first,
    "tqdm.auto.tqdm": _first,
    "itertools.cycle": _first,
    "typing.cast": lambda m, args, keywords: args[-1],
}
