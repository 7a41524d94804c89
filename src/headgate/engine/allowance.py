"""Refuses a call that names a model, or comes by a surface, that its key may not use.

Rule 1: the name is judged as the caller sent it; where it leads is the operator's choice.
Rule 2: a model named elsewhere in the body, for the provider to turn to, is a model asked for.
Rule 3: what cannot be read is refused, for a key that may not use everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.wire.call import Call
from headgate.wire.model import Fault, Kind

ELSEWHERE = ("fallbacks", "models", "tools")
"""members of a body that name further models to a provider: by a `model`, or by themselves"""


def check(call: Call) -> None:
    """Fault when the key may not ask for this."""
    refusal = call.holder.refusal
    if refusal is None or not call.model:  # a call without a model is refused for that
        return
    for model in (call.model, *_elsewhere(call)):
        why = refusal(model, call.surface.name)
        if why:
            raise Fault(Kind.FORBIDDEN, why)


def _elsewhere(call: Call) -> Iterator[str]:
    for name in ELSEWHERE:
        text = bytes(call.envelope.members.get(name, b""))
        if not text or (name == "tools" and _names_none(text)):
            continue
        try:
            found: Any = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Fault(Kind.INVALID, f"{name}: cannot be read") from None
        yield from _names(found)


def _names_none(tools: bytes) -> bool:
    """Tools can be long and hardly ever name a model: most need not be read."""
    return b'"model"' not in tools and b"\\u" not in tools


def _names(found: Any) -> Iterator[str]:
    for each in found if isinstance(found, list) else [found]:
        model = each.get("model") if isinstance(each, dict) else each
        if isinstance(model, str) and model:
            yield model
