"""How an answer is said to one caller: the names, numbers and wishes its dialect needs.

Rule 1: it is made of what the caller asked and of the moment it asked; nothing in it depends on
who answers, but for a model's name where the answer tells none.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct


class Voice(Struct, frozen=True):
    call_id: str
    at_s: int
    """seconds since 1970"""
    model: str
    """what to call the model where the upstream did not say"""
    include_usage: bool = False
    """did a Chat Completions caller ask for the chunk with usage"""
    echo: Mapping[str, msgspec.Raw] = {}
    """the members of the caller's request; Responses repeats some of them"""
