"""Execution: one run of a workload at a place; Place: where runs are asked for, cold and warm.

Rule 1: cold is a place made for this one run; warm is one that stood ready before it came.
Rule 2: where no code was run, as at a simulated vendor, nothing is judged: neither right nor
wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, NamedTuple

import msgspec

from headgate.sandbox.model import Job, Result

How = Literal["cold", "warm", "sweep"]
Run = Callable[[Job], Awaitable[Result]]
SIMULATED = "simulated"
"""what a simulated vendor calls its version of Python"""


class Place(NamedTuple):
    """Where workloads are run."""

    name: str
    """local, or provider:model"""
    told: str
    """what a reader has to know of it, such as that it is no vendor; empty: nothing"""
    price: str
    """in words, how a run is priced"""
    cold: Run
    ready: Callable[[], AbstractAsyncContextManager[tuple[Run, int]]]
    """what runs in a place that stands ready, and what that cost to begin with"""
    many: Callable[[], AbstractAsyncContextManager[Run]]
    """what runs several at once, as a caller would"""
    about_nusd: Callable[[Job], int]
    """what a run probably costs"""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and what came of it."""

    place: str
    workload: str
    how: How
    at_once: int = 1
    is_right: bool = False
    is_judged: bool = True
    why: str = ""
    """what was wrong, if anything"""
    status: str = ""
    latency_ms: float = 0.0
    """as the caller waited for it"""
    execution_ms: float = 0.0
    """of the code alone, as its place tells"""
    ended_ms: float = 0.0
    """since the runs at once with it began"""
    cost_nusd: int = 0
