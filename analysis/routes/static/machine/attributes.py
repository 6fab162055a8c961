"""Attributes of abstract values: objects and classes of the workspace, modules, libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posttrace.analysis.routes.static.machine.objects import CHOICES, element, write
from posttrace.analysis.routes.static.machine.values import (
    Class,
    Function,
    Instance,
    Items,
    Module,
    Partial,
    Table,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine


def attribute(m: Machine, base: Value, name: str) -> Value:
    """``base.name``."""
    if base.op == "external":
        return library_value(m, f"{base.name}.{name}")
    if isinstance(base, Module):
        return m.member(base, name)
    if isinstance(base, Instance | Class):
        return _of_object(m, base, name)
    if isinstance(base, Partial) and base.op == "super":
        return _of_base(m, base, name)
    if isinstance(base, Table) and base.name == "config" and name in base.entries:
        return base.entries[name]
    choices = alternatives(base) if base.op in CHOICES else []
    objects = [choice for choice in choices if isinstance(choice, Instance | Class | Module)]
    if objects:
        return m.phi([attribute(m, choice, name) for choice in objects[:4]])
    return m.value("attr", [base], name)


def library_value(m: Machine, dotted: str) -> Value:
    """A name of a library, or what is known of it."""
    if dotted == "sys.argv":
        words = [m.const(word) for word in m.argv]
        return m.items(words, exact=not m.workspace.lenient)  # of source alone nobody knows how it is called
    if dotted == "sys.executable":
        return m.const("python")
    if dotted in ("typing.TYPE_CHECKING", "builtins.__debug__"):
        return m.const(False)
    return m.value("external", name=dotted)


def _of_object(m: Machine, base: Instance | Class, name: str) -> Value:
    if isinstance(base, Instance) and name in base.attributes:
        return _cell(m, base, name)
    cls = base if isinstance(base, Class) else base.cls
    if name == "__dict__" and isinstance(base, Instance):
        return Table("table", [], m.where(), entries=dict(base.attributes))
    if name == "__class__" and cls is not None:
        return cls
    found = lookup(cls, name) if cls is not None else None
    if found is None:
        return m.value("attr", [base], name)
    if isinstance(found, Function):
        return _bound(m, found, base)
    return found


def _of_base(m: Machine, base: Partial, name: str) -> Value:
    """Attribute of ``super()``: the argument is the receiver, the callee the class that asks."""
    receiver = base.args[0]
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    if not isinstance(cls, Class) or not isinstance(receiver, Instance | Class):
        return m.value("attr", [base], name)
    found = lookup(cls, name, base.callee if isinstance(base.callee, Class) else None)
    return _bound(m, found, receiver) if isinstance(found, Function) else m.value("attr", [base], name)


def _bound(m: Machine, function: Function, base: Instance | Class) -> Value:
    if "static" in function.flags:
        return function
    receiver: Value = base
    if "class" in function.flags and isinstance(base, Instance) and base.cls is not None:
        receiver = base.cls
    elif isinstance(base, Class) and "class" not in function.flags:
        return function
    bound = Function(
        "function",
        [],
        m.where(),
        name=function.name,
        node=function.node,
        scope=function.scope,
        owner=function.owner,
        receiver=receiver,
        defaults=function.defaults,
        flags=function.flags,
    )
    return m.call(bound, [], {}) if "property" in function.flags else bound


def lookup(cls: Class, name: str, after: Class | None = None) -> Value | None:
    """Member of a class or of its bases; with ``after``, of those that come after it."""
    order = lineage(cls)
    if after is not None:
        order = order[order.index(after) + 1 :] if after in order else []
    return next((c.members[name] for c in order if name in c.members), None)


def lineage(cls: Class) -> list[Class]:
    """The class and its bases within the workspace, depth first."""
    order, pending = [], [cls]
    while pending:
        at = pending.pop(0)
        if at not in order:
            order.append(at)
            pending = [base for base in at.bases if isinstance(base, Class)] + pending
    return order


def foreign_bases(cls: Class) -> list[str]:
    """Dotted names of the library classes that a class derives from."""
    return [base.name for c in lineage(cls) for base in c.bases if base.op == "external"]


def _cell(m: Machine, base: Instance, name: str) -> Value:
    """Current value; inside a loop, what later rounds assign joins it."""
    value = base.attributes[name]
    later = name in m.reassigned and len(m.loops) > len(base.where.loops) and value.op != "loop"
    if later and not isinstance(value, Function | Class | Instance | Module):
        value = base.attributes[name] = m.value("loop", [value])
    return value


def set_attribute(m: Machine, base: Value, name: str, value: Value) -> None:
    """``base.name = value``."""
    for target in alternatives(base):
        if isinstance(target, Instance):
            old = target.attributes.get(name)
            if old is not None and old is not value and not m.decided(target.where):
                if old.op == "loop":
                    old.args.append(value)
                    m.update(old, value)
                    continue
                value = m.phi([old, value])
            target.attributes[name] = value
        elif isinstance(target, Class):
            target.members[name] = value
        elif isinstance(target, Table) and target.name == "config":
            target.entries[name] = value
        elif isinstance(target, Module):
            target.names[name] = value
        else:
            write(m, target, m.const(name), value)
            if name == "requires_grad":
                m.library_call("method", "requires_grad_", [target, value], {})
            if name == "data":  # the way to replace what a parameter holds
                m.update(target, value)


def entered(m: Machine, value: Value) -> Value:
    """What ``with value as x`` binds."""
    if isinstance(value, Items):  # a context manager written as a generator
        return element(m, value)
    if isinstance(value, Instance):
        method = attribute(m, value, "__enter__")
        if isinstance(method, Function):
            return m.call(method, [], {})
    return value
