"""Calls of libraries: those that must be understood to follow the data; the rest become nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from posttrace.analysis.routes import frameworks
from posttrace.analysis.routes.static import api
from posttrace.analysis.routes.static.machine import (
    arguments,
    attributes,
    containers,
    objects,
    python,
    records,
    text,
)
from posttrace.analysis.routes.static.machine.values import (
    Class,
    Function,
    Instance,
    Items,
    Partial,
    Table,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from posttrace.analysis.routes.static.machine.machine import Machine

Handler = Callable[[Any, list[Value], dict[str, Value]], Value | None]

_TRANSPARENT: Final = api.names(
    "jax.jit jax.vmap jax.pmap jax.checkpoint jax.remat functools.wraps numpy.vectorize torch.compile"
    " torch.jit.script numba.njit numba.jit equinox.filter_jit tensorflow.function functools.lru_cache"
    " functools.cache mlx.core.compile"
)
"""Functions that give back a function that computes the same."""
_WRAPPERS: Final = api.names(
    "torch.compile torch.nn.DataParallel torch.nn.parallel.DistributedDataParallel torch.jit.trace"
    " torch.nn.parallel.data_parallel.DataParallel torch.nn.parallel.distributed.DistributedDataParallel"
    " torch.distributed.fsdp.FullyShardedDataParallel torch.distributed.fsdp.fully_shard"
    " torch.distributed._composable.fsdp.fully_shard fairscale.nn.FullyShardedDataParallel"
    " torch.nn.SyncBatchNorm.convert_sync_batchnorm apex.parallel.DistributedDataParallel"
)
"""Functions that give back a model that computes the same as their first argument."""
_GRADIENT: Final = api.names(
    "jax.grad jax.value_and_grad equinox.filter_grad equinox.filter_value_and_grad autograd.grad"
    " autograd.value_and_grad torch.func.grad torch.func.grad_and_value flax.nnx.grad"
    " flax.nnx.value_and_grad mlx.core.grad mlx.core.value_and_grad mlx.nn.value_and_grad"
)
"""Functions that give back the gradient of a function."""
_TREE_MAP: Final = api.names(
    "jax.tree_util.tree_map jax.tree_map jax.tree.map mlx.utils.tree_map optree.tree_map"
)
_WRITERS: Final = {
    "numpy.put_along_axis": (0, 1, 2),
    "numpy.add.at": (0, 1, 2),
    "numpy.subtract.at": (0, 1, 2),
    "numpy.copyto": (0, None, 1),
    "numpy.put": (0, 1, 2),
    "numpy.fill_diagonal": (0, None, 1),
}
"""Functions that change an argument in place: positions of array, index and values."""


def call(m: Machine, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Call of a library function by its dotted name."""
    found = python.call(m, name, args, keywords)
    if found is not None:
        return found
    if name in ("torch.nn.ModuleList", "torch.nn.ParameterList"):
        return containers.listed(m, args[0]) if args else m.items([])
    if name == "torch.nn.ModuleDict":
        return containers.dictionary(m, args, keywords)
    if name in _WRAPPERS and args and not _callable(args[0]):
        return args[0]
    if name == "deepspeed.initialize" and isinstance(keywords.get("model"), Instance):
        m.library_call("call", name, args, keywords)
        return m.items(
            [keywords["model"], *(m.value("call", [], "deepspeed.part") for _ in range(3))], "tuple"
        )
    if name in _TRANSPARENT:
        return args[0] if args and _callable(args[0]) else m.value("external", name=name)
    if name in _GRADIENT and args and _callable(args[0]):
        return Partial("gradient", [], m.where(), name=name, keywords=keywords, callee=args[0])
    if name == "mlx.nn.value_and_grad" and len(args) > 1:
        return Partial("gradient", [args[0]], m.where(), name=name, callee=args[1])
    if name == "functools.partial" and args:
        return _partial(m, args, keywords)
    if name in _TREE_MAP and args:
        return _tree_map(m, args)
    if name == "jax.lax.scan" and len(args) > 2:
        with m.loop(args[2]):
            return m.call(args[0], [m.value("loop", [args[1]]), objects.element(m, args[2])], {})
    if name in ("copy.deepcopy", "copy.copy") and args:
        return containers.duplicate(m, args[0])
    made_call = m.library_call("call", name, args, keywords)
    _note_writes(m, name, args, keywords, made_call)
    return made_call


def _callable(value: Value) -> bool:
    return isinstance(value, Function | Partial) or any(
        isinstance(v, Function) for v in alternatives(value, 4)
    )


def _partial(m: Machine, args: list[Value], keywords: dict[str, Value]) -> Value:
    if args[0].op == "external" and args[0].name in _TRANSPARENT | _GRADIENT:
        return m.value("external", name=args[0].name)  # @partial(jax.jit, ...)
    return Partial("partial", args[1:], m.where(), keywords=keywords, callee=args[0])


def _tree_map(m: Machine, args: list[Value]) -> Value:
    made = Table("table", [], m.where())
    with m.loop(args[1]):
        made.rest.append(m.call(args[0], [m.value("elem", [tree]) for tree in args[1:]], {}))
    return made


def _note_writes(
    m: Machine, name: str, args: Sequence[Value], keywords: dict[str, Value], made: Value
) -> None:
    if name in _WRITERS:
        array, index, values = _WRITERS[name]
        if len(args) > values:
            at = args[index] if index is not None else None
            objects.write(m, args[array], at, args[values])
            m.update(args[array], made)
    if name == "torch.save" and len(args) > 1 and any(c.name in _BUFFERS for c in alternatives(args[1], 4)):
        objects.write(m, args[1], None, args[0])
    out = keywords.get("out")
    if out is not None:
        objects.write(m, out, None, made)
        m.update(out, made)


def gradient(m: Machine, function: Partial, returned: Value, args: Sequence[Value]) -> Value:
    """Result of calling ``grad(f)`` or ``value_and_grad(f)``: the loss is what ``f`` returned."""
    has_aux = "has_aux" in function.keywords and objects.truth(function.keywords["has_aux"]) is not False
    loss = objects.get_item(m, returned, m.const(0)) if has_aux else returned
    exact = [v for v in alternatives(returned) if isinstance(v, Items) and v.kind == "tuple" and v.args]
    if exact:
        loss = exact[0].args[0]
    grads = m.library_call("call", function.name, [loss, *args[:1]], {})
    if "value" in function.name:
        return m.items([returned, grads], "tuple")
    return m.items([grads, returned], "tuple") if has_aux else grads


_BUFFERS: Final = frozenset({"io.BytesIO", "io.StringIO"})
_SELF: Final = api.names(
    "to cuda cpu train eval half float bfloat16 double requires_grad_ share_memory compile type tie_weights"
)
"""Methods of modules that give back the module."""
_IN_PLACE: Final = api.names(
    "add_ sub_ mul_ div_ copy_ lerp_ addcmul_ addcdiv_ masked_fill_ scatter_ index_add_ fill_ fill"
    " load_state_dict"
)


def method(m: Machine, base: Value, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Call of a method of something that is no object of the workspace."""
    for known in (arguments.method, text.method, containers.method, records.method):
        found = known(m, base, name, args, keywords)
        if found is not None:
            return found
    if name in _SELF and base.op != "external":
        choices = alternatives(base, 4)
        if choices and all(isinstance(choice, Instance) and not _trainer(choice) for choice in choices):
            return base
    if name in ("prepare", "setup") and args and _prepares(base):
        return args[0] if len(args) == 1 else m.items(args, "tuple")
    if name == "apply" and args and isinstance(base, Class) and _differentiable(base):
        forward = attributes.lookup(base, "forward")
        if isinstance(forward, Function):
            return m.call(forward, [m.value("unknown", name="ctx"), *args], keywords)
    if name == "write" and args and any(c.name in _BUFFERS for c in alternatives(base, 4)):
        objects.write(m, base, None, args[0])
    if name in ("forward", "__call__"):
        return m.library_call("apply", "", [base, *args], keywords)
    if name == "load_state_dict" and args:
        objects.write(m, base, None, args[0])
    made = m.library_call("method", name, [base, *args], keywords)
    if name in _IN_PLACE:
        objects.write(m, base, args[0] if name.startswith(("scatter", "index")) and args else None, made)
        m.update(base, made)
    return made


def _trainer(made: Instance) -> bool:
    """Whether an object is a trainer of a library, whose ``train`` is no mode of a module."""
    bases = attributes.foreign_bases(made.cls) if made.cls is not None else []
    return any(frameworks.trainer(base) is not None for base in bases)


def _prepares(base: Value) -> bool:
    """Whether an object is one that wraps models, optimisers and loaders for a machine."""
    return any(
        choice.op == "call" and choice.name.split(".")[0] in ("accelerate", "lightning", "lightning_fabric")
        for choice in alternatives(base, 4)
    )


def _differentiable(cls: Class) -> bool:
    return any(name.endswith("autograd.Function") for name in attributes.foreign_bases(cls))


def field_default(m: Machine, default: Value) -> Value:
    """Default of a dataclass field."""
    if default.op == "call" and default.name == "dataclasses.field":
        if "default" in default.keywords:
            return default.keywords["default"]
        if "default_factory" in default.keywords:
            return m.call(default.keywords["default_factory"], [], {})
        return m.value("unknown")
    return default


def item(m: Machine, base: Value, key: Value) -> Value | None:
    """``os.environ[key]``; null for anything else."""
    if base.op == "external" and base.name == "os.environ":
        return python.variable(m, key, None)
    return None
