"""Decides which calls are recorded: those the operator named, and of them a share.

Rule 1: whoever calls may say no, whatever the operator allows: x-headgate-record with anything
but `yes`, or cache-control: no-store.
Rule 2: a call must be all that is named: of these keys, with one of these tags, for one of
these models. Where nothing is named, nothing is recorded.
Rule 3: whether a call belongs to the share follows from its id alone: every process says the
same of it, and so does a repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from headgate.policy.glob import matches

RECORD = b"x-headgate-record"
_NO_STORE = re.compile(rb"(?:^|[,\s])no-store(?:$|[,\s=])", re.IGNORECASE)
_WHOLE = 1 << 64


class Named(NamedTuple):
    """Which calls an operator allows to be recorded."""

    keys: tuple[str, ...] = ()
    """names or ids of virtual keys, or patterns of them"""
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """as callers name them"""
    share: float = 1.0
    """of the calls that are meant"""


def refuses(told: Mapping[bytes, bytes]) -> bool:
    """Does the caller say no."""
    said = told.get(RECORD)
    if said is not None and said.strip().lower() != b"yes":
        return True
    return _NO_STORE.search(told.get(b"cache-control", b"")) is not None


def means(named: Named, key: Iterable[str], tags: Iterable[str]) -> bool:
    """Are calls of this key, known by its id and name, and with these tags meant."""
    if not (named.keys or named.tags or named.models):
        return False
    return _one_of(named.keys, key) and _one_of(named.tags, tags)


def means_model(named: Named, model: str) -> bool:
    return _one_of(named.models, (model,))


def is_of_share(share: float, call_id: str) -> bool:
    """Does the call belong to it."""
    if share >= 1:
        return True
    drawn = int.from_bytes(sha256(call_id.encode("utf-8", "replace")).digest()[:8], "big")
    return drawn < share * _WHOLE


def _one_of(patterns: tuple[str, ...], names: Iterable[str]) -> bool:
    """Is nothing asked for, or is it there."""
    if not patterns:
        return True
    return any(matches(pattern, name) for name in names if name for pattern in patterns)
