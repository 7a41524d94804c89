"""Does with an object what the other side asks for by name.

Rule 1: what may be asked is a closed list.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import operator
from collections.abc import Callable
from typing import Any

from headgate.sandbox.verdict.inside import values

PASSED = frozenset(
    ["call", "getitem", "setitem", "set", "next", "await", "step await", "step anext"]
)
"""what hands over containers that either side may keep"""
BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
]


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all that is awaited, because what waits may be bound to it."""
    return asyncio.new_event_loop()


async def _awaited(it: Any) -> Any:
    return await it


def _finished(it: Any) -> Any:
    """Awaited here and now, also where a loop of the one who asks is waiting for it."""
    waiting = asyncio._get_running_loop()
    loop = asyncio.new_event_loop() if _loop().is_running() else _loop()
    asyncio._set_running_loop(None)
    try:
        return loop.run_until_complete(_awaited(it))
    finally:
        asyncio._set_running_loop(waiting)
        if loop is not _loop():
            loop.close()


_BY_NAME: dict[str, Callable[[Any, Any], Any]] = {it: getattr(operator, it) for it in BINARY}
_IN_PLACE = {f"i{it.strip('_')}": getattr(operator, f"i{it.strip('_')}") for it in BINARY}
UNARY: dict[str, Callable[..., Any]] = {
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "str": lambda it: values.shown(it) if values.is_made(it) else str(it),
    "repr": values.shown,
    "bytes": bytes,
    "hash": hash,
    "iter": iter,
    "next": next,
    "abs": abs,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "index": operator.index,
    "round": round,
    "reversed": reversed,
    "format": lambda it, *spec: values.shown(it) if values.is_made(it) else format(it, *spec),
    "dir": dir,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "contains": operator.contains,
    "await": _finished,
    "anext": lambda it: _finished(anext(it)),
    "aenter": lambda it: _finished(type(it).__aenter__(it)),
    "aexit": lambda it, *args: _finished(type(it).__aexit__(it, *args)),
    "isinstance": lambda kind, it: isinstance(it, kind),
    "issubclass": lambda kind, it: issubclass(it, kind),
    "aiter": lambda it: type(it).__aiter__(it),
    "enter": lambda it: type(it).__enter__(it),
    "exit": lambda it, *args: type(it).__exit__(it, *args),
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    **{name: getattr(operator, name) for name in BINARY},
    **{"r" + name: lambda it, other, name=name: _BY_NAME[name](other, it) for name in BINARY},
    **_IN_PLACE,
}
